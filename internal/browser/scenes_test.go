package browser

import (
	"context"

	"dialtone/internal/testphone"
)

// inCall has a desk phone call a page, which answers.
func inCall(ctx context.Context, phone *testphone.Phone, page *Page, hz float64) *testphone.Call {
	call := phone.Dial(ctx, "100")
	page.Click("button", "Answer")
	call.WaitAnswered(ctx)
	call.Speak(hz)
	call.Hears(ctx, alice)
	return call
}

// takes has a desk phone take the call that comes.
func takes(ctx context.Context, phone *testphone.Phone, hz float64) *testphone.Call {
	call := phone.Next(ctx)
	call.Ring()
	call.Answer()
	call.Speak(hz)
	return call
}

// meet has the page of 100 call that of 101.
func meet(one, two *Page) {
	one.t.Helper()
	one.Fill("Name or number", "101")
	one.Click("button", "Call")
	two.Click("button", "Answer")
	hears(two, alice)
	hears(one, bruno)
}

// holds has a page hold its call, and go on.
func holds(ctx context.Context, call *testphone.Call, page *Page) {
	page.t.Helper()
	page.Click("button", "Hold")
	page.See("text", "On hold")
	call.WaitDirection(ctx, "recvonly")
	page.Click("button", "Resume")
	page.Gone("text", "On hold")
	call.WaitDirection(ctx, "sendrecv")
}

// isHeld has the desk phone hold its call with a page, and go on.
func isHeld(ctx context.Context, call *testphone.Call, page *Page) {
	page.t.Helper()
	call.Hold(ctx)
	page.See("text", "You are on hold")
	call.Resume(ctx)
	page.Gone("text", "You are on hold")
}

// hearEachOther waits until a desk phone and a page do, after a hold.
func hearEachOther(ctx context.Context, call *testphone.Call, page *Page) {
	page.t.Helper()
	call.Hears(ctx, alice)
	hearsAgain(page, desk)
}

// calls has a page find 101 by the middle of the name, without the accent, and do in the call
// what can be done.
func calls(ctx context.Context, phone *testphone.Phone, page *Page) {
	page.Fill("Name or number", "lefevre")
	page.Press("Enter")
	call := phone.Next(ctx)
	call.Ring()
	page.See("text", "Bruno Lefèvre")
	call.Answer()
	call.Speak(desk)
	page.See("button", "Hang up")
	call.Hears(ctx, alice)
	hears(page, desk)

	page.Click("button", "Mute")
	page.See("button", "Unmute")
	page.Click("button", "Unmute")
	call.Hears(ctx, alice)
	for range 3 {
		holds(ctx, call, page)
		hearEachOther(ctx, call, page)
	}
	page.Click("button", "Keypad")
	page.Click("button", "5")
	page.Click("button", "#")
	call.WaitDigits(ctx, "5#")
	page.Click("button", "Transfer")
	page.See("text", "On hold")
	page.Click("button", "Transfer") // better not
	page.Gone("text", "On hold")
	call.Hears(ctx, alice)
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	page.See("text", "Call ended")
	page.See("listitem", "Bruno Lefèvre") // in the list of calls
}

// isCalled has 101 call a page.
func isCalled(ctx context.Context, phone *testphone.Phone, page *Page) {
	call := phone.Dial(ctx, "100")
	page.See("dialog", "Incoming call from Bruno Lefèvre")
	page.Wait(`document.title.includes("Bruno Lefèvre")`)
	call.WaitRinging(ctx)
	page.Click("button", "Answer")
	call.WaitAnswered(ctx)
	call.Speak(desk)
	call.Hears(ctx, alice)
	hears(page, desk)
	isHeld(ctx, call, page)
	hearEachOther(ctx, call, page)
	call.Hangup()
	page.See("text", "Call ended")
}

// callsByLibrary has the page of a library call 101, and be called.
func callsByLibrary(ctx context.Context, phone *testphone.Phone, s stock, extension string) {
	s.do("call", "101")
	call := takes(ctx, phone, desk)
	s.is("talks")
	call.Hears(ctx, alice)
	hears(s.Page, desk)
	s.do("press", "42#")
	call.WaitDigits(ctx, "42#")
	s.do("hold")
	s.wait("phone.held")
	call.WaitDirection(ctx, "recvonly")
	s.do("resume")
	s.wait("!phone.held")
	call.WaitDirection(ctx, "sendrecv")
	hearEachOther(ctx, call, s.Page)
	s.do("hangUp")
	call.WaitEnded(ctx)
	s.is("idle")

	call = phone.Dial(ctx, extension)
	s.is("rings")
	s.do("answer")
	call.WaitAnswered(ctx)
	call.Speak(desk)
	call.Hears(ctx, alice)
	hears(s.Page, desk)
	call.Hold(ctx)
	call.Resume(ctx)
	hearEachOther(ctx, call, s.Page)
	call.Hangup()
	s.is("idle")
}
