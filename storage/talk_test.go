package storage_test

import (
	"testing"
	"time"

	"dialtone/storage"
)

func TestTalked(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	called := func(answer time.Time) storage.CDRLeg { return storage.CDRLeg{ID: "b", Party: "101", Answer: answer} }
	for name, c := range map[string]struct {
		answer time.Time
		legs   []storage.CDRLeg
		trunk  string
		talked time.Duration
		missed bool
	}{
		"the callee's answer is the caller's":     {at(4), []storage.CDRLeg{called(at(4))}, "line", 26 * time.Second, false},
		"behind a menu, from the callee's answer": {at(1), []storage.CDRLeg{called(at(10))}, "line", 20 * time.Second, false},
		"the second that rang":                    {at(1), []storage.CDRLeg{called(time.Time{}), called(at(20))}, "line", 10 * time.Second, false},
		"only a menu":                             {at(1), nil, "line", 0, true},
		"a menu, then phones in vain":             {at(1), []storage.CDRLeg{called(time.Time{})}, "line", 0, true},
		"never answered":                          {time.Time{}, []storage.CDRLeg{called(time.Time{})}, "line", 0, true},
		"the caller was gone when it was taken":   {time.Time{}, []storage.CDRLeg{called(at(4))}, "line", 0, true},
		"in vain within the house":                {time.Time{}, []storage.CDRLeg{called(time.Time{})}, "", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := storage.CDR{Start: start, Answer: c.answer, End: at(30)}
			r.Legs = append([]storage.CDRLeg{{ID: "a", Inbound: true, Answer: c.answer, Trunk: c.trunk}}, c.legs...)
			if got := r.Talked(); got != c.talked {
				t.Errorf("talked %v, want %v", got, c.talked)
			}
			if got := r.Missed(); got != c.missed {
				t.Errorf("missed is %v", got)
			}
			if got := (storage.CDRFilter{Missed: true}).Fits(&r); got != c.missed {
				t.Errorf("the filter takes it: %v", got)
			}
		})
	}
	merged := storage.CDR{Answer: at(10), End: at(30), TransferredBy: "b", Conferences: []storage.CDRConference{{Room: "r"}}, Legs: []storage.CDRLeg{{ID: "a", Inbound: true, Trunk: "line"}}}
	if merged.Talked() != 20*time.Second || merged.Missed() {
		t.Error("who was brought into a conference has not talked, or is missed")
	}
	if r := (storage.CDR{}); r.Talked() != 0 || r.Missed() {
		t.Error("a record without legs was talked in, or missed")
	}
}
