package sipedge

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// streams are the open connections, by flow.
type streams struct {
	mu     sync.Mutex
	byFlow map[Flow]*stream
	byFar  map[farKey]*stream // the newest to a far side
	counts map[netip.Addr]int // per source
}

type farKey struct {
	transport string
	remote    netip.AddrPort
	check     *tls.Config // how its certificate was checked; nil is as for everybody
}

func newStreams() *streams {
	return &streams{byFlow: map[Flow]*stream{}, byFar: map[farKey]*stream{}, counts: map[netip.Addr]int{}}
}

// add enters s unless there are too many of its source, or one with its flow. When there are too many
// at all, the one that has been silent longest, of a few that nobody uses, makes
// room.
func (t *streams) add(s *stream, limits Limits) bool {
	src := network(s.f.Remote.Addr())
	t.mu.Lock()
	if t.twin(s) || t.counts[src] >= limits.ConnectionsPerSource {
		t.mu.Unlock()
		return false
	}
	full := len(t.byFlow) >= limits.Connections
	var some []*stream
	if full {
		for _, o := range t.byFlow {
			if some = append(some, o); len(some) == 64 {
				break
			}
		}
	}
	t.mu.Unlock()
	var victim *stream
	for _, o := range some {
		if !o.inUse() && (victim == nil || o.heard.Load() < victim.heard.Load()) {
			victim = o
		}
	}
	if full && victim == nil {
		return false
	}
	t.mu.Lock()
	if t.twin(s) {
		t.mu.Unlock()
		return false
	}
	if victim != nil {
		t.removeLocked(victim)
	}
	t.byFlow[s.f] = s
	t.byFar[s.far()] = s
	t.counts[src]++
	t.mu.Unlock()
	if victim != nil {
		_ = victim.Close() // which may wait for a far side that does not read
	}
	return true
}

// twin says whether there is another one that cannot be told from s: WebSockets that came
// through proxies have the ports of those, and would get each other's messages; mu is held.
func (t *streams) twin(s *stream) bool { return s.f.WebSocket() && t.byFlow[s.f] != nil }

func (t *streams) remove(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.removeLocked(s)
}

func (t *streams) removeLocked(s *stream) {
	if t.byFlow[s.f] != s {
		return
	}
	delete(t.byFlow, s.f)
	if far := s.far(); t.byFar[far] == s {
		delete(t.byFar, far)
	}
	src := network(s.f.Remote.Addr())
	if t.counts[src]--; t.counts[src] <= 0 {
		delete(t.counts, src)
	}
}

func (t *streams) get(f Flow) *stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byFlow[f]
}

// to is the newest connection to a far side.
func (t *streams) to(far farKey) *stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byFar[far]
}

func (s *stream) far() farKey { return farKey{s.f.Transport, s.f.Remote, s.check} }

func (t *streams) closeAll() {
	t.mu.Lock()
	list := make([]*stream, 0, len(t.byFlow))
	for _, s := range t.byFlow {
		list = append(list, s)
	}
	t.mu.Unlock()
	for _, s := range list {
		_ = s.Close()
	}
}

func (t *streams) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byFlow)
}

// acceptor is one listening TCP or TLS address.
type acceptor struct {
	net.Listener
	edge      *Edge
	transport string
	local     netip.AddrPort
	closed    atomic.Bool
}

func (e *Edge) bindStream(transport string, at netip.AddrPort) (*acceptor, error) {
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	return &acceptor{Listener: l, edge: e, transport: transport, local: addrPort(l.Addr())}, nil
}

// serve accepts until it is closed by us; it outlives other errors, such as too
// many open files.
func (a *acceptor) serve(ctx context.Context) {
	wait := backoff{}
	for {
		c, err := a.Accept()
		if err != nil {
			if a.closed.Load() || ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			a.edge.log.Warn("accepting a SIP connection failed; trying again", "address", a.local, "error", err)
			wait.sleep(ctx)
			continue
		}
		wait.reset()
		a.welcome(c)
	}
}

func (a *acceptor) welcome(c net.Conn) {
	e := a.edge
	if !e.access().allowed(addrPort(c.RemoteAddr()).Addr()) {
		e.stats.Denied.Add(1)
		_ = c.Close()
		return
	}
	if a.transport == "tls" {
		c = tls.Server(c, e.serverTLS)
	}
	s := newStream(e, c, a.transport)
	if !e.streams.add(s, e.limits) {
		e.stats.Limited.Add(1)
		_ = c.Close()
		return
	}
	if !e.running(func(ctx context.Context) { e.readers.Go(func() { s.accepted(ctx) }) }) {
		s.end() // Run has closed all that it knew of
	}
}

func (s *stream) accepted(ctx context.Context) {
	if err := s.handshake(ctx); err != nil {
		s.edge.log.Debug("TLS handshake failed", "remote", s.f.Remote, "error", err)
		s.end()
		return
	}
	s.serve(ctx)
}

func (a *acceptor) close() {
	a.closed.Store(true)
	_ = a.Close()
}
