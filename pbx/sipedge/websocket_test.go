package sipedge

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/config"

	"github.com/emiago/sipgo/sip"
)

// socket is a MessageConn whose far side is the test.
type socket struct {
	in, out chan []byte
	done    chan struct{}
	once    sync.Once
}

func newSocket() *socket {
	return &socket{in: make(chan []byte), out: make(chan []byte, 64), done: make(chan struct{})}
}

func (s *socket) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-s.in:
		return b, nil
	case <-s.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *socket) Write(ctx context.Context, b []byte) error {
	select {
	case s.out <- append([]byte(nil), b...):
		return nil
	case <-s.done:
		return net.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *socket) Close() error { s.once.Do(func() { close(s.done) }); return nil }

// far is one browser and the connection that it has.
type far struct {
	*socket
	t     *testing.T
	flow  Flow
	ended chan error
}

func (b *bench) browser(t *testing.T, port uint16, secure bool) *far {
	t.Helper()
	f := &far{socket: newSocket(), t: t, ended: make(chan error, 1)}
	local, remote := netip.MustParseAddrPort("127.0.0.1:8443"), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	f.flow = Flow{Transport: "ws", Local: local, Remote: remote}
	if secure {
		f.flow.Transport = "wss"
	}
	go func() { f.ended <- b.ServeMessages(t.Context(), f.socket, local, remote, secure) }()
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func (f *far) send(text string) {
	f.t.Helper()
	select {
	case f.in <- []byte(text):
	case <-time.After(5 * time.Second):
		f.t.Fatal("nobody reads")
	}
}

func (f *far) next() string {
	f.t.Helper()
	select {
	case b := <-f.out:
		return string(b)
	case <-time.After(5 * time.Second):
		f.t.Fatal("nothing comes")
	}
	return ""
}

func (f *far) wantCode(code string) string {
	f.t.Helper()
	got := f.next()
	if !strings.HasPrefix(got, "SIP/2.0 "+code) {
		f.t.Fatalf("want %s, have:\n%s", code, got)
	}
	return got
}

func overWS(text string) string {
	return strings.Replace(text, "SIP/2.0/UDP 192.0.2.9:5060", "SIP/2.0/WSS df7jal23ls0d.invalid", 1)
}

func TestMessagesOverWebSocket(t *testing.T) {
	b := start(t, setUp{edge: always})
	f := b.browser(t, 40001, true)
	f.send(overWS(request("REGISTER", 1)))
	if got := f.wantCode("200"); !strings.Contains(got, "Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bKtest1;rport=40001;received=127.0.0.1") {
		t.Errorf("Via does not go back as it came:\n%s", got)
	}
	f.send("\r\n\r\n") // RFC 5626 §3.5.1
	if got := f.next(); got != "\r\n" {
		t.Errorf("a keep-alive is answered with %q", got)
	}
	f.send("hello")
	f.send(strings.Replace(overWS(request("INFO", 2)), "CSeq: 1", "CSeq: x", 1))
	f.wantCode("400")
	f.send(overWS(strings.Replace(request("INFO", 3), "Content-Length: 0\r\n", "", 1))) // RFC 7118 §5
	f.wantCode("200")
	if f.Close(); await(t, f.ended) != nil {
		t.Error("a connection that was served ends with an error")
	}
	b.eventually("the flow is gone", func() bool { return !b.Alive(f.flow) })
}

// A request to a browser goes over its connection, and names where that came from.
func TestRequestOverWebSocket(t *testing.T) {
	b := start(t, setUp{edge: always})
	for transport, secure := range map[string]bool{"ws": false, "wss": true} {
		f := b.browser(t, 40002, secure)
		b.eventually("the flow is there", func() bool { return b.Alive(f.flow) })
		req := outgoingRequest(t, "sip:abc@df7jal23ls0d.invalid;transport=ws")
		tx, err := b.Request(t.Context(), req, f.flow)
		if err != nil {
			t.Fatal(err)
		}
		tx.Terminate()
		got := f.next()
		if want := "Via: SIP/2.0/" + strings.ToUpper(transport) + " 127.0.0.1:8443;"; !strings.Contains(got, want) {
			t.Errorf("want %q in:\n%s", want, got)
		}
		if u := b.ContactURI(f.flow, "101"); u.String() != "sip:101@127.0.0.1:8443;transport=ws" {
			t.Errorf("Contact is %s", u.String())
		}
		_ = f.Close()
		b.eventually("the flow is gone", func() bool { return !b.Alive(f.flow) })
	}
}

func outgoingRequest(t *testing.T, uri string) *sip.Request {
	t.Helper()
	var u sip.Uri
	if err := sip.ParseUri(uri, &u); err != nil {
		t.Fatal(err)
	}
	req := sip.NewRequest(sip.INFO, u)
	from := sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: "101", Host: "example.com"}, Params: sip.HeaderParams{{K: "tag", V: "x"}}}
	req.AppendHeader(&from)
	req.AppendHeader(&sip.ToHeader{Address: u})
	id := sip.CallIDHeader("to-a-browser")
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.INFO})
	return req
}

