package dialplan_test

import (
	"testing"

	"dialtone/dialplan"
)

// Every cause must be complete: it goes into records, metrics and SIP.
func TestCausesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for c := dialplan.CauseNormal; c <= dialplan.CauseInternal; c++ {
		switch {
		case c.String() == "" || seen[c.String()]:
			t.Errorf("cause %d has slug %q, which is empty or taken", c, c)
		case c.SIP() < 300 || c.SIP() > 699:
			t.Errorf("%s refuses with %d, not a final refusal", c, c.SIP())
		case c.SIP() == 481 && c != dialplan.CauseNoCall: // RFC 3891 §3
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
