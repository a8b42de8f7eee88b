package browser

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

// office is a running Dialtone with the page that it serves.
type office struct {
	t      *testing.T
	server *callscript.Server
	web    string // host:port
}

// open starts a Dialtone of whose extensions some have names.
func openOffice(t *testing.T) *office { t.Helper(); return openOfficeWith(t, "", "") }

// openOfficeWith is openOffice with more lines below web: and more sections.
func openOfficeWith(t *testing.T, web, sections string) *office {
	t.Helper()
	media := "media:\n  webrtc_port: $WEBRTC\n  codecs: [OPUS, PCMU, PCMA]\n"
	if strings.Contains(sections, "media:") {
		media = ""
	}
	over := fmt.Sprintf(`web:
  listen: ["$PAGE"]
  certificate: %s
  key: %s
%s
%sextensions:
  "100": {password: phone-100-key, name: "Alice Martin"}
  "101": {password: phone-101-key, name: "Bruno Lefèvre"}
  "102": {password: phone-102-key, name: "Chiara Rossi"}
%s`, chromiums.file(t, certificateFile), chromiums.file(t, keyFile), web, media, sections)
	server := callscript.Serve(t, programs(t), over)
	return &office{t: t, server: server, web: fmt.Sprintf("127.0.0.1:%d", server.Port("page"))}
}

// chromium is a browser that trusts the office, and whose microphone hears hz.
func (o *office) chromium(hz float64) *Browser {
	o.t.Helper()
	return chromiums.start(o.t, hz)
}

// remember keeps the connections of a page, to listen to what it hears; the voice is
// sent as it is: a tone would be taken for noise. What is played is recorded, as Firefox
// has no live AudioContext where there is no sound card.
const remember = `
	localStorage.setItem('dialtone.voice', 'echo noise gain')
	window.heard = ''
	window.connections = []
	const Real = RTCPeerConnection
	window.RTCPeerConnection = function (...args) {
		const pc = new Real(...args)
		window.connections.push(pc)
		return pc
	}
	window.RTCPeerConnection.prototype = Real.prototype
	window.sockets = []
	const Wire = WebSocket
	window.WebSocket = class extends Wire {
		constructor(...args) {
			super(...args)
			window.sockets.push(this)
		}
	}
	window.sounds = []
	const Loud = Audio
	window.Audio = function () {
		const sound = new Loud()
		window.sounds.push(sound)
		return sound
	}
	window.hears = async (hz) => {
		for (const sound of window.sounds.filter((s) => s.srcObject?.active && !s.paused)) {
			const recorder = new MediaRecorder(sound.srcObject)
			const recorded = new Promise((done) => { recorder.ondataavailable = done })
			recorder.start()
			await new Promise((done) => setTimeout(done, 400))
			recorder.stop()
			const bytes = await (await recorded).data.arrayBuffer()
			const buffer = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes)
			const context = new OfflineAudioContext(1, buffer.length, 48000)
			const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 })
			const source = new AudioBufferSourceNode(context, { buffer })
			source.connect(analyser).connect(context.destination)
			source.start()
			await context.startRendering()
			const bins = new Float32Array(analyser.frequencyBinCount)
			analyser.getFloatFrequencyData(bins)
			const loudest = bins.indexOf(Math.max(...bins))
			window.heard = loudest * context.sampleRate / analyser.fftSize + ' Hz at ' + bins[loudest] + ' dB'
			if (bins[loudest] > -55 && Math.abs(loudest * context.sampleRate / analyser.fftSize - hz) < 15) return true
		}
		return false
	}
	window.hearsOn = async () => {
		for (const pc of window.connections.filter((pc) => pc.connectionState === 'connected')) {
			const inbound = async () => [...(await pc.getStats()).values()].find((s) => s.type === 'inbound-rtp' && s.kind === 'audio')
			const before = await inbound()
			await new Promise((done) => setTimeout(done, 300))
			const after = await inbound()
			if (after.packetsReceived > before.packetsReceived && after.audioLevel > 0.02) return true
		}
		return false
	}
	const state = (track) => track && [track.readyState, 'muted', track.muted, 'enabled', track.enabled].join(' ')
	window.report = async () => {
		const lines = [String(window.heard), ...window.sounds.map((s) => ['sound', s.paused, s.currentTime, s.srcObject?.getTracks().map((t) => [t.id, t.muted, t.readyState])].join(' '))]
		for (const pc of window.connections) {
			lines.push(pc.connectionState + ' ' + pc.signalingState, ...pc.getTransceivers().map((t) => [t.currentDirection, 'from', state(t.receiver.track), 'to', state(t.sender.track)].join(' ')))
			for (const s of (await pc.getStats()).values()) if (/^(inbound-rtp|outbound-rtp|media-source)$/.test(s.type)) lines.push(JSON.stringify(s))
			lines.push(pc.remoteDescription?.sdp)
		}
		return lines
	}`

