package callscript

import (
	"strings"
	"testing"
)

// TestStepThatFailsIsNamed runs lines that fail before they need a server: what a
// phone complains of, and what a step does, ends the script at that line.
func TestStepThatFailsIsNamed(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"the phone's complaint", "within 50ms alice is answered", "s:2: within 50ms alice is answered: phone 100 (udp, 127.0.0.1:"},
		{"what was expected", "within 50ms alice is answered", "expected a call; waited "},
		{"the step's", "alice rejects & alice is answered", "not understood"},
		{"one of two", "within 50ms alice is answered & alice is not called", "(part 1): phone 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			script, err := Parse("s", []byte("phone alice 100 unregistered\n"+c.line+"\nalice is not called\n"))
			var problem string
			if err == nil {
				r := &run{script: script, server: &Server{ports: ports{udp: 9}}, phones: map[string]*party{}}
				problem = r.all(t.Context())
				r.closePhones()
			} else {
				problem = err.Error()
			}
			if !strings.Contains(problem, c.want) {
				t.Errorf("the problem is %q\nwant one with %q", problem, c.want)
			}
		})
	}
}
