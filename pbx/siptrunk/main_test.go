package siptrunk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var home = netip.MustParseAddrPort("192.0.2.1:5060")

// network is an Edge whose far sides are functions, for tests in which time is
// virtual.
type network struct {
	mu     sync.Mutex
	answer func(req *sip.Request, to netip.AddrPort) *sip.Response // nil is silence
	reach  func(p sipedge.Peer) error
	sent   []sentRequest
	pings  int
	held   int
	public netip.AddrPort // where NAT has us seen; zero without NAT
}

type sentRequest struct {
	*sip.Request
	to netip.AddrPort
	at time.Time
}

func (n *network) Reach(_ context.Context, p sipedge.Peer) (sipedge.Flow, error) {
	if n.reach != nil {
		if err := n.reach(p); err != nil {
			return sipedge.Flow{}, err
		}
	}
	return sipedge.Flow{Transport: p.Transport, Local: home, Remote: p.Addr}, nil
}

func (n *network) Request(_ context.Context, req *sip.Request, flow sipedge.Flow) (sip.ClientTransaction, error) {
	n.mu.Lock()
	n.sent = append(n.sent, sentRequest{req.Clone(), flow.Remote, time.Now()})
	n.mu.Unlock()
	for req.RemoveHeader("Via") {
	}
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: "UDP", Host: home.Addr().String(), Port: int(home.Port())}
	via.Params.Add("branch", sip.GenerateBranch())
	if public := n.seen(); public.IsValid() {
		via.Params.Add("received", public.Addr().String())
		via.Params.Add("rport", strconv.Itoa(int(public.Port())))
	}
	req.PrependHeader(via)
	tx := &transaction{out: make(chan *sip.Response, 4), done: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	if res := n.answer(req, flow.Remote); res != nil {
		tx.out <- res
	}
	return tx, nil
}

func (n *network) ContactURI(_ sipedge.Flow, user string) sip.Uri {
	return sip.Uri{Scheme: "sip", User: user, Host: home.Addr().String(), Port: int(home.Port())}
}

func (n *network) Hold(sipedge.Flow) func() {
	n.change(func() { n.held++ })
	return func() { n.change(func() { n.held-- }) }
}

func (n *network) Ping(sipedge.Flow) error { n.change(func() { n.pings++ }); return nil }

func (n *network) seen() netip.AddrPort {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.public
}

// change is for what far sides do, and what is counted.
func (n *network) change(do func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	do()
}

// requests are those of a method so far.
func (n *network) requests(method sip.RequestMethod) []sentRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []sentRequest
	for _, r := range n.sent {
		if r.Method == method {
			list = append(list, r)
		}
	}
	return list
}

type transaction struct {
	sip.ClientTransaction
	out  chan *sip.Response
	done chan struct{}
}

func (t *transaction) Responses() <-chan *sip.Response { return t.out }
func (t *transaction) Done() <-chan struct{}           { return t.done }
func (t *transaction) Err() error                      { return errors.New("ended") }
func (t *transaction) Terminate()                      {}

// respond is a response with further header lines.
func respond(req *sip.Request, code int, reason string, lines ...string) *sip.Response {
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		res.AppendHeader(sip.NewHeader(name, value))
	}
	return res
}

// bench is Trunks with a configuration that the test changes.
type bench struct {
	*Trunks
	t    *testing.T
	conf *config.Config
	log  *journal
	stop context.CancelFunc
	done chan struct{}
}

// open makes Trunks over an edge and runs them until the test ends.
func open(t *testing.T, edge Edge, trunks map[string]config.Trunk, nameServers ...string) *bench {
	t.Helper()
	b := prepare(t, edge, trunks, nameServers...)
	b.start()
	return b
}

func prepare(t *testing.T, edge Edge, trunks map[string]config.Trunk, nameServers ...string) *bench {
	t.Helper()
	b := &bench{t: t, conf: &config.Config{Trunks: trunks}, log: &journal{}, done: make(chan struct{})}
	b.Trunks = New(Options{
		Edge: edge, Config: func() *config.Config { return b.conf }, Servers: append([]string{}, nameServers...),
		Log: slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
	})
	return b
}

func (b *bench) start() {
	ctx, cancel := context.WithCancel(b.t.Context())
	go func() { defer close(b.done); _ = b.Run(ctx) }()
	b.stop = func() { cancel(); <-b.done }
	b.t.Cleanup(b.stop)
}

// reload changes one trunk.
func (b *bench) reload(name string, change func(*config.Trunk)) {
	conf := *b.conf
	conf.Trunks = map[string]config.Trunk{}
	for n, c := range b.conf.Trunks {
		conf.Trunks[n] = c
	}
	c := conf.Trunks[name]
	change(&c)
	conf.Trunks[name] = c
	b.conf = &conf
	b.Reload()
}

func (b *bench) one(name string) Status {
	for _, s := range b.Status() {
		if s.Name == name {
			return s
		}
	}
	b.t.Fatalf("there is no trunk %s", name)
	return Status{}
}

// want checks the state under virtual time, once nothing is left to do.
func (b *bench) want(name string, state State) Status {
	b.t.Helper()
	synctest.Wait()
	s := b.one(name)
	if s.State != state {
		b.t.Fatalf("trunk %s is %s (%s), want %s; log:\n%s", name, s.State, s.Why, state, b.log)
	}
	return s
}

// await waits for a state in real time.
func (b *bench) await(name string, state State) Status {
	b.t.Helper()
	var s Status
	b.eventually(fmt.Sprintf("trunk %s is %s", name, state), func() bool { s = b.one(name); return s.State == state })
	return s
}

// eventually waits for what no message tells.
func (b *bench) eventually(what string, done func() bool) {
	b.t.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	limit := time.After(10 * time.Second)
	for !done() {
		select {
		case <-again.C:
		case <-limit:
			b.t.Fatalf("not so after 10 s: %s; status %+v; log:\n%s", what, b.Status(), b.log)
		}
	}
}

// journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// count is in how many lines all of words are.
func (j *journal) count(words ...string) int {
	n := 0
lines:
	for line := range strings.Lines(j.String()) {
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue lines
			}
		}
		n++
	}
	return n
}

// provider is an account at 203.0.113.9.
func provider(change ...func(*config.Trunk)) config.Trunk {
	c := config.DefaultTrunk()
	c.Host, c.Username, c.Password, c.Register, c.Qualify = "203.0.113.9", "user", "secret", true, 0
	for _, f := range change {
		f(&c)
	}
	return c
}
