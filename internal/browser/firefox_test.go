package browser

import (
	"context"
	"testing"

	"dialtone/internal/testphone"
)

// firefox starts a Firefox whose microphone hears hz.
func (o *office) firefox(hz float64) *Browser {
	o.t.Helper()
	needFirefox(o.t)
	return StartFirefox(o.t, hz)
}

// TestFirefoxAndADeskPhone has our page, then pages with a library of others, in one Firefox.
func TestFirefoxAndADeskPhone(t *testing.T) {
	t.Parallel()
	o, site := openStock(t)
	phone := o.phone(soon(t), "101")
	fox := o.firefox(alice)
	page := o.logIn(fox, "100")
	calls(soon(t), phone, page)
	isCalled(soon(t), phone, page)
	o.quiet(page)
	comesBack(soon(t), phone, page)
	callsByLibrary(soon(t), phone, o.stock(site, fox, "jssip", "102"), "102")
	callsByLibrary(soon(t), phone, o.stock(site, fox, "sipjs", "103"), "103")
}

func calls(ctx context.Context, phone *testphone.Phone, page *Page) {
	page.Fill("Name or number", "lefèvre")
	page.Press("Enter")
	call := phone.Next(ctx)
	call.Ring()
	page.See("text", "Bruno Lefèvre")
	call.Answer()
	call.Speak(desk)
	call.Hears(ctx, alice)
	hears(page, desk)
	page.Click("button", "Mute")
	page.Click("button", "Unmute")
	for range 3 {
		page.Click("button", "Hold")
		page.See("text", "On hold")
		call.WaitDirection(ctx, "recvonly")
		page.Click("button", "Resume")
		page.Gone("text", "On hold")
		call.Hears(ctx, alice)
		hears(page, desk)
	}
	page.Click("button", "Keypad")
	page.Click("button", "5")
	page.Click("button", "#")
	call.WaitDigits(ctx, "5#")
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	page.See("text", "Call ended")
}

func isCalled(ctx context.Context, phone *testphone.Phone, page *Page) {
	call := phone.Dial(ctx, "100")
	page.See("dialog", "Incoming call from Bruno Lefèvre")
	call.WaitRinging(ctx)
	page.Click("button", "Answer")
	call.WaitAnswered(ctx)
	call.Speak(desk)
	call.Hears(ctx, alice)
	hears(page, desk)
	call.Hold(ctx)
	page.See("text", "You are on hold")
	call.Resume(ctx)
	page.Gone("text", "You are on hold")
	hears(page, desk)
	call.Hears(ctx, alice)
	call.Hangup()
	page.See("text", "Call ended")
}

// comesBack closes the WebSocket, then has it die without a word: the call gets new paths. The
// page is loaded again, and its call goes on.
func comesBack(ctx context.Context, phone *testphone.Phone, page *Page) {
	call := inCall(ctx, phone, page, desk)
	for _, lost := range []string{
		"window.sockets.forEach((s) => s.close())",
		socketDies + `; window.dispatchEvent(new Event('online'))`,
	} {
		const ufrag = `window.connections.at(-1).localDescription.sdp.match(/ice-ufrag:(\S+)/)[1]`
		page.Eval("window.before = "+ufrag, nil)
		page.Eval(lost, nil)
		page.Wait(ufrag + " !== window.before")
		page.See("text", "Ready")
		hears(page, desk)
		call.Hears(ctx, alice)
	}
	page.Reload()
	page.See("text", "Bruno Lefèvre")
	hears(page, desk)
	call.Hears(ctx, alice)
	call.Hangup()
	page.See("text", "Call ended")
}

func TestFirefoxAndChromiumSeeEachOther(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	fox := o.watch(o.firefox(alice), "100")
	two := o.watch(o.chromium(bruno), "101")

	fox.Fill("Name or number", "101")
	fox.Click("button", "Call")
	two.Click("button", "Answer")
	hears(two, alice)
	hears(fox, bruno)
	fox.Click("button", "Start video")
	moves(two)
	two.Click("button", "Start video")
	moves(fox)
	two.Click("button", "Hold")
	fox.See("text", "You are on hold")
	two.Click("button", "Resume")
	fox.Gone("text", "You are on hold")
	moves(fox)
	moves(two)
	fox.Click("button", "Stop video")
	two.See("text", "Camera is off")
	moves(fox)
	two.Click("button", "Stop video")
	dark(fox)
	dark(two)
	hears(fox, bruno)
	two.Click("button", "Hang up")
	fox.See("text", "Call ended")

	for _, way := range [][2]*Page{{fox, two}, {two, fox}} {
		way[0].Fill("Name or number", map[*Page]string{fox: "101", two: "100"}[way[0]])
		way[0].Click("button", "Video call")
		way[1].See("text", "Incoming video call")
		way[1].Click("button", "Answer with video")
		moves(fox)
		moves(two)
		hears(fox, bruno)
		hears(two, alice)
		way[0].Click("button", "Hang up")
		dark(fox)
		dark(two)
	}
	o.quiet(fox)
	o.quiet(two)
}

func callsByLibrary(ctx context.Context, phone *testphone.Phone, s stock, extension string) {
	s.do("call", "101")
	call := phone.Next(ctx)
	call.Ring()
	call.Answer()
	s.is("talks")
	call.Speak(desk)
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
	hears(s.Page, desk)
	s.do("hangUp")
	call.WaitEnded(ctx)

	call = phone.Dial(ctx, extension)
	s.is("rings")
	s.do("answer")
	call.WaitAnswered(ctx)
	call.Speak(desk)
	call.Hears(ctx, alice)
	hears(s.Page, desk)
	call.Hangup()
	s.is("idle")
}
