package browser

import (
	"testing"
)

// choose sets how calls are taken in this browser.
func choose(page *Page, name string) {
	page.t.Helper()
	page.Eval(`location.hash = '#/settings'`, nil)
	page.Click("switch", name)
}

// bells are the bells that ring: each has a sound of its own.
const bells = `
	window.bells = 0
	const Sound = OscillatorNode
	window.OscillatorNode = class extends Sound {
		constructor(...args) {
			super(...args)
			window.bells++
		}
	}`

// The page answers by itself when its user wants that, after a while in which it rings; but
// not in another call.
func TestCallsAreAnsweredByThemselves(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone, third := o.phone(ctx, "101"), o.phone(ctx, "102")
	page := o.logIn(o.chromium(alice), "100")
	choose(page, "Answer by itself")
	page.See("text", "It rings before that for")

	one := phone.Dial(ctx, "100")
	page.See("button", "Answer")
	one.WaitAnswered(ctx)
	one.Speak(desk)
	one.Hears(ctx, alice)
	hears(page, desk)
	one.Hangup()
	page.See("text", "Call ended")

	page.Eval(`((s) => { s.value = '0'; s.dispatchEvent(new Event('change', { bubbles: true })) })([...document.querySelectorAll('label')].find((l) => l.innerText.startsWith('It rings before')).querySelector('select'))`, nil)
	page.Wait(`localStorage.getItem('dialtone.answer') === '0'`)
	one = phone.Dial(ctx, "100")
	one.WaitAnswered(ctx)
	one.Speak(desk)
	two := third.Dial(ctx, "100")
	page.See("button", "Hold and answer")
	one.Hears(ctx, alice)
	if two.Answered() {
		t.Error("a call is answered by itself in another one")
	}
	page.Click("button", "Hold and answer")
	two.WaitAnswered(ctx)
	two.Hears(ctx, alice)
	one.WaitDirection(ctx, "recvonly")
	one.Hangup()
	two.Hangup()
	o.quiet(page)
}

// The exchange has the page answer: by an intercom, and where many are paged. The page of
// an extension that never does rings.
func TestAnIntercomIsAnsweredByThePage(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOfficeWith(t, "", `  "103": {password: phone-103-key, auto_answer: never}
features: {intercom: "*80"}
groups:
  all: {members: ["100", "102", "103"]}
dialplan:
  phones:
    - {name: page all, to: "300", do: [{page: all, timeout: 5s}]}
`)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	intercom := phone.Dial(ctx, "*80100")
	intercom.WaitAnswered(ctx)
	intercom.Speak(desk)
	intercom.Hears(ctx, alice)
	hears(page, desk)
	page.Click("button", "Hang up")
	intercom.WaitEnded(ctx)

	paging := phone.Dial(ctx, "300")
	paging.WaitAnswered(ctx)
	paging.Speak(bruno)
	hears(page, bruno)
	paging.HearsNothing(ctx) // nobody answers a loudspeaker
	paging.Hangup()
	page.See("text", "Call ended")
	o.quiet(page)
}

// Who says that he is busy sends callers where those go who find him so; who declines, where
// those go who are declined.
func TestAPageIsBusyOrDeclines(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOfficeWith(t, "", `dialplan:
  phones:
    - name: two ways
      to: "300"
      do: [{dial: "100", on: {busy: [{dial: "102"}], declined: [{hangup: not-found}]}}]
`)
	phone, third := o.phone(ctx, "101"), o.phone(ctx, "102")
	page := o.logIn(o.chromium(alice), "100")
	call := phone.Dial(ctx, "300")
	page.Click("button", "Say that I am busy")
	third.Next(ctx).Decline()
	call.WaitEnded(ctx)
	page.Gone("button", "Answer")

	call = phone.Dial(ctx, "300")
	page.Click("button", "Decline")
	if end := call.WaitEnded(ctx); end.Status != 404 {
		t.Errorf("who declines: %+v", end)
	}
	if n := third.Waiting(); n != 0 {
		t.Error("who declines is taken for busy")
	}
	call = phone.Dial(ctx, "100") // and without a branch, the caller is told
	page.Click("button", "Say that I am busy")
	if end := call.WaitEnded(ctx); end.Status != 486 {
		t.Errorf("who is busy: %+v", end)
	}
	o.quiet(page)
}

// A page that rings silently shows calls.
func TestAPageRingsSilently(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100", bells)
	call := phone.Dial(ctx, "100")
	page.Wait(`window.bells > 0`)
	page.Click("button", "Decline")
	call.WaitEnded(ctx)
	page.Gone("button", "Answer")

	choose(page, "Ring silently")
	page.Eval(`window.bells = 0`, nil)
	call = inCall(ctx, phone, page, desk)
	page.Wait(`window.bells === 0`)
	call.Hangup()
	o.quiet(page)
}

// Where who declines leaves the caller to a mailbox, the button says so; elsewhere there is
// none.
func TestACallIsSentToVoicemail(t *testing.T) {
	ctx := soon(t)
	o := openOfficeWith(t, "", `voicemail: {enabled: true, delay: 60s, minimum: 1s}
dialplan:
  phones:
    - name: no mailbox
      to: "300"
      do: [{dial: "100"}]
`)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	call := phone.Dial(ctx, "300")
	page.Click("button", "Decline")
	call.WaitEnded(ctx)
	page.Gone("button", "Answer")

	call = phone.Dial(ctx, "100")
	page.See("button", "Answer")
	page.Gone("button", "Decline")
	fits(page, "to-voicemail")
	page.Click("button", "Send to voicemail")
	call.WaitAnswered(ctx)
	call.HearsSomething(ctx)
	page.Gone("button", "Answer")
	call.Hangup()
	call.WaitEnded(ctx)
	o.quiet(page)
}
