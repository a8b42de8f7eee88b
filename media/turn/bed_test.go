package turn

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/turn/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 10 * time.Second
	secret   = "a secret of tests"
	realm    = "dialtone"
)

// ours is the only address that the relay reaches in tests.
var ours = netip.MustParseAddrPort("192.0.2.1:8444")

// echo sends back what it gets, and counts who has a way to it.
type echo struct {
	mu   sync.Mutex
	ways int
}

func (e *echo) Ours(a netip.Addr) bool { return a == ours.Addr() }

func (e *echo) Open(_, peer netip.AddrPort, out func([]byte) bool) (Way, bool) {
	if peer != ours {
		return nil, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ways++
	return &echoWay{e, out}, true
}

func (e *echo) open() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ways
}

type echoWay struct {
	e   *echo
	out func([]byte) bool
}

func (w *echoWay) Received(b []byte) { w.out(append([]byte("back: "), b...)) }

func (w *echoWay) Close() {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	w.e.ways--
}

// bed is a relay that listens on 127.0.0.1, TCP and UDP.
type bed struct {
	tb       testing.TB
	server   *Server
	echo     *echo
	tcp, udp string
}

func newBed(tb testing.TB, change ...func(*Settings)) *bed {
	tb.Helper()
	s := Settings{Secret: secret, Realm: realm, Allocations: 100, PerUser: 10, Rate: 1 << 20, Failures: 5}
	for _, f := range change {
		f(&s)
	}
	b := &bed{tb: tb, echo: &echo{}}
	b.server = New(Options{Settings: func() Settings { return s }, Far: b.echo, Log: slog.New(slog.DiscardHandler)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	b.tcp = l.Addr().String()
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() {
				if err := b.server.ServeConn(c); err != nil && !errors.Is(err, ErrClosed) {
					tb.Error(err)
				}
			})
		}
	})
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	b.udp = c.LocalAddr().String()
	_ = c.Close()
	if err := b.server.ListenUDP(context.Background(), b.udp); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = l.Close()
		b.server.Close()
		tasks.Wait()
	})
	return b
}

// conn is a way to the relay.
func (b *bed) conn(network string) net.PacketConn {
	b.tb.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			b.tb.Fatal(err)
		}
		return c
	}
	c, err := net.Dial("tcp", b.tcp)
	if err != nil {
		b.tb.Fatal(err)
	}
	return turn.NewSTUNConn(c)
}

func (b *bed) at(network string) string {
	if network == "udp" {
		return b.udp
	}
	return b.tcp
}

// client is one with these credentials.
func (b *bed) client(network, username, password string) *turn.Client {
	b.tb.Helper()
	conn := b.conn(network)
	c, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: b.at(network), TURNServerAddr: b.at(network), Conn: conn,
		Username: username, Password: password, Realm: realm, LoggerFactory: silent{},
	})
	if err != nil {
		b.tb.Fatal(err)
	}
	if err := c.Listen(); err != nil {
		b.tb.Fatal(err)
	}
	b.tb.Cleanup(func() { c.Close(); _ = conn.Close() })
	return c
}

// welcome is a client that may come in.
func (b *bed) welcome(network, user string) *turn.Client {
	b.tb.Helper()
	name := Username(user, time.Now().Add(time.Hour))
	return b.client(network, name, Password(secret, name))
}

func (b *bed) allocate(c *turn.Client) net.PacketConn {
	b.tb.Helper()
	conn, err := c.Allocate()
	if err != nil {
		b.tb.Fatal(err)
	}
	b.tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// exchange sends a packet through the relay, and reads what comes back.
func exchange(tb testing.TB, c net.PacketConn, text string) {
	tb.Helper()
	if _, err := c.WriteTo([]byte(text), net.UDPAddrFromAddrPort(ours)); err != nil {
		tb.Fatal(err)
	}
	buf := make([]byte, 2000)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	n, from, err := c.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "back: "+text || addrPort(from) != ours {
		tb.Fatalf("%q came back from %v, %v", buf[:n], from, err)
	}
}

// eventually waits for what follows from what was done.
func eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-late.C:
			tb.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// over is a client on a connection of its own.
func (b *bed) over(c net.Conn, username, password string) *turn.Client {
	b.tb.Helper()
	conn := turn.NewSTUNConn(c)
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: b.tcp, Conn: conn, Username: username, Password: password, Realm: realm, LoggerFactory: silent{},
	})
	if err != nil {
		b.tb.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		b.tb.Fatal(err)
	}
	b.tb.Cleanup(func() { client.Close(); _ = c.Close() })
	return client
}
