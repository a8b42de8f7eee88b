package browser

import "testing"

// willing has a page not ask whether it may be left in a call, as a user does who says yes.
func willing(page *Page) *Page {
	page.Before("addEventListener('beforeunload', (e) => e.stopImmediatePropagation())")
	page.Reload()
	page.See("text", "Ready")
	return page
}

// The page is loaded again in the middle of a call: the other side goes on hearing, the
// time goes on, and there is one call in the list.
func TestACallSurvivesAReload(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := willing(o.logIn(o.chromium(alice), "100"))
	call := inCall(ctx, phone, page, desk)
	hears(page, desk)
	const seconds = `Number(document.querySelector('[role=timer]').innerText.split(':')[1])`
	page.Wait(seconds + " >= 2")

	for range 2 { // what comes back can be left again
		page.Reload()
		page.See("text", "Bruno Lefèvre")
		hears(page, desk)
		call.Hears(ctx, alice)
		page.Wait(seconds + " >= 2")
	}
	page.Click("button", "Mute")
	page.Reload()
	page.See("button", "Unmute")
	hears(page, desk)
	page.Click("button", "Unmute")
	call.Hears(ctx, alice)
	call.Hangup()
	page.See("text", "Call ended")
	page.Click("link", "Calls")
	page.See("listitem", "Bruno Lefèvre")
	page.Wait(`document.querySelectorAll('main li').length === 1`)
	page.Wait(`document.querySelector('main .missed') === null`)
}

// Two calls, one of them held: both come back, and the one that was held is.
func TestHeldCallsComeBackHeld(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone, third := o.phone(ctx, "101"), o.phone(ctx, "102")
	page := willing(o.logIn(o.chromium(alice), "100"))
	one := inCall(ctx, phone, page, desk)
	two := third.Dial(ctx, "100")
	page.Click("button", "Hold and answer")
	two.WaitAnswered(ctx)
	one.WaitDirection(ctx, "recvonly")
	page.Reload()
	page.See("text", "Chiara Rossi")
	page.See("button", "Swap to Bruno Lefèvre")
	two.Hears(ctx, alice)
	one.WaitDirection(ctx, "recvonly")
	page.Click("button", "Swap to Bruno Lefèvre")
	one.Hears(ctx, alice)
	two.WaitDirection(ctx, "recvonly")
	page.Close() // and nobody comes back
	one.WaitEnded(ctx)
	two.WaitEnded(ctx)
}
