package sipua

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/rtp"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/storage"
)

// t1 keeps 64*T1 at a length that tests can wait for.
const t1 = 50 * time.Millisecond

func TestMain(m *testing.M) {
	sip.SetTimers(t1, 8*t1, 10*t1)
	goleak.VerifyTestMain(m)
}

// bed is a UA on real sockets, with an edge, and scripted phones round it.
type bed struct {
	t      *testing.T
	ether  *ether // nil is the real network
	ua     *UA
	cfg    *config.Config
	udp    netip.AddrPort
	tcp    netip.AddrPort
	lines  *lines
	log    logged
	calls  chan offeredCall
	mu     sync.Mutex
	refuse *dialplan.Ended
	phones map[string][]registrar.Contact
}

type offeredCall struct {
	leg   call.Inbound
	facts dialplan.Facts
}

func newBed(t *testing.T, change ...func(*config.Config)) *bed {
	t.Helper()
	return newBedWith(t, nil, change...)
}

// newBedWith is newBed with other timers.
func newBedWith(t *testing.T, tune func(*timers), change ...func(*config.Config)) *bed {
	t.Helper()
	b := newBedOn(t, nil, newEngine(t), tune, change...)
	probe := newSide(newPeer(t, "udp", b.udp), "x", "y")
	probe.send("OPTIONS") // answered as soon as the edge runs
	probe.response(200)
	return b
}

// inFakeTime runs a test of what depends on time, on a network in memory.
func inFakeTime(t *testing.T, tune func(*timers), test func(*testing.T, *bed), change ...func(*config.Config)) {
	t.Helper()
	engine := newEngine(t)
	synctest.Test(t, func(t *testing.T) {
		e := &ether{}
		b := newBedOn(t, e.listen, engine, tune, append(change, func(c *config.Config) {
			c.SIP.UDP, c.SIP.TCP = []string{"127.0.0.1:5060"}, nil
		})...)
		b.ether = e
		test(t, b)
	})
}

func newEngine(t *testing.T) *rtp.Engine {
	t.Helper()
	engine, err := rtp.New(rtp.Options{First: 20000, Last: 29999, Drain: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	engine.Start()
	t.Cleanup(engine.Close)
	return engine
}

// newBedOn is a bed on the UDP sockets that listen makes; nil is those of the
// system.
func newBedOn(t *testing.T, listen func(netip.AddrPort) (sipedge.UDPConn, error), engine *rtp.Engine, tune func(*timers), change ...func(*config.Config)) *bed {
	t.Helper()
	cfg := config.Default()
	cfg.SIP.UDP, cfg.SIP.TCP, cfg.SIP.TLS = []string{"127.0.0.1:0"}, []string{"127.0.0.1:0"}, nil
	cfg.SIP.RatePerSource = 0
	cfg.SIP.SessionExpires = 0
	for _, e := range []string{"100", "101", "102"} {
		cfg.Extensions[e] = config.Extension{Password: config.Secret("secret" + e)}
	}
	for _, f := range change {
		f(&cfg)
	}
	b := &bed{t: t, cfg: &cfg, calls: make(chan offeredCall, 16), phones: map[string][]registrar.Contact{}}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(&b.log, testLog()), &slog.HandlerOptions{Level: slog.LevelDebug}))
	current := func() *config.Config { return b.cfg }
	edge, err := sipedge.New(sipedge.Options{Config: current, Log: log, ListenUDP: listen})
	if err != nil {
		t.Fatal(err)
	}
	b.lines = newLines(edge, current, log)
	b.ua = New(Options{
		Trunks: b.lines, Edge: edge, Auth: sipauth.New(sipauth.Options{Config: current, Log: log}), Registrar: b, Engine: engine,
		Config: current, Accept: b.accept, Log: log,
	})
	if tune != nil {
		tune(&b.ua.timers)
	}
	if err := edge.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, a := range edge.Addresses() {
		switch a.Transport {
		case "udp":
			b.udp = a.AddrPort
		case "tcp":
			b.tcp = a.AddrPort
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = edge.Run(ctx) }()
	b.lines.start()
	t.Cleanup(func() {
		defer b.lines.stop()
		ctx, cancel := context.WithTimeout(context.Background(), 2*t1)
		defer cancel()
		b.ua.Close(ctx)
		if left := b.ua.table.all(); len(left) > 0 {
			t.Errorf("%d legs are left in the table", len(left))
		}
		stop()
		<-stopped
	})
	return b
}

// logged collects what is logged.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logged) count(text string) int { return strings.Count(l.String(), text) }

func testLog() io.Writer {
	if os.Getenv("SIPUA_LOG") != "" {
		return os.Stderr
	}
	return io.Discard
}

func (b *bed) accept(l call.Inbound, f dialplan.Facts) *dialplan.Ended {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return b.refuse
	}
	b.calls <- offeredCall{l, f}
	return nil
}

// Lookup implements Registrar.
func (b *bed) Lookup(extension string) []registrar.Contact {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]registrar.Contact(nil), b.phones[extension]...)
}

// phone is a peer, registered as extension when that is not empty.
func (b *bed) phone(extension string) *peer { return b.phoneOn("udp", extension) }

