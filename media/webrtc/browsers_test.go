package webrtc

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"dialtone/internal/browser"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/rtp"
	"dialtone/media/sdp"
)

// script is a page with one peer connection.
const script = `<!doctype html><script>
let pc, stream
async function fresh(video) {
	stream = await navigator.mediaDevices.getUserMedia({audio: true, video})
	pc = new RTCPeerConnection()
	stream.getTracks().forEach(track => pc.addTrack(track, stream))
	pc.ontrack = e => { const a = new Audio(); a.srcObject = e.streams[0]; a.play() }
}
const gathered = () => new Promise(done => {
	const look = () => pc.iceGatheringState == 'complete' && done(pc.localDescription.sdp)
	pc.addEventListener('icegatheringstatechange', look)
	look()
})
async function offer(direction, iceRestart) {
	pc.getTransceivers()[0].direction = direction
	await pc.setLocalDescription(await pc.createOffer({iceRestart}))
	return gathered()
}
const take = sdp => pc.setRemoteDescription({type: 'answer', sdp})
async function answer(sdp) {
	await pc.setRemoteDescription({type: 'offer', sdp})
	await pc.setLocalDescription(await pc.createAnswer())
	return gathered()
}
async function packets() {
	let n = 0
	for (const r of (await pc.getStats()).values()) if (r.type == 'inbound-rtp' && r.kind == 'audio') n += r.packetsReceived
	return n
}
const way = () => pc.getTransceivers()[0].currentDirection
</script>`

// echo is our side of a call: it sends back what it hears.
type echo struct {
	*testing.T
	bed  *bed
	page *browser.Page
	conn *Conn
	nego *sdp.Negotiator
	mu   sync.Mutex
	keys []string // that were pressed, with the clock
}

