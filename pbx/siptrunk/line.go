package siptrunk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

var (
	// errReplaced stops a line whose registration the next one takes over.
	errReplaced = errors.New("the trunk was configured anew")
	errGone     = errors.New("the trunk was removed")
)

// line is one trunk as it is configured: when what it connects to changes, another
// line takes its place.
type line struct {
	name   string
	user   string // of our contact at the provider
	edge   Edge
	dns    *resolver
	log    *slog.Logger
	conf   atomic.Pointer[settings]
	stop   context.CancelCauseFunc
	probe  chan struct{} // capacity 1: something is due for watch
	again  chan struct{} // capacity 1: something is due for register
	lookup chan struct{} // capacity 1: who looks up holds its token

	mu    sync.Mutex
	state state
	found finding
	known map[Server]*health
	bound binding
}

// finding is what the last look-ups found.
type finding struct {
	records []record
	all     []Server // of records, and no others
	behind  []record // those of host, when there is a proxy
	due     time.Time
	err     error // of the last look-up
}

// binding is the registration that is in force, or was.
type binding struct {
	valid  bool
	server Server
	flow   sipedge.Flow
	// seen is the address that the provider saw us at over flow, where it is not
	// the one that the flow has: there is NAT between.
	seen  netip.AddrPort
	asked time.Time // when it was last told to register again for another address
}

func newLine(t *Trunks, name string, c config.Trunk) *line {
	l := &line{
		name: name, edge: t.opt.Edge, dns: t.dns, log: t.log, stop: func(error) {},
		probe: make(chan struct{}, 1), again: make(chan struct{}, 1), lookup: make(chan struct{}, 1),
		known: map[Server]*health{}, state: state{now: StateNew, since: time.Now()},
	}
	s := newSettings(c)
	l.conf.Store(s)
	// The same for ever, so that a registration from before a crash is replaced; another
	// for what binds tells apart, so that giving up the old one leaves the new one alone.
	sum := sha256.Sum256([]byte(strings.Join([]string{name, c.Username, c.Host, c.Proxy, c.Transport}, "\n")))
	l.user = "t" + hex.EncodeToString(sum[:8])
	return l
}

func (l *line) settings() *settings { return l.conf.Load() }

// reaches says whether o is reached and registered as l is, so that l can go on.
func (l *line) reaches(o *line) bool {
	a, b := l.settings(), o.settings()
	return l.binds(o) && a.conf.Login == b.conf.Login && a.conf.Password == b.conf.Password &&
		a.conf.Expires == b.conf.Expires && a.conf.Qualify == b.conf.Qualify &&
		a.tlsSum == b.tlsSum && faultText(a) == faultText(b)
}

// binds says whether o will have the registration that l has.
func (l *line) binds(o *line) bool {
	a, b := l.settings(), o.settings()
	return a.host == b.host && a.proxy == b.proxy && a.conf.Transport == b.conf.Transport &&
		a.conf.Username == b.conf.Username && a.conf.Register == b.conf.Register
}

func faultText(s *settings) string {
	if s.fault == nil {
		return ""
	}
	return s.fault.Error()
}

// use takes over what changed in a configuration that is reached as before. The
// TLS stays: connections are known by it.
func (l *line) use(o *line) {
	s := *o.settings()
	s.tls = l.settings().tls
	l.conf.Store(&s)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.now == StateFailed {
		wake(l.again)
	}
}

// run watches and registers until ctx ends.
func (l *line) run(ctx context.Context) {
	if fault := l.settings().fault; fault != nil {
		l.settle(StateFailed, fault.Error(), time.Time{})
		return
	}
	var parts sync.WaitGroup
	parts.Go(func() { l.watch(ctx) })
	if l.settings().conf.Register {
		parts.Go(func() { l.register(ctx) })
	}
	parts.Wait()
}

// servers are the servers in the order to try now.
func (l *line) servers(ctx context.Context) ([]Server, error) {
	if fault := l.settings().fault; fault != nil {
		return nil, fault
	}
	l.mu.Lock()
	have := len(l.found.records) > 0
	l.mu.Unlock()
	if !have {
		if err := l.find(ctx, false); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	list := ordered(l.found.records, rand.IntN)
	slices.SortStableFunc(list, func(a, b Server) int { return l.deadness(a) - l.deadness(b) })
	return list, nil
}

// deadness is 1 for a server that is known not to answer; l.mu is held.
func (l *line) deadness(s Server) int {
	if h := l.known[s]; h != nil && h.dead {
		return 1
	}
	return 0
}

// dead reports whether a call over the trunk is known to be in vain: none of its
// servers answers or can be found, or it is not registered though it should be. What
// was not tried yet is not known.
func (l *line) dead() bool {
	set := l.settings()
	if set.fault != nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.state.settled.state; set.conf.Register && s != "" && s != StateRegistered {
		return true
	}
	for _, s := range l.found.all {
		if l.deadness(s) == 0 {
			return false
		}
	}
	return len(l.found.all) > 0 || l.found.err != nil
}

// flow is the way to a server.
func (l *line) flow(ctx context.Context, s Server) (sipedge.Flow, error) {
	if fault := l.settings().fault; fault != nil {
		return sipedge.Flow{}, fault
	}
	return l.edge.Reach(ctx, sipedge.Peer{Transport: s.Transport, Addr: s.Addr, TLS: l.settings().tls})
}

// contact is our address for the far side of a flow: behind NAT the one that the
// provider saw.
func (l *line) contact(flow sipedge.Flow) sip.Uri {
	user := ""
	if l.settings().conf.Register {
		user = l.user
	}
	u := l.edge.ContactURI(flow, user)
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.bound; b.seen.IsValid() && b.flow.Transport == flow.Transport && b.flow.Local == flow.Local && u.Host == hostText(flow.Local.Addr()) {
		u.Host, u.Port = hostText(b.seen.Addr()), int(b.seen.Port())
	}
	return u
}

func hostText(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.WithZone("").String() + "]"
	}
	return a.String()
}

// settle takes the result of an attempt and logs it when it is news.
func (l *line) settle(to State, why string, next time.Time, args ...any) {
	l.mu.Lock()
	news := l.state.settle(to, why, time.Now(), next)
	l.mu.Unlock()
	if news {
		l.report(to, why, args...)
	}
}

func (l *line) status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{
		Name: l.name, State: l.state.now, Since: l.state.since, Why: l.state.why, Next: l.state.next,
		Expires: l.state.expires, Limit: l.settings().conf.Channels,
	}
	for _, server := range ordered(l.found.records, func(int) int { return 0 }) {
		one := ServerStatus{Server: server, Alive: true}
		if h := l.known[server]; h != nil {
			one.Alive, one.Since, one.Why, one.RTT = !h.dead, h.since, h.why, h.rtt
		}
		s.Servers = append(s.Servers, one)
	}
	return s
}

// wake has a part of the line look again.
func wake(part chan struct{}) {
	select {
	case part <- struct{}{}:
	default:
	}
}
