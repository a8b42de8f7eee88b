package sipua

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/internal/testbrowser"
	"dialtone/media"
	"dialtone/media/webrtc"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
	"dialtone/storage"
)

// messages is one end of a WebSocket in memory: the edge reads and writes messages, a peer
// datagrams.
type messages struct {
	in, out chan []byte
	gone    chan struct{}
	once    *sync.Once
	at, far netip.AddrPort
}

var webSockets atomic.Uint32

// newMessages gives the end of the edge and that of a browser.
func newMessages() (edge, browser *messages) {
	a, b, gone, once := make(chan []byte, 64), make(chan []byte, 64), make(chan struct{}), &sync.Once{}
	here := netip.MustParseAddrPort("127.0.0.1:8443")
	there := netip.AddrPortFrom(here.Addr(), uint16(1000+webSockets.Add(1)))
	return &messages{a, b, gone, once, here, there}, &messages{b, a, gone, once, there, here}
}

func (m *messages) Close() error { m.once.Do(func() { close(m.gone) }); return nil }

func (m *messages) receive(ctx context.Context) ([]byte, error) {
	select {
	case b := <-m.in:
		return b, nil
	case <-m.gone:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *messages) deliver(b []byte) error {
	select {
	case m.out <- bytes.Clone(b):
		return nil
	case <-m.gone:
		return net.ErrClosed
	}
}

// edgeEnd is a sipedge.MessageConn.
type edgeEnd struct{ *messages }

func (e edgeEnd) Read(ctx context.Context) ([]byte, error)      { return e.receive(ctx) }
func (e edgeEnd) Write(_ context.Context, message []byte) error { return e.deliver(message) }

// browserEnd is a net.Conn.
type browserEnd struct{ *messages }

func (e browserEnd) Read(b []byte) (int, error) {
	m, err := e.receive(context.Background())
	return copy(b, m), err
}
func (e browserEnd) Write(b []byte) (int, error)      { return len(b), e.deliver(b) }
func (e browserEnd) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(e.at) }
func (e browserEnd) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(e.far) }
func (e browserEnd) SetDeadline(time.Time) error      { return nil }
func (e browserEnd) SetReadDeadline(time.Time) error  { return nil }
func (e browserEnd) SetWriteDeadline(time.Time) error { return nil }

// browserBed is a bed that has audio with browsers.
func browserBed(t *testing.T, change ...func(*webrtc.Options)) *bed {
	t.Helper()
	b := newBed(t)
	o := webrtc.Options{Engine: b.ua.engine}
	for _, f := range change {
		f(&o)
	}
	hub, err := webrtc.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Close)
	b.ua.hub = hub
	return b
}

// page is a peer on a WebSocket, registered as extension.
func (b *bed) page(extension string) *peer {
	b.t.Helper()
	edge, browser := newMessages()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = b.ua.edge.ServeMessages(context.Background(), edgeEnd{edge}, edge.at, edge.far, false)
	}()
	b.t.Cleanup(func() { <-served })
	p := newPeerOn(b.t, "ws", browserEnd{browser})
	probe := newSide(p, "x", "y")
	probe.send("OPTIONS") // the edge knows the connection
	probe.response(200)
	uri := "sip:page@df7jal23ls0d.invalid;transport=ws"
	c := registrar.Contact{Contact: storage.Contact{ContactKey: storage.ContactKey{Extension: extension, Binding: uri}, URI: uri}}
	c.Peer = registrar.Flow{Transport: "ws", Local: edge.at, Remote: edge.far}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.phones[extension] = append(b.phones[extension], c)
	return p
}

// browses sets up an answered call from a browser that is 100.
func (b *bed) browses(near call.Want) (*side, *testbrowser.Browser, call.Inbound) {
	b.t.Helper()
	br, s := testbrowser.New(b.t), newSide(b.page("100"), "100", "101")
	s.call(br.Offer("sendrecv"))
	leg := b.take().leg
	done := make(chan error, 1)
	go func() { done <- leg.Answer(context.Background(), near) }()
	ok := s.response(200)
	s.learn(ok)
	s.ack()
	if err := <-done; err != nil {
		b.t.Fatal(err)
	}
	br.Take(string(ok.Body()))
	br.Up()
	return s, br, leg
}

