package browser

import (
	"fmt"
	"testing"
)

func TestTwoBrowsersSeeEachOther(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	one := o.watch(o.chromium(alice), "100")
	two := o.watch(o.chromium(bruno), "101")

	one.Click("link", "Contacts")
	one.Click("button", "Video call to Bruno Lefèvre")
	two.See("text", "Incoming video call")
	two.Click("button", "Answer with video")
	moves(one)
	moves(two)
	hears(two, alice)
	hears(one, bruno)
	videoFits(one)

	two.Click("button", "Hold")
	one.See("text", "You are on hold")
	one.Wait(`!document.querySelector('video.theirs')`)
	two.Wait(`!document.querySelector('video.theirs')`)
	one.Wait(`window.shows().then((s) => !s)`)
	two.Click("button", "Resume")
	one.Gone("text", "You are on hold")
	moves(one)
	moves(two)
	hearsOn(one)

	one.Click("button", "Stop video")
	two.See("text", "Camera is off")
	one.Wait(`!window.cameraIsOn()`)
	moves(one)
	one.Press("v")
	moves(two)
	one.Press("m")
	one.See("button", "Unmute")
	one.Click("button", "Hang up")
	dark(one)
	dark(two)
	o.quiet(one)
	o.quiet(two)
}

// videoFits looks at a call with video on small and large screens, in both colours.
func videoFits(p *Page) {
	p.t.Helper()
	for _, size := range [][2]int{{390, 844}, {1280, 800}} {
		for _, night := range []bool{false, true} {
			p.Look(size[0], size[1], night)
			for _, view := range []string{"Smaller", "Larger"} {
				p.Click("button", view)
				p.Wait(fmt.Sprintf(`matchMedia('(min-width: 1000px)').matches === %v && !!document.querySelector('nav') &&
					!!document.querySelector('aside') === %v`, size[0] > 999, size[0] > 999))
				p.looksRight(fmt.Sprintf("video-%d-%v-%s", size[0], night, view))
			}
		}
	}
}

func TestVideoIsAddedToACallAndTakenOut(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	one := o.watch(o.chromium(alice), "100")
	two := o.watch(o.chromium(bruno), "101")

	meet(one, two)
	one.Click("button", "Start video")
	moves(two)
	var on bool
	if two.Eval(`window.cameraIsOn()`, &on); on {
		t.Error("the camera was turned on although only the other side was to be seen")
	}
	one.See("text", "Camera is off")
	two.Click("button", "Start video")
	moves(one)
	moves(two)

	one.Click("button", "Stop video")
	two.See("text", "Camera is off")
	moves(one)
	two.Click("button", "Stop video")
	dark(one)
	dark(two)
	one.See("button", "Start video")
	hearsOn(one)
	hearsOn(two)
	two.Click("button", "Hang up")
	o.quiet(one)
	o.quiet(two)
}

// Both start their video at the same moment: one of them has to wait for the other's offer.
func TestBothStartVideoAtOnce(t *testing.T) {
	t.Parallel()
	bothStartVideo(t)
}

// hesitates has a page take its time to make an offer.
const hesitates = `
	const describe = RTCPeerConnection.prototype.setLocalDescription
	RTCPeerConnection.prototype.setLocalDescription = async function (description) {
		if (description?.type === 'offer') await new Promise((done) => setTimeout(done, 500))
		return describe.call(this, description)
	}`

// The far side's offer comes while one's own is being made.
func TestBothStartVideoAndOneIsSlow(t *testing.T) {
	t.Parallel()
	bothStartVideo(t, hesitates)
}

// bothStartVideo has two pages start and stop their video together, in one of which scripts run.
func bothStartVideo(t *testing.T, scripts ...string) {
	t.Helper()
	o := openOffice(t)
	one := o.watch(o.chromium(alice), "100", scripts...)
	two := o.watch(o.chromium(bruno), "101")

	one.Fill("Name or number", "101")
	one.Click("button", "Call")
	two.Click("button", "Answer")
	hears(one, bruno)
	hears(two, alice)
	for range 3 {
		one.Press("v")
		two.Press("v")
		moves(one)
		moves(two)
		var lines int
		if two.Eval(`window.connections[0].getTransceivers().length`, &lines); lines != 2 {
			t.Errorf("there are %d lines for voice and video", lines)
		}
		one.Press("v")
		two.Press("v")
		dark(one)
		dark(two)
	}
	hearsOn(one)
	hearsOn(two)
	two.Click("button", "Hang up")
	o.quiet(one)
	o.quiet(two)
}

func TestAVideoCallIsAnsweredWithoutVideo(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	one := o.watch(o.chromium(alice), "100")
	two := o.watch(o.chromium(bruno), "101")

	one.Fill("Name or number", "101")
	one.Click("button", "Video call")
	two.See("button", "Answer with video")
	two.Click("button", "Answer")
	moves(two)
	one.See("text", "Camera is off")
	hears(one, bruno)
	hears(two, alice)
	var films int
	if two.Eval(`window.films.length`, &films); films != 0 {
		t.Error("the camera was used although nobody asked for it")
	}
	two.Click("button", "Hang up")
	dark(one)
	o.quiet(one)
	o.quiet(two)
}