// Whatever a browser has put into its Contact, nothing is looked up or connected to when
// its connection is gone.
func TestBrowsersAreNeverDialled(t *testing.T) {
	b := start(t, setUp{edge: always, options: func(o *Options) {
		o.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Error("a name server is asked")
			return nil, errors.New("no")
		}}
	}})
	for _, uri := range []string{"sip:abc@df7jal23ls0d.invalid;transport=ws", "sip:abc@df7jal23ls0d.INVALID", "sips:abc@x.invalid.", "sip:abc@127.0.0.1:9;transport=ws", "sip:abc@127.0.0.1;transport=wss"} {
		if _, err := b.Request(t.Context(), outgoingRequest(t, uri), Flow{}); err == nil {
			t.Errorf("%s: it was sent", uri)
		}
	}
	gone := Flow{Transport: "wss", Local: netip.MustParseAddrPort("127.0.0.1:8443"), Remote: netip.MustParseAddrPort("127.0.0.1:9")}
	if _, err := b.Request(t.Context(), outgoingRequest(t, "sip:abc@x.invalid;transport=ws"), gone); !errors.Is(err, ErrFlowGone) {
		t.Errorf("to a flow that is gone: %v", err)
	}
}

func TestWebSocketsAreBounded(t *testing.T) {
	var left atomic.Bool // whoever is at 40002; until then no silence is too long
	b := start(t, setUp{edge: always, options: func(o *Options) {
		o.Limits = Limits{ConnectionsPerSource: 2, Idle: 50 * time.Millisecond}
		o.Registered = func(a netip.AddrPort) bool { return a.Port() == 40001 || !left.Load() }
	}})
	registered, silent := b.browser(t, 40001, true), b.browser(t, 40002, true)
	b.eventually("both are there", func() bool { return b.Alive(registered.flow) && b.Alive(silent.flow) })
	if err := await(t, b.browser(t, 40003, true).ended); !errors.Is(err, ErrRefused) {
		t.Errorf("one more than an address may have: %v", err)
	}
	left.Store(true)
	select {
	case err := <-silent.ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("one on which nobody registered stays though it is silent")
	}
	if !b.Alive(registered.flow) {
		t.Error("one on which somebody registered does not stay")
	}
}

// sluggish takes its time to close.
type sluggish struct {
	*socket
	closing, closed chan struct{}
}

func (s sluggish) Close() error {
	s.once.Do(func() { close(s.closing); <-s.closed; close(s.done) })
	return nil
}

// One that has to make room and takes long to close holds up nobody who looks for a flow.
func TestClosingHoldsNobodyUp(t *testing.T) {
	b := start(t, setUp{edge: always, options: func(o *Options) { o.Limits = Limits{Connections: 1} }})
	old := sluggish{newSocket(), make(chan struct{}), make(chan struct{})}
	flow := Flow{Transport: "wss", Local: netip.MustParseAddrPort("127.0.0.1:8443"), Remote: netip.MustParseAddrPort("127.0.0.1:40001")}
	ended := make(chan error, 1)
	go func() { ended <- b.ServeMessages(t.Context(), old, flow.Local, flow.Remote, true) }()
	b.eventually("it is there", func() bool { return b.Alive(flow) })
	next := b.browser(t, 40002, true)
	release := sync.OnceFunc(func() { close(old.closed) })
	defer release()
	await(t, old.closing)
	looked := make(chan struct{})
	go func() { defer close(looked); b.Alive(next.flow) }()
	select {
	case <-looked:
	case <-time.After(5 * time.Second):
		t.Error("they wait")
	}
	release()
	await(t, ended)
	await(t, looked)
}

