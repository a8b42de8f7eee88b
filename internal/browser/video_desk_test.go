package browser

import (
	"fmt"
	"testing"

	"dialtone/internal/testphone"
)

// A desk phone with video, which is a mirror, shows the browser to itself.
func TestTheBrowserSeesADeskPhone(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := testphone.New(t, testphone.Options{
		Extension: "101", Password: o.server.Password("101"), Domain: "dialtone", Video: true, Mirror: true,
		Server: fmt.Sprintf("127.0.0.1:%d", o.server.Port("udp")), Patience: patience,
	})
	phone.Register(ctx)
	page := o.watch(o.chromium(alice), "100")

	page.Click("link", "Contacts")
	page.Click("button", "Video call to Bruno Lefèvre")
	call := phone.Next(ctx)
	call.Answer()
	call.Sees(ctx, 20)
	moves(page)
	page.Click("button", "Stop video")
	page.Wait(`!window.cameraIsOn()`)
	page.Press("v")
	call.Sees(ctx, 20)
	moves(page)
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	o.quiet(page)

	call = phone.Dial(ctx, "100")
	page.Click("button", "Answer with video")
	call.WaitAnswered(ctx)
	call.Sees(ctx, 20)
	moves(page)
	if w := call.Watched(); len(w.SSRCs) != 1 {
		t.Errorf("the phone saw %d sources", len(w.SSRCs))
	}
	call.Hangup()
	dark(page)
}
