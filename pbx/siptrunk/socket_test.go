package siptrunk

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

// newEdge runs an edge on the loopback over UDP, TCP and, with a certificate, TLS.
func newEdge(t *testing.T, conf *tls.Config, set func(*sipedge.Edge)) *sipedge.Edge {
	t.Helper()
	cfg := config.Default()
	cfg.SIP.UDP, cfg.SIP.TCP, cfg.SIP.TLS = []string{"127.0.0.1:0"}, []string{"127.0.0.1:0"}, nil
	if conf != nil {
		cfg.SIP.TLS = []string{"127.0.0.1:0"}
	}
	e, err := sipedge.New(sipedge.Options{Config: func() *config.Config { return &cfg }, TLS: conf, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if set != nil {
		set(e)
	}
	if err := e.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return e
}

func at(t *testing.T, e *sipedge.Edge, transport string) netip.AddrPort {
	t.Helper()
	for _, a := range e.Addresses() {
		if a.Transport == transport {
			return a.AddrPort
		}
	}
	t.Fatalf("no %s address", transport)
	return netip.AddrPort{}
}

// telco is a provider on real sockets.
type telco struct {
	*sipedge.Edge
	mu    sync.Mutex
	reg   *registrar
	flows []sipedge.Flow
}

func newTelco(t *testing.T, conf *tls.Config) *telco {
	t.Helper()
	p := &telco{reg: newRegistrar()}
	p.Edge = newEdge(t, conf, func(e *sipedge.Edge) {
		e.Handle(sip.REGISTER, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.flows = append(p.flows, flow)
			_ = e.Respond(tx, p.reg.serve(req, flow.Remote))
		})
	})
	return p
}

func (p *telco) bindings() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.reg.bindings)
}

// deaf is a UDP port on which nobody answers.
func deaf(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	return port
}

func TestOneOfThreeServersAnswers(t *testing.T) {
	p := newTelco(t, nil)
	port := at(t, p.Edge, "udp").Port()
	z := newZone(t,
		`telco.example. 60 IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.telco.example.`,
		`_sip._udp.telco.example. 60 IN SRV 10 5 `+deaf(t)+` one.telco.example.`,
		`_sip._udp.telco.example. 60 IN SRV 10 5 `+deaf(t)+` one.telco.example.`,
		fmt.Sprintf(`_sip._udp.telco.example. 60 IN SRV 20 0 %d one.telco.example.`, port),
		`one.telco.example. 60 IN A 127.0.0.1`)
	began := time.Now()
	b := open(t, newEdge(t, nil, nil), map[string]config.Trunk{"p": provider(func(c *config.Trunk) {
		c.Host, c.Qualify, c.Patience = "telco.example", config.Duration(30*time.Second), config.Duration(time.Second)
	})}, z.addr)
	s := b.await("p", StateRegistered)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if p.bindings() != 1 {
		t.Errorf("bindings %d", p.bindings())
	}
	alive := 0
	for _, one := range s.Servers {
		alive += truth(one.Alive)
	}
	if len(s.Servers) != 3 || alive != 1 {
		t.Errorf("servers %+v, want one of three alive", s.Servers)
	}
	list, err := b.Servers(t.Context(), "p")
	if err != nil || list[0].Addr.Port() != port {
		t.Errorf("calls go to %v first, want the one that answers, %d (%v)", list, port, err)
	}
	b.stop()
	if p.bindings() != 0 {
		t.Errorf("after the stop %d bindings", p.bindings())
	}
}

// A server that says that it is busy costs no time.
func TestBusyServerIsPassedAtOnce(t *testing.T) {
	busy, p := newTelco(t, nil), newTelco(t, nil)
	busy.mu.Lock()
	busy.reg.busy = 1000
	busy.mu.Unlock()
	z := newZone(t,
		fmt.Sprintf(`_sip._udp.telco.example. 60 IN SRV 10 0 %d one.telco.example.`, at(t, busy.Edge, "udp").Port()),
		fmt.Sprintf(`_sip._udp.telco.example. 60 IN SRV 20 0 %d one.telco.example.`, at(t, p.Edge, "udp").Port()),
		`one.telco.example. 60 IN A 127.0.0.1`)
	began := time.Now()
	b := open(t, newEdge(t, nil, nil), map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Host = "telco.example" })}, z.addr)
	b.await("p", StateRegistered)
	if took := time.Since(began); took > 3*time.Second || p.bindings() != 1 || busy.bindings() != 0 {
		t.Errorf("took %v, bindings %d and %d", took, busy.bindings(), p.bindings())
	}
}