func (e *echo) begin(video bool) {
	e.Helper()
	var err error
	if e.conn, err = e.bed.hub.Open(loopback, netip.Addr{}); err != nil {
		e.Fatal(err)
	}
	e.nego = sdp.NewNegotiator(1)
	port := e.conn.Port()
	port.SetSink(sinkFunc(func(p *media.Packet) {
		if p.Format.IsAudio() {
			port.Forward(p)
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if key := fmt.Sprintf("%d at %d", p.Payload[0], p.Format.Clock); !slices.Contains(e.keys, key) {
			e.keys = append(e.keys, key)
		}
	}))
	e.page.Eval(fmt.Sprintf("fresh(%v)", video), nil)
}

type sinkFunc func(*media.Packet)

func (f sinkFunc) Packet(p *media.Packet) { f(p) }

func (e *echo) local(d media.Direction) sdp.Local {
	l := e.conn.Describe(loopback)
	w := &sdp.WebRTC{Ufrag: l.Ufrag, Pwd: l.Pwd, Candidates: l.Candidates, TCP: l.TCP, Full: l.Full, Fingerprint: sdp.Fingerprint(l.Fingerprint)}
	w.SSRC, w.CNAME = e.conn.Port().Source()
	return sdp.Local{
		Addr: loopback, RTP: e.conn.Local().Port(), RTCP: e.conn.Local().Port() + 1,
		Formats: []codec.Format{codec.Opus, codec.PCMU, codec.DTMF}, Direction: d, WebRTC: w, Levels: true,
	}
}

func (e *echo) settle(a sdp.Agreed) {
	e.Helper()
	if err := e.conn.Port().Configure(rtp.Params{Send: a.Send, Recv: a.Recv, Direction: a.Direction, Levels: a.Levels}); err != nil {
		e.Fatal(err)
	}
	p := Peer{Client: a.WebRTC.Client, Ufrag: a.WebRTC.Ufrag, Pwd: a.WebRTC.Pwd, Offered: a.WebRTC.Offered}
	for _, c := range a.WebRTC.Candidates {
		p.Candidates = append(p.Candidates, Candidate(c))
	}
	for _, f := range a.WebRTC.Fingerprints {
		p.Fingerprints = append(p.Fingerprints, Fingerprint(f))
	}
	e.conn.Connect(p)
}

// isOffered lets the page make an offer, and answers it.
func (e *echo) isOffered(direction string, restart bool) {
	e.Helper()
	var text string
	e.page.Eval(fmt.Sprintf("offer(%q, %v)", direction, restart), &text)
	r, err := e.nego.ReceiveOffer([]byte(text))
	if err != nil || r.WebRTC.Restart != restart {
		e.Fatalf("%v, %+v in\n%s", err, r.WebRTC, text)
	}
	if restart {
		e.conn.Restart()
	}
	answer, a, err := e.nego.CreateAnswer(e.local(media.SendRecv))
	if err != nil {
		e.Fatal(err)
	}
	e.settle(a)
	e.page.Eval(fmt.Sprintf("take(%q)", answer), nil)
}

// offers makes an offer to the page.
func (e *echo) offers(d media.Direction) {
	e.Helper()
	offer, err := e.nego.CreateOffer(e.local(d))
	if err != nil {
		e.Fatal(err)
	}
	var text string
	e.page.Eval(fmt.Sprintf("answer(%q)", offer), &text)
	a, err := e.nego.ReceiveAnswer([]byte(text))
	if err != nil {
		e.Fatalf("%v in\n%s", err, text)
	}
	e.settle(a)
}

// hears waits until the page hears itself.
func (e *echo) hears() {
	e.Helper()
	var before int
	e.page.Eval("packets()", &before)
	e.page.Wait(fmt.Sprintf("packets().then(n => n > %d + 10 || n > 10 && n < %d)", before, before))
}

func TestChromium(t *testing.T) {
	if !browser.Installed() {
		t.Fatal("Chromium is not installed, and nothing is tested without it: make install-test-tools")
	}
	tryBrowser(t, browser.Start(t, browser.Options{}), 48000)
}

func TestFirefox(t *testing.T) {
	if !browser.FirefoxInstalled() {
		t.Fatal("Firefox is not installed, and is not tested without it: make install-test-tools")
	}
	tryBrowser(t, browser.StartFirefox(t, 440), 8000)
}

// What a real browser says and takes of a lite agent and of a full one: calls, holds and
// resumes of all kinds, from both sides, a restart of ICE, keys by their clock.
func tryBrowser(t *testing.T, b *browser.Browser, clock int) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, script)
	}))
	defer server.Close()
	page := b.Open(server.URL)
	page.Wait("typeof fresh == 'function'")
	lite, both := newBed(t), newBed(t, full)
	for _, video := range []bool{false, true} {
		e := &echo{T: t, bed: lite, page: page}
		if video {
			e.bed = both
		}
		e.isCalled(video, clock)
	}
	for _, b := range []*bed{lite, both} {
		called := &echo{T: t, bed: b, page: page}
		called.begin(false)
		called.offers(media.SendRecv)
		called.hears()
		if st := called.conn.Port().Stats(); !st.Encrypted || st.RxRejected > 0 {
			t.Errorf("statistics %+v", st)
		}
		if a := called.conn.agent; a != nil {
			until(t, "the choice, and consent", func() bool {
				called.conn.mu.Lock()
				defer called.conn.mu.Unlock()
				return a.nominated != nil && !a.consented.IsZero() && a.switches == 0
			})
		}
	}
}

// isCalled is a call that the page makes.
func (e *echo) isCalled(video bool, clock int) {
	e.Helper()
	e.begin(video)
	e.isOffered("sendrecv", false)
	e.hears()
	for _, d := range []string{"sendonly", "sendrecv", "inactive", "sendrecv", "recvonly", "sendrecv"} {
		e.isOffered(d, false)
		e.page.Wait(fmt.Sprintf("way() == %q", d))
	}
	e.hears()
	e.isOffered("sendrecv", true)
	e.hears()
	e.page.Eval(`pc.getSenders().find(s => s.dtmf).dtmf.insertDTMF('12#', 100, 70)`, nil)
	until(e.T, "keys", func() bool { e.mu.Lock(); defer e.mu.Unlock(); return len(e.keys) >= 3 })
	want := fmt.Sprintf("1 at %[1]d, 2 at %[1]d, 11 at %[1]d", clock)
	if got := strings.Join(e.keys, ", "); got != want {
		e.Errorf("keys pressed: %s", got)
	}
	for _, d := range []media.Direction{media.SendOnly, media.SendRecv, media.Inactive, media.SendRecv} {
		e.offers(d)
		e.page.Wait(fmt.Sprintf("way() == %q", d.Reverse()))
	}
	e.hears()
	e.page.Eval("pc.close()", nil)
	e.conn.Close()
}
