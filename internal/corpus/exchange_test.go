package corpus

import (
	"context"
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

	"dialtone/pbx"
	"dialtone/plantest"
	"dialtone/storage"
)

// exchange is a whole Dialtone in this process, with a plan of a suite and a
// clock that began at the time of a test.
type exchange struct {
	t      *testing.T
	server *pbx.Server
	addr   string
	said   *said
}

// portsEach is how many RTP ports a server of a test has.
const (
	portsEach  = 60
	firstPorts = 61000
	places     = 16 // tests at the same time
)

// openExchange runs the plan of suite; place tells servers that run at the same
// time apart.
func openExchange(t *testing.T, suite *plantest.Suite, at time.Time, place int) *exchange {
	t.Helper()
	dir, err := os.MkdirTemp("", "dt-") // a short path: it has a socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	plan, err := filepath.Abs(suite.Loaded.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{t: t, addr: freeAddr(t), said: &said{mu: &sync.Mutex{}, lines: map[string][]string{}}}
	first := firstPorts + place*portsEach
	name := filepath.Join(dir, "dialtone.yaml")
	text := fmt.Sprintf("include: [%q]\ndata: data\nsip: {udp: [%q], tcp: [%q], tls: []}\nmedia: {ports: %d-%d, timeout: 0}\nregistrar: {qualify: 0}\n",
		plan, x.addr, x.addr, first, first+portsEach-1)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ahead := time.Until(at)
	x.server, err = pbx.New(pbx.Options{
		ConfigPath: name, Log: slog.New(x.said), Version: "test",
		Now: func() time.Time { return time.Now().Add(ahead) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := x.server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return x
}

// freeAddr is an address of the loopback that is free for UDP and TCP.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.ListenPacket("udp", l.Addr().String())
		_ = l.Close()
		if err == nil {
			_ = c.Close()
			return netip.MustParseAddrPort(l.Addr().String()).String()
		}
	}
	t.Fatal("no port is free for UDP and TCP")
	return ""
}

// record waits for the record of a call, by the Call-ID of its caller.
func (x *exchange) record(sipCallID string) storage.CDR {
	x.t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var found *storage.CDR
		err := x.server.CDRs(storage.CDRFilter{}, func(r storage.CDR) bool {
			if len(r.Legs) > 0 && r.Legs[0].SIPCallID == sipCallID {
				found = &r
			}
			return found == nil
		})
		switch {
		case err != nil:
			x.t.Fatal(err)
		case found != nil:
			return *found
		case time.Now().After(end):
			x.t.Fatalf("the call %s has no record", sipCallID)
		}
	}
}

// said is a slog.Handler that keeps what the step log says, by call.
type said struct {
	mu    *sync.Mutex
	lines map[string][]string
	call  string
}

func (*said) Enabled(context.Context, slog.Level) bool { return true }
func (s *said) WithGroup(string) slog.Handler          { return s }

func (s *said) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *s
	for _, a := range attrs {
		if a.Key == "call" {
			out.call = a.Value.String()
		}
	}
	return &out
}

func (s *said) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "dialplan" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "says" {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lines[s.call] = append(s.lines[s.call], a.Value.String())
		}
		return true
	})
	return nil
}

// of is what was said in a call.
func (s *said) of(call string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines[call], "\n")
}