// hears checks that the leg hears the browser.
func (b *bed) hears(br *testbrowser.Browser, leg call.Leg) {
	b.t.Helper()
	heard := make(chan struct{}, 64)
	leg.Media().SetSink(sinkFunc(func(*media.Packet) {
		select {
		case heard <- struct{}{}:
		default:
		}
	}))
	for end := time.Now().Add(patience); time.Now().Before(end); {
		br.Send(0, 160, make([]byte, 160))
		select {
		case <-heard:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	b.t.Fatal("the leg does not hear the browser")
}

// speaks checks that the browser hears the leg.
func (b *bed) speaks(br *testbrowser.Browser, leg call.Leg) {
	b.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		leg.Media().Write(both.Formats[0], make([]byte, 160), 160, false)
		select {
		case <-br.Packets():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	b.t.Fatal("the browser does not hear the leg")
}

type sinkFunc func(*media.Packet)

func (f sinkFunc) Packet(p *media.Packet) { f(p) }

func ufragOf(body []byte) string {
	_, rest, _ := strings.Cut(string(body), "a=ice-ufrag:")
	text, _, _ := strings.Cut(rest, "\r\n")
	return text
}

// A browser calls, holds and resumes, is held and resumed, and changes its network.
func TestBrowserCallsAndHolds(t *testing.T) {
	t.Parallel()
	b := browserBed(t)
	s, br, leg := b.browses(both)
	b.hears(br, leg)
	b.speaks(br, leg)
	if !leg.Media().Stats().Encrypted {
		t.Error("the audio is not encrypted")
	}

	first := ""
	for _, c := range []struct{ offer, answer string }{{"sendonly", "recvonly"}, {"sendrecv", "sendrecv"}, {"inactive", "inactive"}, {"sendrecv", "sendrecv"}} {
		s.send("INVITE", br.Offer(c.offer))
		ok := s.response(200)
		s.ack()
		if got := directionOf(ok.Body()); got != c.answer {
			t.Fatalf("%s is answered %s", c.offer, got)
		}
		if u := ufragOf(ok.Body()); first != "" && u != first {
			t.Error("ICE restarted for a hold")
		} else {
			first = u
		}
		b.changed(leg)
	}
	b.hears(br, leg)
	b.speaks(br, leg)

	for _, c := range []struct {
		near media.Direction
		want string
		far  string
	}{{media.SendOnly, "sendonly", "recvonly"}, {media.SendRecv, "sendrecv", "sendrecv"}} {
		leg.Near(want(c.near, both.Formats...))
		req := s.request(sip.INVITE)
		if directionOf(req.Body()) != c.want || ufragOf(req.Body()) != first {
			t.Fatalf("our offer\n%s", req.Body())
		}
		s.reply(req, 200, "", br.Again(string(req.Body()), c.far, "active"))
		s.request(sip.ACK)
		b.changed(leg)
	}
	b.hears(br, leg)
	b.speaks(br, leg)

	s.send("INVITE", br.Restart("sendrecv"))
	ok := s.response(200)
	s.ack()
	if ufragOf(ok.Body()) == first {
		t.Error("a restart of ICE was answered with the old credentials")
	}
	br.Take(string(ok.Body()))
	b.hears(br, leg)
	b.speaks(br, leg)
}

func TestBrowserIsCalled(t *testing.T) {
	t.Parallel()
	b := browserBed(t)
	p, br := b.page("101"), testbrowser.New(t)
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	p.reply(req, 200, "callee", br.Answer(string(req.Body()), "sendrecv", "0 126"))
	p.request(sip.ACK)
	d := b.wait(out)
	if d.err != nil {
		t.Fatal(d.err)
	}
	br.Up()
	b.hears(br, d.leg)
	b.speaks(br, d.leg)

	s := sideOf(p, req, "callee")
	s.send("INVITE", br.Offer("sendonly"))
	if ok := s.response(200); directionOf(ok.Body()) != "recvonly" || !strings.Contains(string(ok.Body()), "a=setup:passive") {
		t.Errorf("the hold of a callee is answered\n%s", ok.Body())
	}
	s.ack()
}

// What a browser says without an offer gets ours.
func TestBrowserCallsWithoutOffer(t *testing.T) {
	t.Parallel()
	b := browserBed(t)
	br, s := testbrowser.New(t), newSide(b.page("100"), "100", "101")
	s.call()
	leg := b.take().leg
	done := make(chan error, 1)
	go func() { done <- leg.Answer(context.Background(), both) }()
	ok := s.response(200)
	s.learn(ok)
	s.ack(br.Answer(string(ok.Body()), "sendrecv", "0 126"))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	br.Up()
	b.hears(br, leg)
}

func TestDeadBrowserIsHungUp(t *testing.T) {
	t.Parallel()
	b := browserBed(t, func(o *webrtc.Options) { o.Consent = 2 * time.Second })
	s, br, leg := b.browses(both)
	br.Vanish()
	e := b.ends(leg, dialplan.CauseRTPTimeout)
	if !strings.Contains(e.Detail, "silent") {
		t.Errorf("ended with %v", e)
	}
	s.reply(s.request(sip.BYE), 200, "")
}

func TestBrowserWithAnotherCertificateIsHungUp(t *testing.T) {
	t.Parallel()
	b := browserBed(t)
	br, s := testbrowser.New(t), newSide(b.page("100"), "100", "101")
	br.Lie = true
	s.call(br.Offer("sendrecv"))
	leg := b.take().leg
	go func() { _ = leg.Answer(context.Background(), both) }()
	ok := s.response(200)
	s.learn(ok)
	s.ack()
	br.Take(string(ok.Body()))
	e := b.ends(leg, dialplan.CauseNotAcceptable)
	if !strings.Contains(e.Detail, "certificate") {
		t.Errorf("ended with %v", e)
	}
	s.reply(s.request(sip.BYE), 200, "")
}

// Neither is a browser talked into audio in clear, nor a phone into what it cannot do.
func TestKindOfAudioStays(t *testing.T) {
	t.Parallel()
	b := browserBed(t)
	s, br, leg := b.browses(both)
	s.send("INVITE", plainSDP)
	s.response(488)
	s.sendBranch("ACK", s.cseq, s.invite)
	b.hears(br, leg)

	phone, plain := b.inbound(both)
	phone.send("INVITE", br.Offer("sendrecv"))
	phone.response(488)
	phone.sendBranch("ACK", phone.cseq, phone.invite)
	if plain.Media().Stats().Encrypted {
		t.Error("the phone has other audio now")
	}
}

func TestBrowserWithoutHubIsRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.page("100"), "100", "101")
	s.call(testbrowser.New(t).Offer("sendrecv"))
	if res := s.response(488); !strings.HasPrefix(value(res, "Warning"), "304") {
		t.Errorf("refused with\n%v", res)
	}
}

// A connection that died without a word took an offer of ours with it: what the browser asks
// over another one does not wait until that offer has timed out: it is made again there.
func TestOfferOnADeadConnectionIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := browserBed(t)
	s, br, leg := b.browses(both)
	leg.Near(want(media.SendOnly, both.Formats...))
	s.request(sip.INVITE) // the browser has never got it

	s.peer = b.page("100")
	s.send("OPTIONS")
	s.response(200)
	again := s.request(sip.INVITE)
	if directionOf(again.Body()) != "sendonly" {
		t.Fatalf("our offer\n%s", again.Body())
	}
	s.reply(again, 200, "", br.Again(string(again.Body()), "recvonly", "active"))
	s.request(sip.ACK)
	b.changed(leg)
	b.speaks(br, leg)
}
