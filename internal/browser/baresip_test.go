package browser

import (
	"testing"

	"dialtone/internal/testbaresip"
)

// TestABrowserAndARealPhoneCallEachOther has each call the other: both hear the other's
// tone.
func TestABrowserAndARealPhoneCallEachOther(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	peer := testbaresip.Start(ctx, t, o.server, testbaresip.Options{Extension: "101", Hz: desk, Params: ";answermode=auto"})

	page.Fill("Name or number", "101")
	page.Press("Enter")
	hears(page, desk)
	peer.Hears(ctx, alice, 0)
	page.Click("button", "Hang up")
	page.See("text", "Call ended")
	page.Gone("button", "Hang up")

	before := len(peer.Heard())
	peer.Dial("100")
	page.Click("button", "Answer")
	hears(page, desk)
	peer.Hears(ctx, alice, before)
	peer.Do("hangup", "")
	page.See("text", "Call ended")
	o.quiet(page)
}
