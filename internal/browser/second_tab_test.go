package browser

import "testing"

// One tab of a browser is its phone. Another one takes the phone over with all its calls, and
// gives it back.
func TestAnotherTabGoesOnWithTheCall(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	call := inCall(ctx, phone, page, desk)
	hears(page, desk)

	other := page.Another("about:blank")
	other.Before(remember)
	other.Look(1280, 800, false)
	other.Visit("https://" + o.web + "/")
	other.See("heading", "Open in another tab")
	call.Hears(ctx, alice) // nothing has changed yet
	other.Click("button", "Use it here")
	other.See("text", "Bruno Lefèvre")
	other.See("button", "Hang up")
	hears(other, desk)
	call.Hears(ctx, alice)
	page.See("heading", "Open in another tab")

	page.Click("button", "Use it here")
	other.See("heading", "Open in another tab")
	page.See("button", "Hang up")
	call.Hears(ctx, alice)
	hears(page, desk)
	page.Click("button", "Mute")
	other.Close()
	page.Click("button", "Unmute")
	call.Hears(ctx, alice)
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	next := phone.Dial(ctx, "100") // it is registered once
	page.Click("button", "Decline")
	next.WaitEnded(ctx)
	page.Click("link", "Calls")
	page.Wait(`document.querySelectorAll('main li').length === 2`)
	o.quiet(page)
}
