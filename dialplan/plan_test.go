package dialplan_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"dialtone/dialplan"
)

func TestBuiltInPlan(t *testing.T) {
	plan := dialplan.NewPlan(dialplan.BuiltIn{
		Extensions: []string{"100", "101"}, RingTimeout: time.Minute, Echo: "600", Tone: "601",
	})
	for _, test := range []struct {
		name   string
		facts  dialplan.Facts
		action string
	}{
		{"extension to extension", dialplan.Facts{Extension: "100", To: "101"}, "dial 101"},
		{"echo", dialplan.Facts{Extension: "100", To: "600"}, "echo"},
		{"tone", dialplan.Facts{Extension: "100", To: "601"}, "tone 440 Hz"},
		{"music is switched off", dialplan.Facts{Extension: "100", To: "602"}, "refuse: 602 is neither an extension nor a feature"},
		{"nobody has the empty number", dialplan.Facts{Extension: "100", To: ""}, "refuse:  is neither an extension nor a feature"},
		{"outside caller", dialplan.Facts{To: "101"}, "refuse: outside callers have no route"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := plan.Route(test.facts)
			if len(r.Actions) != 1 || r.Actions[0].String() != test.action {
				t.Errorf("route %q has %v, want %q", r.Name, r.Actions, test.action)
			}
		})
	}
}

func TestRefusalSaysWhy(t *testing.T) {
	var e *dialplan.Ended
	err := dialplan.Refuse{Cause: dialplan.CauseNotFound, Why: "no such number"}.Run(context.Background(), nil)
	if !errors.As(err, &e) || e.Cause != dialplan.CauseNotFound || e.Error() != "not-found: no such number" {
		t.Errorf("got %v", err)
	}
}

// Every cause must be complete: it goes into records, metrics and SIP.
func TestCausesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for c := dialplan.CauseNormal; c <= dialplan.CauseInternal; c++ {
		switch {
		case c.String() == "" || seen[c.String()]:
			t.Errorf("cause %d has slug %q, which is empty or taken", c, c)
		case c.SIP() < 300 || c.SIP() > 699:
			t.Errorf("%s refuses with %d, not a final refusal", c, c.SIP())
		case c.SIP() == 481:
			t.Errorf("%s refuses with 481, which tells a caller that its own dialog is unknown", c)
		case c.Q850() < 1 || c.Q850() > 127:
			t.Errorf("%s has Q.850 value %d, outside 1 to 127", c, c.Q850())
		case c.Text() == "" || c.Blame() == "":
			t.Errorf("%s has no text or no blame", c)
		}
		seen[c.String()] = true
	}
	if got := dialplan.Cause(200); got.String() != "internal-error" {
		t.Errorf("a cause outside the table is %q, want internal-error", got)
	}
}

func TestCauseOfStatus(t *testing.T) {
	for status, want := range map[int]dialplan.Cause{
		486: dialplan.CauseBusy, 600: dialplan.CauseBusy, 603: dialplan.CauseDeclined, 404: dialplan.CauseNotFound,
		480: dialplan.CauseNoAnswer, 408: dialplan.CauseUnreachable, 488: dialplan.CauseNoCommonCodec,
		302: dialplan.CauseRedirected, 482: dialplan.CauseLoop, 499: dialplan.CauseRejected, 481: dialplan.CauseGone,
	} {
		if got := dialplan.CauseOfStatus(status); got != want {
			t.Errorf("%d: got %v, want %v", status, got, want)
		}
	}
}
