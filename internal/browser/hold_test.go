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
	call := inCall(ctx, phone, page, desk)
	hears(page, desk)
	for i := range 10 {
		if i%2 == 0 {
			holds(ctx, call, page)
		} else {
			isHeld(ctx, call, page)
			call.WaitDirection(ctx, "sendrecv")
		}
		hearEachOther(ctx, call, page)
	}
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	o.quiet(page)
}
