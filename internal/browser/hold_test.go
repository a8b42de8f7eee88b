package browser

import "testing"

// TestACallIsHeldTenTimes holds one call ten times, by turns from both sides: after each,
// both hear each other again.
func TestACallIsHeldTenTimes(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	call := phone.Dial(ctx, "100")
	page.Click("button", "Answer")
	call.WaitAnswered(ctx)
	call.Speak(desk)
	hears(page, desk)
	for i := range 10 {
		if i%2 == 0 {
			page.Click("button", "Hold")
			page.See("text", "On hold")
			call.WaitDirection(ctx, "recvonly")
			page.Click("button", "Resume")
			page.Gone("text", "On hold")
		} else {
			call.Hold(ctx)
			page.See("text", "You are on hold")
			call.Resume(ctx)
			page.Gone("text", "You are on hold")
		}
		call.WaitDirection(ctx, "sendrecv")
		call.Hears(ctx, alice)
		hearsOn(page)
	}
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	o.quiet(page)
}
