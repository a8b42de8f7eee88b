package sipua

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/siptrunk"
)

// lines are the trunks of a bed, with servers that a test may name.
type lines struct {
	*siptrunk.Trunks
	cancel  context.CancelFunc
	stopped chan struct{}

	mu      sync.Mutex
	servers map[string][]siptrunk.Server
	told    []string // "failed udp 127.0.0.1:1", "answered udp ..."
	why     []error  // of the failures
	public  string   // where NAT has trunks see us; "" without NAT
	dead    map[string]bool
}

func newLines(edge *sipedge.Edge, current func() *config.Config, log *slog.Logger) *lines {
	return &lines{
		Trunks:  siptrunk.New(siptrunk.Options{Edge: edge, Config: current, Log: log}),
		stopped: make(chan struct{}), servers: map[string][]siptrunk.Server{},
	}
}

func (l *lines) start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go func() { defer close(l.stopped); _ = l.Run(ctx) }()
}

func (l *lines) stop() {
	l.cancel()
	<-l.stopped
}

func (l *lines) Servers(ctx context.Context, name string) ([]siptrunk.Server, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if list := l.servers[name]; list != nil {
		return list, nil
	}
	return l.Trunks.Servers(ctx, name)
}

func (l *lines) Failed(s siptrunk.Server, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told, l.why = append(l.told, "failed "+s.String()), append(l.why, err)
}

func (l *lines) Answered(s siptrunk.Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, "answered "+s.String())
}

func (l *lines) Dead(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead[name]
}

func (l *lines) Contact(name string, flow sipedge.Flow) sip.Uri {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.Trunks.Contact(name, flow)
	if l.public != "" {
		u.Host, u.Port = l.public, 40000
	}
	return u
}

func (l *lines) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.told, ", ")
}

// trunk adds a trunk in Germany to a configuration.
func trunk(name string, change ...func(*config.Trunk)) func(*config.Config) {
	return func(c *config.Config) {
		t := config.Trunk{
			Host: "192.0.2.99", Context: "outside", Patience: config.Duration(patience), Country: "DE",
			Username: "account", Password: "secret", CallerID: config.CallerID{In: "from", Hidden: "anonymous", Forwarded: "none"},
		}
		for _, f := range change {
			f(&t)
		}
		if c.Trunks == nil {
			c.Trunks = map[string]config.Trunk{}
		}
		c.Trunks[name] = t
	}
}

// impatient leaves a server that says nothing soon.
func impatient(t *config.Trunk) { t.Patience = config.Duration(4 * t1) }

// serve has peers be the servers of a trunk.
func (b *bed) serve(name string, peers ...*peer) {
	b.lines.mu.Lock()
	defer b.lines.mu.Unlock()
	var list []siptrunk.Server
	for _, p := range peers {
		list = append(list, siptrunk.Server{Trunk: name, Transport: strings.ToLower(p.transport), Addr: netip.MustParseAddrPort(p.addr()), Name: "192.0.2.99"})
	}
	b.lines.servers[name] = list
}

// provider is a peer that is the only server of a trunk.
func (b *bed) provider(name string) *peer {
	p := b.phoneOn("udp", "")
	b.serve(name, p)
	return p
}

// outside calls a number outside in the background.
func (b *bed) outside(ctx context.Context, o call.Outgoing, progress func(call.Progress)) <-chan dialled {
	b.t.Helper()
	contact, err := b.ua.Outside(o)
	if err != nil {
		b.t.Fatal(err)
	}
	out := make(chan dialled, 1)
	go func() {
		l, err := b.ua.Dial(ctx, contact, caller(), progress)
		out <- dialled{l, err}
	}()
	return out
}

// outgoing is a call of extension 100.
func outgoing(number string, via ...string) call.Outgoing {
	var o call.Outgoing
	o.Number, o.Via, o.As = number, via, "100"
	return o
}

// unanswered is a server that is there and says nothing.
func unanswered(t *testing.T) siptrunk.Server {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return siptrunk.Server{Transport: "udp", Addr: netip.MustParseAddrPort(conn.LocalAddr().String())}
}

// within fails a test in which something took longer than it may.
func within(t *testing.T, since time.Time, limit time.Duration) {
	t.Helper()
	if d := time.Since(since); d > limit {
		t.Errorf("it took %s, more than %s", d, limit)
	}
}
