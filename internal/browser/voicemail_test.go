package browser

import (
	"context"
	"strings"
	"testing"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

const mailboxes = "voicemail:\n  enabled: true\n  delay: 2s\n  minimum: 1s\n"

// lamp waits until a phone was told of messages: "yes" or "no", "1/0" are the new and the old.
func lamp(ctx context.Context, t *testing.T, p *testphone.Phone, waiting, counts string) {
	t.Helper()
	got := ""
	if !callscript.Until(ctx, func() bool {
		got = p.Summary()
		return strings.Contains(got, "Messages-Waiting: "+waiting+"\r\n") && strings.Contains(got, "Voice-Message: "+counts+" ")
	}) {
		t.Fatalf("the phone was told %q, want %s %s", got, waiting, counts)
	}
}

func TestAVoiceMessageIsHeardAndDeleted(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOfficeWith(t, "", mailboxes)
	c := o.chromium(alice)
	caller, own := o.phone(ctx, "101"), o.phone(ctx, "100")
	page, other := o.logIn(c, "100"), o.logIn(c, "100") // at the desk, and on another device

	call := caller.Dial(ctx, "100")
	page.See("button", "Answer")
	call.WaitAnswered(ctx)
	call.Hears(ctx, 1000)
	call.Speak(desk)
	page.Wait(`new Promise((done) => setTimeout(() => done(true), 2500))`)
	call.Hangup()
	lamp(ctx, t, own, "yes", "1/0")

	const badge = `document.querySelector('nav a[href="#/voicemail"] .badge')`
	for _, one := range []*Page{page, other} {
		one.Wait(badge + `?.innerText === '1'`)
	}
	page.Eval(`location.hash = '#/voicemail'`, nil)
	page.Eval(`(() => {
		window.players = new Set()
		const look = () => document.querySelectorAll('audio').forEach((player) => window.players.add(player))
		new MutationObserver(look).observe(document.body, { subtree: true, childList: true })
	})()`, nil)
	page.Click("button", "Message from Bruno Lefèvre")
	page.Wait(`document.querySelector('audio').currentTime > 0.5 && !document.querySelector('audio').paused`)
	page.Eval(`document.querySelector('audio').loop = true`, nil) // for as long as is needed
	lamp(ctx, t, own, "no", "0/1")
	for _, one := range []*Page{page, other} {
		one.Wait(badge + ` === null`)
	}
	page.See("button", "Mark as new")
	page.Wait(`window.players.size === 1`) // which goes on when the list is loaded again
	page.Click("button", "Speed: 1 times")
	page.Click("button", "Speed: 1.5 times")
	page.Wait(`document.querySelector('audio').playbackRate === 2`)
	page.Click("button", "Pause")
	page.Eval(`(() => {
		const position = document.querySelector('input[type=range]')
		position.value = 0.5
		position.dispatchEvent(new Event('input', { bubbles: true }))
	})()`, nil)
	page.Wait(`Math.abs(document.querySelector('audio').currentTime - 0.5) < 0.05`)
	page.Click("button", "Mark as new")
	lamp(ctx, t, own, "yes", "1/0")

	page.Click("button", "Message from Bruno Lefèvre")
	page.Click("button", "Delete")
	page.See("text", "Message deleted")
	page.See("text", "No messages")
	page.Click("button", "Undo")
	page.See("listitem", "Bruno Lefèvre")
	page.Click("button", "Message from Bruno Lefèvre")
	page.Click("button", "Delete")
	page.Eval(`location.hash = '#/settings'`, nil) // who leaves has meant it
	lamp(ctx, t, own, "no", "0/0")
	other.Eval(`location.hash = '#/voicemail'`, nil)
	other.See("text", "No messages")
	o.quiet(page)
}

func TestMissedCallsAreSeenOnAllDevices(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	c := o.chromium(alice)
	caller := o.phone(ctx, "101")
	page, other := o.logIn(c, "100"), o.logIn(c, "100")
	other.Eval(`location.hash = '#/contacts'`, nil)
	page.Eval(`location.hash = '#/contacts'`, nil)

	call := caller.Dial(ctx, "100")
	page.See("button", "Answer")
	other.See("button", "Answer")
	call.Cancel()
	call.WaitEnded(ctx)
	const badge = `document.querySelector('nav a[href="#/calls"] .badge')`
	for _, one := range []*Page{page, other} {
		one.Wait(badge + `?.innerText === '1'`)
	}
	call = inCall(ctx, caller, page, desk)
	call.Hangup()
	call.WaitEnded(ctx)
	page.Eval(`location.hash = '#/calls'`, nil)
	page.Wait(`document.querySelectorAll('main li').length === 2`)
	page.Click("button", "Missed")
	page.Wait(`document.querySelectorAll('main li').length === 1`)
	page.Eval(`location.hash = '#/contacts'`, nil)
	for _, one := range []*Page{page, other} {
		one.Wait(badge + ` === null`)
	}
	other.Eval(`location.hash = '#/calls'`, nil)
	other.Wait(`document.querySelectorAll('main li').length === 2 && /0:0\d/.test(document.querySelector('main li').innerText)`)
	o.quiet(page)
	o.quiet(other)
}