func TestWebSocketsOfStrangersAreRefused(t *testing.T) {
	b := start(t, setUp{edge: always, config: func(c *config.Config) { c.SIP.Deny = []string{"127.0.0.0/8"} }})
	if err := await(t, b.browser(t, 40001, true).ended); !errors.Is(err, ErrRefused) {
		t.Errorf("from an address that is denied: %v", err)
	}
	b.stop()
	b.cfg.SIP.Deny = nil
	if err := await(t, b.browser(t, 40001, true).ended); err == nil {
		t.Error("an edge that has stopped serves one")
	}
}

// One that does not read loses its connection, and nobody waits for longer than that takes.
func TestWebSocketThatDoesNotReadIsClosed(t *testing.T) {
	b := start(t, setUp{edge: always, options: func(o *Options) { o.Limits = Limits{Write: 20 * time.Millisecond} }})
	f := b.browser(t, 40001, true)
	for n := range cap(f.out) + 1 {
		f.send(overWS(request("INFO", n)))
	}
	select {
	case <-f.ended:
	case <-time.After(5 * time.Second):
		t.Error("it stays")
	}
}

// One that is held back because its source sends too much ends at once with its connection,
// and with the edge.
func TestWebSocketThatIsHeldBackEnds(t *testing.T) {
	b := start(t, setUp{edge: always, config: func(c *config.Config) { c.SIP.RatePerSource = 1 }})
	source := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 0)
	b.sources.take(source, 1, time.Now().Add(time.Hour)) // the next one may come in an hour
	closed, left := b.browser(t, 40001, true), b.browser(t, 40002, true)
	for _, f := range []*far{closed, left} {
		f.send(overWS(request("INFO", 1)))
		held := b.stats.Limited.Load()
		b.eventually("it is held back", func() bool { return b.stats.Limited.Load() > held })
	}
	_ = b.streams.get(closed.flow).Close()
	if err := await(t, closed.ended); err != nil {
		t.Error(err)
	}
	go b.stop()
	if err := await(t, left.ended); err != nil {
		t.Error(err)
	}
}

func TestFlowsOfWebSockets(t *testing.T) {
	for _, transport := range []string{"ws", "wss"} {
		f := Flow{Transport: transport, Local: netip.MustParseAddrPort("192.0.2.1:8443"), Remote: netip.MustParseAddrPort("[2001:db8::7]:40001")}
		if got, err := ParseFlow(f.String()); err != nil || got != f {
			t.Errorf("%s is read as %v: %v", f, got, err)
		}
		if !f.WebSocket() || !f.Reliable() || f.Secure() != (transport == "wss") {
			t.Errorf("%s is taken for something else", f)
		}
	}
}

// Through two proxies, people at one address may come with one port: the second is refused,
// and tries again with another. The first would lose its messages to it.
func TestWebSocketsThatLookTheSame(t *testing.T) {
	b := start(t, setUp{edge: always})
	first := b.browser(t, 40009, true)
	b.eventually("the flow is there", func() bool { return b.Alive(first.flow) })
	second := b.browser(t, 40009, true)
	select {
	case err := <-second.ended:
		if !errors.Is(err, ErrRefused) {
			t.Errorf("the second ends with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the second is served")
	}
	first.send(overWS(request("REGISTER", 1)))
	first.wantCode("200")
	if first.Close(); await(t, first.ended) != nil {
		t.Error("the first was not served")
	}
	b.eventually("the flow is gone", func() bool { return !b.Alive(first.flow) })
	again := b.browser(t, 40009, true)
	b.eventually("another one is there", func() bool { return b.Alive(again.flow) })
}
