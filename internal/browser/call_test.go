package browser

import (
	"context"
	"strings"
	"testing"
	"time"
)

// The tones of those who speak.
const (
	alice = 700.0
	bruno = 1100.0
	desk  = 440.0
)

func hasOrigin(url, origin string) bool {
	return strings.HasPrefix(url, origin+"/") || strings.HasPrefix(url, "blob:") || strings.HasPrefix(url, "data:")
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestTheBrowserCallsADeskPhone(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")

	calls(ctx, phone, page)
	o.quiet(page)
}

func TestADeskPhoneCallsTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")

	isCalled(ctx, phone, page)
	call := phone.Dial(ctx, "100")
	page.Click("button", "Decline")
	call.WaitEnded(ctx)
	call = phone.Dial(ctx, "100")
	page.See("button", "Answer")
	call.Cancel()
	page.Gone("button", "Answer")
	page.See("text", "Missed")
	o.quiet(page)
}

func TestTwoBrowsersCallEachOther(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	one := o.logIn(o.chromium(alice), "100")
	two := o.logIn(o.chromium(bruno), "101")

	meet(one, two)
	two.Click("button", "Hold")
	one.See("text", "You are on hold")
	two.Click("button", "Resume")
	one.Gone("text", "You are on hold")
	hearsOn(two)
	hearsOn(one)
	two.Click("button", "Hang up")
	one.See("text", "Call ended")
	o.quiet(one)
	o.quiet(two)
}

func TestACallIsTransferred(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone, third := o.phone(ctx, "101"), o.phone(ctx, "102")
	page := o.logIn(o.chromium(alice), "100")

	for _, first := range []bool{false, true} {
		call := inCall(ctx, phone, page, desk)
		page.Click("button", "Transfer")
		page.Fill("Transfer to", "102")
		if first {
			page.Click("button", "Speak first")
		} else {
			page.Click("button", "Transfer now")
		}
		other := takes(ctx, third, bruno)
		if first {
			other.Hears(ctx, alice)
			page.See("text", "On hold")
			page.Click("button", "Connect with Bruno Lefèvre")
		}
		call.Hears(ctx, bruno)
		other.Hears(ctx, desk)
		page.See("text", "Call ended")
		page.Gone("button", "Hang up")
		call.Hangup()
		other.WaitEnded(ctx)
	}
	o.quiet(page)
}

func TestASecondCallIsTakenAndSwapped(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone, third := o.phone(ctx, "101"), o.phone(ctx, "102")
	page := o.logIn(o.chromium(alice), "100")

	one := inCall(ctx, phone, page, desk)
	two := third.Dial(ctx, "100")
	page.Click("button", "Hold and answer")
	two.WaitAnswered(ctx)
	two.Hears(ctx, alice)
	one.WaitDirection(ctx, "recvonly")
	page.Click("button", "Swap to Bruno Lefèvre")
	one.Hears(ctx, alice)
	two.WaitDirection(ctx, "recvonly")
	one.Hangup()
	page.Click("button", "Resume")
	two.Hears(ctx, alice)
	page.Click("button", "Hang up")
	two.WaitEnded(ctx)
	o.quiet(page)
}

// The WebSocket is lost in the middle of a call: audio goes on, the phone comes back
// by itself, and a BYE finds it there.
func TestACallSurvivesALostConnection(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")

	call := inCall(ctx, phone, page, desk)
	const ufrag = `window.connections[0].localDescription.sdp.match(/ice-ufrag:(\S+)/)[1]`
	page.Eval("window.before = "+ufrag, nil)
	page.Eval("window.sockets.forEach((s) => s.close())", nil)
	page.See("text", "Offline")
	call.Hears(ctx, alice)
	page.See("text", "Ready")
	page.Wait(ufrag + " !== window.before") // new paths for the audio
	hearsOn(page)
	call.Hears(ctx, alice)
	call.Hangup()
	page.See("text", "Call ended")
}

func TestATabThatIsClosedEndsItsCall(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	call := inCall(ctx, phone, page, desk)
	page.Close()
	call.WaitEnded(ctx)
}
