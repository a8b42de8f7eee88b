package sipedge

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
)

func TestAddressesInUseAreSaidPlainly(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		b := start(t, setUp{options: withTLS(t)})
		cfg := config.Default()
		cfg.SIP.UDP, cfg.SIP.TCP, cfg.SIP.TLS = nil, nil, nil
		list := []string{b.at(transport).String()}
		switch transport {
		case "udp":
			cfg.SIP.UDP = list
		case "tcp":
			cfg.SIP.TCP = list
		case "tls":
			cfg.SIP.TLS = list
		}
		opt := Options{Config: func() *config.Config { return &cfg }}
		withTLS(t)(&opt)
		second, err := New(opt)
		if err != nil {
			t.Fatal(err)
		}
		err = second.Listen(t.Context())
		if err == nil {
			t.Fatalf("%s: two edges on one address", transport)
		}
		for _, want := range []string{transport, list[0], "in use", "another Dialtone", "sip." + transport} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
		if left := second.Addresses(); left != nil {
			t.Errorf("still bound: %v", left)
		}
	}
}

func TestAddressesThatCannotBeMeant(t *testing.T) {
	for spec, want := range map[string]string{
		"5060": "host:port", "pbx.example:5060": "IP address", "127.0.0.1:x": "not a port", "127.0.0.1:70000": "not a port",
		"203.0.113.1:5060": "does not have the address",
	} {
		cfg := config.Default()
		cfg.SIP.UDP, cfg.SIP.TCP, cfg.SIP.TLS = []string{spec}, nil, nil
		e, err := New(Options{Config: func() *config.Config { return &cfg }})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

func TestWildcardsStandForConcreteAddresses(t *testing.T) {
	have := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::1")}
	for spec, want := range map[string]string{
		":5060":           "127.0.0.1:5060 192.0.2.1:5060 [::1]:5060",
		"0.0.0.0:5062":    "127.0.0.1:5062 192.0.2.1:5062",
		"[::]:5060":       "[::1]:5060",
		"198.51.100.1:99": "198.51.100.1:99",
	} {
		list, _, err := expand(spec, have)
		var words []string
		for _, a := range list {
			words = append(words, a.String())
		}
		if err != nil || strings.Join(words, " ") != want {
			t.Errorf("%s: %v %v", spec, words, err)
		}
	}
}

func TestIPv6AndIPv4(t *testing.T) {
	if c, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		t.Skip("no IPv6:", err)
	} else {
		_ = c.Close()
	}
	b := start(t, setUp{edge: always, config: func(c *config.Config) {
		c.SIP.UDP, c.SIP.TCP = []string{"[::1]:0"}, []string{"[::1]:0"}
	}})
	for _, transport := range []string{"udp", "tcp"} {
		p, flow := meetPhone(b, transport)
		tx, err := b.Request(t.Context(), ask(t, "INFO", "sip:x@h"), flow)
		if err != nil {
			t.Fatal(err)
		}
		req := p.request()
		if req.Via().Host != "::1" || !strings.Contains(string(p.seen), " [::1]:") {
			t.Errorf("Via in\n%s", p.seen)
		}
		p.send(reply(req, 200, "OK", "x"))
		wantResponse(t, tx)
		if u := b.ContactURI(flow, "1"); u.Host != "[::1]" {
			t.Error(u.String())
		}
	}
}

func TestAddressesThatComeAndGo(t *testing.T) {
	have := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	port := freePort(t)
	b := start(t, setUp{
		edge:   func(e *Edge) { e.addrs.machine = func() ([]netip.Addr, error) { return have, nil } },
		config: func(c *config.Config) { c.SIP.UDP, c.SIP.TCP = []string{"0.0.0.0:" + port}, []string{":" + port} },
	})
	have = append(have, netip.MustParseAddr("127.0.0.2"))
	b.addrs.rescan(b.Edge)
	if n := len(b.Addresses()); n != 4 {
		t.Fatalf("listening on %v", b.Addresses())
	}
	c, err := net.Dial("udp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	p := &phone{Conn: c, t: t}
	p.send(request("OPTIONS", 1))
	p.wantCode(200)
	have = have[1:]
	b.addrs.rescan(b.Edge)
	for _, a := range b.Addresses() {
		if a.AddrPort.Addr() != have[0] {
			t.Errorf("still listening on %v", a)
		}
	}
}

// An address that comes while the edge ends is given back at once.
func TestAnAddressThatComesTooLate(t *testing.T) {
	have := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	port := freePort(t)
	b := start(t, setUp{
		edge:   func(e *Edge) { e.addrs.machine = func() ([]netip.Addr, error) { return have, nil } },
		config: func(c *config.Config) { c.SIP.UDP, c.SIP.TCP = []string{"0.0.0.0:" + port}, []string{":" + port} },
	})
	b.stop()
	have = append(have, netip.MustParseAddr("127.0.0.2"))
	b.addrs.rescan(b.Edge)
	if list := b.Addresses(); len(list) != 0 {
		t.Errorf("listening on %v", list)
	}
	c, err := net.ListenPacket("udp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	_ = c.Close()
}

// freePort is a port outside of the range from which the system takes ports, free
// for both transports.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(10000))
		l, err := net.Listen("tcp", ":"+port)
		if err != nil {
			continue
		}
		c, err := net.ListenPacket("udp", ":"+port)
		_ = l.Close()
		if err == nil {
			_ = c.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// failing is a listener that fails a few times, as with too many open files.
type failing struct {
	errs  []error
	conns chan net.Conn
}

func (f *failing) Accept() (net.Conn, error) {
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		return nil, err
	}
	c, ok := <-f.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (f *failing) Close() error   { return nil }
func (f *failing) Addr() net.Addr { return &net.TCPAddr{} }

func TestAcceptingOutlivesTooManyOpenFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config.Default()
		e, err := New(Options{Config: func() *config.Config { return &cfg }, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		emfile := &net.OpError{Op: "accept", Err: syscall.EMFILE}
		f := &failing{errs: []error{emfile, emfile, errors.New("odd"), emfile}, conns: make(chan net.Conn)}
		a := &acceptor{Listener: f, edge: e, transport: "tcp"}
		done := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		e.ctx = ctx // as Run does
		go func() { a.serve(ctx); close(done) }()
		ours, theirs := net.Pipe()
		f.conns <- theirs // taken: the acceptor is still there
		_, _ = ours.Write([]byte("\r\n\r\n"))
		if n, err := ours.Read(make([]byte, 2)); n != 2 {
			t.Errorf("the connection is not served: %v", err)
		}
		close(f.conns)
		<-done
		cancel()
		_ = ours.Close()
		e.readers.Wait()
	})
}

// Run closes the connections that it knows of; one that was accepted in that moment is closed too.
func TestAConnectionThatIsAcceptedTooLateIsClosed(t *testing.T) {
	for _, transport := range []string{"tcp", "tls"} {
		b := start(t, setUp{options: withTLS(t)})
		b.stop()
		ours, theirs := net.Pipe()
		defer func() { _ = ours.Close() }()
		(&acceptor{edge: b.Edge, transport: transport}).welcome(theirs)
		_ = ours.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("%s: it stays: %v", transport, err)
		}
		if n := b.streams.len(); n != 0 {
			t.Errorf("%s: %d connections are kept", transport, n)
		}
	}
}
