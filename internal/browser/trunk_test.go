package browser

import (
	"context"
	"fmt"
	"testing"

	"dialtone/internal/testphone"
)

// outside is a line whose numbers ring one extension, and several.
const outside = `site:
  country: DE
trunks:
  line:
    host: $PROVIDER
    qualify: 0
groups:
  sales: {members: ["100", "101"]}
numbers:
  "+4930555100": "100"
  "+4930555200": sales
`

// provider is the other end of the line.
func (o *office) provider() *testphone.Phone {
	o.t.Helper()
	return testphone.New(o.t, testphone.Options{
		Extension: "0307654321", Port: o.server.Port("provider"), Patience: patience, Domain: "dialtone",
		Server: fmt.Sprintf("127.0.0.1:%d", o.server.Port("udp")),
	})
}

// TestACallFromOutsideRingsDeskPhoneAndPage has a call ring both, be it as one extension
// or as two: who answers has it, and the other one has missed nothing.
func TestACallFromOutsideRingsDeskPhoneAndPage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ number, desk string }{{"030555100", "100"}, {"030555200", "101"}} {
		t.Run(c.number, func(t *testing.T) {
			ctx := soon(t)
			o := openOfficeWith(t, "", outside)
			line, phone := o.provider(), o.phone(ctx, c.desk)
			page := o.logIn(o.chromium(alice), "100")
			o.deskAnswers(ctx, line, phone, page, c.number)
			o.pageAnswers(ctx, line, phone, page, c.number)
			o.quiet(page)
		})
	}
}

func (o *office) deskAnswers(ctx context.Context, line, phone *testphone.Phone, page *Page, number string) {
	o.t.Helper()
	call := line.Dial(ctx, number)
	rung := phone.Next(ctx)
	rung.Ring()
	page.See("button", "Answer")
	rung.Answer()
	call.WaitAnswered(ctx)
	call.Speak(desk)
	rung.Speak(bruno)
	rung.Hears(ctx, desk)
	call.Hears(ctx, bruno)
	page.Gone("button", "Answer")
	call.Hangup()
	rung.WaitEnded(ctx)
	missedNothing(page)
}

func (o *office) pageAnswers(ctx context.Context, line, phone *testphone.Phone, page *Page, number string) {
	o.t.Helper()
	call := line.Dial(ctx, number)
	rung := phone.Next(ctx)
	rung.Ring()
	page.Click("button", "Answer")
	call.WaitAnswered(ctx)
	call.Speak(desk)
	call.Hears(ctx, alice)
	hears(page, desk)
	rung.WaitEnded(ctx)
	if reason := rung.Got("CANCEL", "Reason"); reason != `SIP;cause=200;text="Call completed elsewhere"` {
		o.t.Errorf("the desk phone is cancelled with the reason %q: it will show a missed call", reason)
	}
	call.Hangup()
	page.See("text", "Call ended")
	missedNothing(page)
}

// missedNothing fails the test when the list of calls has one that was missed. The list
// has to have the call that was.
func missedNothing(page *Page) {
	page.t.Helper()
	page.Click("link", "Calls")
	page.See("listitem", "7654321")
	page.Gone("listitem", "Missed")
}