func TestClosedConnectionIsReplaced(t *testing.T) {
	relay := newRelay(t)
	p := newTelco(t, nil)
	relay.to(at(t, p.Edge, "tcp").String())
	var b *bench
	edge := newEdge(t, nil, func(e *sipedge.Edge) {
		e.OnClose(func(f sipedge.Flow) { b.FlowGone(f) })
	})
	b = open(t, edge, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Host, c.Transport = relay.addr, "tcp" })})
	b.await("p", StateRegistered)
	relay.cut()
	b.eventually("registered over a new connection", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.flows[len(p.flows)-1] != p.flows[0] && b.one("p").State == StateRegistered
	})
	if p.bindings() != 1 {
		t.Errorf("%d bindings", p.bindings())
	}
}

// relay is a TCP port whose connections can be cut.
type relay struct {
	addr string
	mu   sync.Mutex
	dest string
	open []net.Conn
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: l.Addr().String()}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			out, err := net.Dial("tcp", r.dest)
			if err == nil {
				r.open = append(r.open, in, out)
				work.Go(func() { pipe(in, out) })
				work.Go(func() { pipe(out, in) })
			}
			r.mu.Unlock()
		}
	})
	t.Cleanup(func() { _ = l.Close(); r.cut(); work.Wait() })
	return r
}

func (r *relay) to(dest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dest = dest
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

func pipe(from, to net.Conn) {
	defer func() { _ = from.Close(); _ = to.Close() }()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestCertificateOfATrunkIsChecked(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile, err := sipedge.SelfSigned(dir, []string{"telco.example"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := sipedge.LoadCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	p := newTelco(t, cert.TLS())
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(pair.Certificate[0])
	pin := hex.EncodeToString(sum[:])
	other := strings.Repeat("ab", sha256.Size)
	junk := filepath.Join(dir, "junk.pem")
	if err := os.WriteFile(junk, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	z := newZone(t, `telco.example. 60 IN A 127.0.0.1`, `other.example. 60 IN A 127.0.0.1`)
	port := at(t, p.Edge, "tls").Port()
	for _, test := range []struct {
		name, host, ca, pin string
		state               State
		why                 string
	}{
		{"signed by the CA", "telco.example", certFile, "", StateRegistered, ""},
		{"signed for another name", "other.example", certFile, "", StateDown, "certificate is valid for telco.example, not other.example"},
		{"signed by nobody that is known", "telco.example", "", "", StateDown, "certificate signed by unknown authority"},
		{"pinned", "other.example", "", pin, StateRegistered, ""},
		{"pinned, with colons", "other.example", "", strings.ToUpper(pin[:2]) + ":" + pin[2:], StateRegistered, ""},
		{"pinned to another", "telco.example", "", other, StateDown, ErrFingerprint.Error()},
		{"pinned to another, though signed", "telco.example", certFile, other, StateDown, ErrFingerprint.Error()},
		{"no CA file", "telco.example", filepath.Join(dir, "none.pem"), "", StateFailed, "no such file"},
		{"no certificate in it", "telco.example", junk, "", StateFailed, "there is no certificate in"},
		{"no fingerprint", "telco.example", "", "abc", StateFailed, "it is not the SHA-256"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := open(t, newEdge(t, nil, nil), map[string]config.Trunk{"p": provider(func(c *config.Trunk) {
				c.Host, c.Transport, c.CA, c.Fingerprint = fmt.Sprintf("%s:%d", test.host, port), "tls", test.ca, test.pin
			})}, z.addr)
			s := b.await("p", test.state)
			if !strings.Contains(s.Why, test.why) {
				t.Errorf("why %q, want %q", s.Why, test.why)
			}
		})
	}
}

// Two trunks at one address do not share a connection that only one of them would
// trust.
func TestConnectionsAreNotSharedAcrossChecks(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile, err := sipedge.SelfSigned(dir, []string{"telco.example"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := sipedge.LoadCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	p := newTelco(t, cert.TLS())
	z := newZone(t, `telco.example. 60 IN A 127.0.0.1`)
	host := fmt.Sprintf("telco.example:%d", at(t, p.Edge, "tls").Port())
	b := prepare(t, newEdge(t, nil, nil), map[string]config.Trunk{
		"good": peer(func(c *config.Trunk) { c.Host, c.Transport, c.CA = host, "tls", certFile }),
		"bad":  peer(func(c *config.Trunk) { c.Host, c.Transport = host, "tls" }),
	}, z.addr)
	server := func(name string) Server {
		list, err := b.Servers(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return list[0]
	}
	first, err := b.Flow(t.Context(), server("good"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := b.Flow(t.Context(), server("good")); err != nil || again != first {
		t.Errorf("the second time %v (%v), want %v", again, err, first)
	}
	if flow, err := b.Flow(t.Context(), server("bad")); err == nil {
		t.Errorf("a connection that was not checked: %v", flow)
	}
}
