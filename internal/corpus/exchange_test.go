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
	"sync/atomic"
	"testing"
	"time"

	"dialtone/pbx"
	"dialtone/plantest"
	"dialtone/storage"
)

// exchange is a whole Dialtone in this process, with the plan of a suite and a
// clock that can be set.
type exchange struct {
	t      *testing.T
	server *pbx.Server
	addr   string // for UDP and TCP
	tls    string
	ahead  atomic.Int64 // the clock of the plan, of that of the machine
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
func openExchange(t *testing.T, suite *plantest.Suite, place int) *exchange {
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
	x := &exchange{t: t, addr: freeAddr(t), tls: freeAddr(t), said: &said{mu: &sync.Mutex{}, lines: map[string][]string{}}}
	first := firstPorts + place*portsEach
	name := filepath.Join(dir, "dialtone.yaml")
	text := fmt.Sprintf("include: [%q]\ndata: data\nsip: {udp: [%q], tcp: [%q], tls: [%q]}\nmedia: {ports: %d-%d, timeout: 0}\nregistrar: {qualify: 0}\n",
		plan, x.addr, x.addr, x.tls, first, first+portsEach-1)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	x.server, err = pbx.New(pbx.Options{
		ConfigPath: name, Log: slog.New(x.said), Version: "test",
		Now: func() time.Time { return time.Now().Add(time.Duration(x.ahead.Load())) },
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

// set makes it that time for the plan.
func (x *exchange) set(at time.Time) { x.ahead.Store(int64(time.Until(at))) }

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

// record waits until no call is left, and gives the record of one, by the
// Call-ID of its caller.
func (x *exchange) record(ctx context.Context, sipCallID string) storage.CDR {
	x.t.Helper()
	if err := x.server.Drain(ctx); err != nil {
		x.t.Fatalf("waiting for the end of the calls: %v", err)
	}
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
	case found == nil:
		x.t.Fatalf("the call %s has no record", sipCallID)
	}
	return *found
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
