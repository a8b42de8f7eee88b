package config

import (
	"strings"
	"testing"
)

func TestCodes(t *testing.T) {
	inExamples(t)
	for file, want := range map[string]string{
		"unknown.bad.yaml": "unknown-key", "twice.bad.yaml": "given-twice", "star.bad.yaml": "syntax", "tab.bad.yaml": "syntax",
		"dialplan_undefined_schedule.bad.yaml": "undefined", "dialplan_shadowed.bad.yaml": "shadowed", "dialplan_loop_self.bad.yaml": "loop",
		"dialplan_undefined_context.bad.yaml": "undefined", "types.bad.yaml": "wrong-type", "paid.bad.yaml": "paid-by-strangers",
	} {
		_, err := Read(file)
		found := asErrors(t, err).Failures()
		if got := found[0].Code(); got != want {
			t.Errorf("%s: %s has the code %s, want %s", file, found[0].Reason, got, want)
		}
		for _, e := range found {
			if strings.ContainsAny(e.Code(), " _") {
				t.Errorf("%q is no word", e.Code())
			}
		}
	}
}
