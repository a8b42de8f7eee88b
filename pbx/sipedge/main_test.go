package sipedge

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/config"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is an edge that runs, and what its phones need.
type bench struct {
	*Edge
	t    testing.TB
	cfg  *config.Config
	stop func()
}

// setUp changes the options before the edge is made, or the edge before it runs.
type setUp struct {
	options func(*Options)
	config  func(*config.Config)
	edge    func(*Edge)
}

// start runs an edge on 127.0.0.1 over UDP, TCP and, with Options.TLS, TLS.
func start(tb testing.TB, with setUp) *bench {
	tb.Helper()
	cfg := config.Default()
	cfg.SIP.UDP, cfg.SIP.TCP, cfg.SIP.TLS = []string{"127.0.0.1:0"}, []string{"127.0.0.1:0"}, nil
	cfg.SIP.RatePerSource = 100000
	opt := Options{Config: func() *config.Config { return &cfg }, Log: slog.New(slog.DiscardHandler)}
	if with.options != nil {
		with.options(&opt)
	}
	if opt.TLS != nil {
		cfg.SIP.TLS = []string{"127.0.0.1:0"}
	}
	if with.config != nil {
		with.config(&cfg)
	}
	e, err := New(opt)
	if err != nil {
		tb.Fatal(err)
	}
	if with.edge != nil {
		with.edge(e)
	}
	if err := e.Listen(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := e.Run(ctx); err != nil {
			tb.Error(err)
		}
	}()
	b := &bench{Edge: e, t: tb, cfg: &cfg, stop: sync.OnceFunc(func() { cancel(); <-done })}
	tb.Cleanup(b.stop)
	return b
}

// at is the address of a transport.
func (b *bench) at(transport string) netip.AddrPort {
	for _, a := range b.Addresses() {
		if a.Transport == transport {
			return a.AddrPort
		}
	}
	b.t.Fatalf("no %s address", transport)
	return netip.AddrPort{}
}

// phone is a far side that speaks raw text.
type phone struct {
	net.Conn
	t    testing.TB
	f    framer
	seen []byte
	had  map[string]bool // requests, by method and branch
}

func (b *bench) phone(transport string) *phone {
	b.t.Helper()
	var c net.Conn
	var err error
	switch transport {
	case "tls":
		c, err = tls.Dial("tcp", b.at("tls").String(), &tls.Config{InsecureSkipVerify: true})
	default:
		c, err = net.Dial(transport, b.at(transport).String())
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = c.Close() })
	return &phone{Conn: c, t: b.t}
}

func (p *phone) send(text string) {
	p.t.Helper()
	if _, err := p.Write([]byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// next reads one message; nil after wait, or when the connection ends.
func (p *phone) next(wait time.Duration) sip.Message {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(wait))
	if p.LocalAddr().Network() == "udp" {
		buf := make([]byte, 65536)
		n, err := p.Read(buf)
		if err != nil {
			return nil
		}
		p.seen = buf[:n]
		m := parseDatagram(buf[:n])
		p.check(m)
		return m.sip()
	}
	for {
		p.f.pings()
		if m, raw, more := p.f.next(); !more {
			p.seen = append([]byte(nil), raw...)
			p.check(m)
			p.f.done(raw)
			return m.sip()
		}
		n, err := p.Read(p.f.room())
		if err != nil {
			return nil
		}
		p.f.add(n)
	}
}

// check holds the edge to its own measure. Only what a 400 is about may go back
// as it came.
func (p *phone) check(m message) {
	p.t.Helper()
	if m.fault != nil && (m.res == nil || m.res.StatusCode != 400) {
		p.t.Fatalf("the edge sent what it would refuse (%s):\n%s", m.fault.reason, p.seen)
	}
}

// answer reads one response; 0 is silence.
func (p *phone) answer(wait time.Duration) *sip.Response {
	p.t.Helper()
	m := p.next(wait)
	if m == nil {
		return nil
	}
	res, ok := m.(*sip.Response)
	if !ok {
		p.t.Fatalf("want a response, have:\n%s", m)
	}
	return res
}

func (p *phone) wantCode(code int) *sip.Response {
	p.t.Helper()
	res := p.answer(5 * time.Second)
	if res == nil {
		p.t.Fatalf("want %d, have silence", code)
	}
	if res.StatusCode != code {
		p.t.Fatalf("want %d, have:\n%s", code, res)
	}
	return res
}

// request is a valid request; extra are whole header lines. The n tells requests
// apart.
func request(method string, n int, extra ...string) string {
	return requestTo("sip:100@127.0.0.1", method, n, extra...)
}

func requestTo(uri, method string, n int, extra ...string) string {
	cseq := method
	return fmt.Sprintf("%s %s SIP/2.0\r\n"+
		"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKtest%d;rport\r\n"+
		"From: \"A\" <sip:a@example.com>;tag=a%d\r\nTo: <sip:b@example.com>\r\n"+
		"Call-ID: call-%d\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\nContact: <sip:a@192.0.2.9>\r\n"+
		"%sContent-Length: 0\r\n\r\n", method, uri, n, n, n, cseq, strings.Join(extra, ""))
}

// ok answers 200 to everything.
func ok(e *Edge) Handler {
	return func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
		if !req.IsAck() {
			_ = e.Respond(tx, e.response(req, 200, "OK"))
		}
	}
}

// always handles the methods of a phone with ok.
func always(e *Edge) {
	for _, m := range []sip.RequestMethod{sip.INVITE, sip.ACK, sip.BYE, sip.REGISTER, sip.INFO} {
		e.Handle(m, ok(e))
	}
	e.Supported("100rel", "timer")
}

// eventually waits for what no message tells.
func (b *bench) eventually(what string, done func() bool) {
	b.t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	limit := time.After(5 * time.Second)
	for !done() {
		select {
		case <-again.C:
		case <-limit:
			b.t.Fatalf("not so after 5 s: %s", what)
		}
	}
}

// await gives what comes on c, so that what does not come fails one test only.
func await[T any](tb testing.TB, c <-chan T) T {
	tb.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(5 * time.Second):
		tb.Fatal("nothing came for 5 s")
		panic("unreachable")
	}
}

// wantResponse gives the next response to a request of ours.
func wantResponse(tb testing.TB, tx sip.ClientTransaction) *sip.Response {
	tb.Helper()
	select {
	case res := <-tx.Responses():
		return res
	case <-tx.Done():
	case <-time.After(5 * time.Second):
	}
	select {
	case res := <-tx.Responses(): // in the same moment
		return res
	default:
		tb.Fatalf("no response came; the transaction: %v", tx.Err())
		return nil
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
