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

	meet(fox, two)
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
