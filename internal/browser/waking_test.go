package browser

import "testing"

// What the page does with its connections for SIP.
const (
	sipSockets = `window.sockets.filter((s) => s.protocol === 'sip' && s.readyState === WebSocket.OPEN)`
	// socketDies has the newest one go silent without a word, both ways.
	socketDies = `(() => { const s = ` + sipSockets + `.at(-1); s.send = () => {}; s.onmessage = null; window.dead = s })()`
	newSocket  = sipSockets + `.length === 1 && ` + sipSockets + `[0] !== window.dead`
)

// A connection that died without a word is found when the network is another one, or the
// computer wakes: at once, and not when a call does not come. Calls go on, one death soon after
// another too.
func TestADeadConnectionIsFoundOnWaking(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	call := inCall(ctx, phone, page, desk)
	for _, wakes := range []string{`window.dispatchEvent(new Event('online'))`, `document.dispatchEvent(new Event('visibilitychange'))`} {
		page.Eval(socketDies, nil)
		page.Eval(wakes, nil)
		page.Wait(newSocket)
		page.See("text", "Ready")
		call.Hears(ctx, alice)
	}
	page.Eval(`window.before = `+sipSockets+`[0]; window.dispatchEvent(new Event('online'))`, nil)
	page.Wait(`new Promise((done) => setTimeout(() => done(` + sipSockets + `[0] === window.before), 2000))`) // it lives
	call.Hangup()
	page.See("text", "Call ended")
}

// What was pressed, and what the far side asked, while the connection was dead is made good
// when there is another one.
func TestWhatADeadConnectionTookIsMadeGood(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	call := inCall(ctx, phone, page, desk)
	comesBack := func() {
		page.Eval(`window.dispatchEvent(new Event('online'))`, nil)
		page.Wait(newSocket)
		page.See("text", "Ready")
	}
	page.Eval(socketDies, nil)
	page.Click("button", "Hold")
	comesBack()
	page.See("text", "On hold")
	call.WaitDirection(ctx, "recvonly")

	page.Eval(socketDies, nil)
	page.Click("button", "Resume")
	comesBack()
	page.Gone("text", "On hold")
	call.WaitDirection(ctx, "sendrecv")
	call.Hears(ctx, alice)

	page.Eval(socketDies, nil)
	call.Hold(ctx)
	comesBack()
	page.See("text", "You are on hold")
	call.Resume(ctx)
	page.Gone("text", "You are on hold")
	hearsOn(page)

	call.Hold(ctx)
	page.See("text", "You are on hold")
	page.Eval(socketDies, nil)
	comesBack()
	page.See("text", "You are on hold")
	call.Resume(ctx)
	page.Gone("text", "You are on hold")
	hearEachOther(ctx, call, page)
	call.Hangup()
	page.See("text", "Call ended")
}