// logIn opens the page as an extension, and waits until its phone is ready.
// Scripts run in it before anything else does.
func (o *office) logIn(c *Browser, extension string, scripts ...string) *Page {
	o.t.Helper()
	p := c.Open("about:blank")
	o.t.Cleanup(func() {
		if o.t.Failed() {
			o.explain(p)
		}
	})
	for _, s := range scripts {
		p.Before(s)
	}
	p.Before(remember)
	p.Look(1280, 800, false)
	p.Visit("https://" + o.web + "/")
	p.Fill("Extension", extension)
	p.Fill("Password", o.server.Password(extension))
	p.Click("button", "Log in")
	p.See("text", "Ready")
	return p
}

// phone registers a desk phone.
func (o *office) phone(ctx context.Context, extension string) *testphone.Phone {
	o.t.Helper()
	p := testphone.New(o.t, testphone.Options{
		Extension: extension, Password: o.server.Password(extension), Domain: "dialtone",
		Server: fmt.Sprintf("127.0.0.1:%d", o.server.Port("udp")), Patience: patience,
	})
	p.Register(ctx)
	return p
}

// hears waits until the page plays a tone.
func hears(p *Page, hz float64) {
	p.t.Helper()
	p.Wait(fmt.Sprintf("window.hears(%v)", hz))
}

// hearsAgain waits until the page plays a tone again, after a hold: what it is can be told in
// Firefox only.
func hearsAgain(p *Page, hz float64) {
	p.t.Helper()
	if _, chromium := p.browser.kind.(devTools); chromium {
		hearsOn(p)
	} else {
		hears(p, hz)
	}
}

// hearsOn waits until the page plays something again, after a hold: from then on
// Chromium shows WebAudio nothing of what it plays.
func hearsOn(p *Page) {
	p.t.Helper()
	p.Wait("window.hearsOn()")
}

// explain says what page and server know of the connections, after something has failed.
func (o *office) explain(p *Page) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var report []string
	if err := p.eval(ctx, "window.report()", &report); err != nil {
		o.t.Log(err)
	}
	var calls any
	if err := o.server.Ctl(ctx, &calls, "calls"); err != nil {
		o.t.Log(err)
	}
	o.t.Logf("%s\n%v", strings.Join(report, "\n"), calls)
}

// quiet ends the test when the page had anything to complain of, or asked others than the office.
func (o *office) quiet(p *Page) {
	o.t.Helper()
	for _, c := range p.Complaints() {
		if strings.Contains(c, "401") && strings.HasSuffix(c, "/api/phone/session") {
			continue // "am I logged in?" - "no"
		}
		o.t.Errorf("the page complains: %s", c)
	}
	for _, r := range p.Requests() {
		if !hasOrigin(r, "https://"+o.web) {
			o.t.Errorf("the page asked another server: %s", r)
		}
	}
}