func (b *bed) phoneOn(network, extension string) *peer {
	b.t.Helper()
	edge := b.udp
	if network == "tcp" {
		edge = b.tcp
	}
	var p *peer
	if b.ether != nil {
		p = newPeerOn(b.t, network, b.ether.dial(netip.MustParseAddrPort(fmt.Sprintf("127.0.0.%d:5060", 2+len(b.ether.sockets))), edge))
	} else {
		p = newPeer(b.t, network, edge)
	}
	if network == "tcp" { // the edge knows the connection
		probe := newSide(p, "x", "y")
		probe.send("OPTIONS")
		probe.response(200)
	}
	if extension != "" {
		b.register(extension, p, p.uri("peer"))
	}
	return p
}

func (b *bed) register(extension string, p *peer, uri string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	edge := b.udp
	if p.transport == "TCP" {
		edge = b.tcp
	}
	c := registrar.Contact{Contact: storage.Contact{ContactKey: storage.ContactKey{Extension: extension, Binding: uri}, URI: uri}}
	c.Peer = registrar.Flow{Transport: strings.ToLower(p.transport), Local: edge, Remote: netip.MustParseAddrPort(p.addr())}
	b.phones[extension] = append(b.phones[extension], c)
}

// take is the call that was offered to Accept.
func (b *bed) take() offeredCall {
	b.t.Helper()
	select {
	case c := <-b.calls:
		return c
	case <-time.After(patience):
		b.t.Fatal("no call was offered")
	}
	return offeredCall{}
}

// formats by payload type.
func want(d media.Direction, f ...codec.Format) call.Want { return call.Want{Formats: f, Direction: d} }

var both = want(media.SendRecv, codec.PCMU, codec.PCMA, codec.DTMF)

func caller(formats ...codec.Format) call.Invitation {
	inv := call.Invitation{CallID: "c1", From: "100", FromName: "Alice", To: "101", Near: both}
	if formats != nil {
		inv.Near = want(media.SendRecv, formats...)
	}
	return inv
}

// dialled is the outcome of Dial.
type dialled struct {
	leg call.Leg
	err error
}

// dial calls extension in the background.
func (b *bed) dial(ctx context.Context, extension string, inv call.Invitation, progress func(call.Progress)) <-chan dialled {
	b.t.Helper()
	contacts, err := b.ua.Contacts(extension)
	if err != nil {
		b.t.Fatal(err)
	}
	out := make(chan dialled, 1)
	go func() {
		l, err := b.ua.Dial(ctx, contacts[0], inv, progress)
		out <- dialled{l, err}
	}()
	return out
}

func (b *bed) wait(out <-chan dialled) dialled {
	b.t.Helper()
	select {
	case d := <-out:
		return d
	case <-time.After(patience):
		b.t.Fatal("Dial did not return")
	}
	return dialled{}
}

// over waits for the end of a leg.
func (b *bed) over(l call.Leg) *dialplan.Ended {
	b.t.Helper()
	select {
	case <-l.Context().Done():
	case <-time.After(patience):
		b.t.Fatal("the leg did not end")
	}
	var e *dialplan.Ended
	if err := context.Cause(l.Context()); !errors.As(err, &e) {
		b.t.Fatalf("the leg ended with %v, which is no *dialplan.Ended", err)
	}
	return e
}

func (b *bed) ends(l call.Leg, cause dialplan.Cause) *dialplan.Ended {
	b.t.Helper()
	e := b.over(l)
	if e.Cause != cause {
		b.t.Fatalf("leg ended with %v, want %v", e, cause)
	}
	return e
}

func (b *bed) fails(err error, cause dialplan.Cause) *dialplan.Ended {
	b.t.Helper()
	var e *dialplan.Ended
	if !errors.As(err, &e) || e.Cause != cause {
		b.t.Fatalf("got error %v, want cause %v", err, cause)
	}
	return e
}

// changed waits for a token.
func (b *bed) changed(l call.Leg) {
	b.t.Helper()
	select {
	case <-l.Changed():
	case <-time.After(patience):
		b.t.Fatal("no token in Changed")
	}
}

// inbound sets up an answered call from 100.
func (b *bed) inbound(near call.Want, invite ...string) (*side, call.Inbound) {
	b.t.Helper()
	s := newSide(b.phone("100"), "100", "101")
	if invite == nil {
		invite = []string{plainSDP}
	}
	s.call(invite...)
	c := b.take()
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), near) }()
	s.learn(s.response(200))
	s.ack()
	if err := <-done; err != nil {
		b.t.Fatal(err)
	}
	return s, c.leg
}

// outbound sets up an answered call to 101.
func (b *bed) outbound(inv call.Invitation, answer ...string) (*side, call.Leg) {
	b.t.Helper()
	p := b.phone("101")
	out := b.dial(context.Background(), "101", inv, nil)
	req := p.request(sip.INVITE)
	if answer == nil {
		answer = []string{plainSDP}
	}
	p.reply(req, 200, "callee", answer...)
	p.request(sip.ACK)
	d := b.wait(out)
	if d.err != nil {
		b.t.Fatal(d.err)
	}
	return sideOf(p, req, "callee"), d.leg
}