func TestADeskPhoneHasNoVideo(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.watch(o.chromium(alice), "100")

	page.Fill("Name or number", "101")
	page.Click("button", "Video call")
	call := takes(ctx, phone, desk)
	page.See("text", "The other side has no video.")
	hears(page, desk)
	call.Hears(ctx, alice)
	dark(page)
	page.Click("button", "Start video") // it may be another phone by now
	page.Wait(`window.films.length === 2`)
	page.See("text", "The other side has no video.")
	dark(page)
	holds(ctx, call, page)
	hearEachOther(ctx, call, page)
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	o.quiet(page)
}

// denied has the browser refuse the camera, but not the microphone.
const denied = `
	const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
	navigator.mediaDevices.getUserMedia = (what) =>
		what.video ? Promise.reject(new DOMException('Permission denied', 'NotAllowedError')) : ask(what)
	undefined`

func TestACameraThatIsDeniedIsNoReasonNotToTalk(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.watch(o.chromium(alice), "100")
	page.Eval(denied, nil)

	page.Fill("Name or number", "101")
	page.Click("button", "Video call")
	call := takes(ctx, phone, desk)
	page.See("text", "The browser does not allow the camera.")
	page.See("text", "The call goes on without video.")
	hears(page, desk)
	call.Hears(ctx, alice)
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	o.quiet(page)
}

func TestAScreenIsShared(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	one := o.watch(o.chromium(alice), "100")
	two := o.watch(o.chromium(bruno), "101")

	meet(one, two)
	one.Click("button", "Share screen")
	two.Wait(`window.videoStats('inbound-rtp', 'framesDecoded').then((n) => n > 0) && document.querySelector('video.theirs')?.videoWidth > 0`)
	one.See("text", "Your screen is shared")
	// The browser's own button ends it: the page is told by the track.
	one.Eval(`window.films.at(-1).stop(); window.films.at(-1).dispatchEvent(new Event('ended'))`, nil)
	one.See("button", "Share screen")
	dark(one)
	dark(two)

	one.Click("button", "Start video")
	moves(two)
	one.Click("button", "Share screen") // in place of the camera, which comes back
	one.See("text", "Your screen is shared")
	one.Click("button", "Stop sharing")
	one.See("button", "Stop video")
	moves(two)
	one.Click("button", "Hang up")
	dark(one)
	o.quiet(one)
	o.quiet(two)
}

func TestDevicesAreTriedAndChanged(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.watch(o.chromium(alice), "100")

	page.Click("link", "Settings")
	page.Click("button", "Test the camera")
	page.Wait(`document.querySelector('main video')?.videoWidth > 0`)
	page.Click("button", "Stop the test of the camera")
	dark(page)
	page.Click("button", "Test the microphone")
	page.Wait(`document.querySelector('meter').value > 0.05`)
	page.Click("button", "Stop the test of the microphone")
	page.Gone("text", "The bar moves when you speak.")

	page.Fill("Name or number", "101")
	page.Click("button", "Call")
	call := phone.Next(ctx)
	call.Answer()
	call.Hears(ctx, alice)
	const noise = `window.connections[0].getSenders().find((s) => s.track?.kind === 'audio').track.getSettings().noiseSuppression`
	page.Wait(noise + ` === false`)
	page.Click("button", "Mute")
	page.See("button", "Unmute")
	page.Click("switch", "Take out noise") // in the middle of the call
	page.Wait(noise + ` === true`)
	var loud bool
	if page.Eval(`window.connections[0].getSenders().some((s) => s.track?.enabled)`, &loud); loud {
		t.Error("another microphone is not muted any more")
	}
	page.Click("switch", "Take out noise")
	page.Wait(noise + ` === false`)
	page.Click("switch", "Shortcuts in calls") // off: a letter does nothing
	page.Press("m")
	page.See("button", "Unmute")
	page.Click("switch", "Shortcuts in calls")
	page.Press("m")
	page.See("button", "Mute")
	call.Hears(ctx, alice)
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)
	o.quiet(page)
}

func TestAVideoCallSurvivesAReload(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	one := willing(o.logIn(o.chromium(alice), "100"))
	two := o.watch(o.chromium(bruno), "101")

	one.Eval(eyes, nil)
	one.Fill("Name or number", "101")
	one.Click("button", "Video call")
	two.Click("button", "Answer with video")
	moves(one)
	moves(two)
	for _, own := range []bool{true, false} { // with its camera, and only looking on
		if !own {
			one.Click("button", "Stop video")
			two.See("text", "Camera is off")
		}
		one.Reload()
		one.See("text", "Bruno Lefèvre")
		one.Eval(eyes, nil)
		moves(one)
		if own {
			moves(two)
		}
		hears(one, bruno)
	}
	one.Click("button", "Hang up")
	dark(two)
	o.quiet(one)
	o.quiet(two)
}
