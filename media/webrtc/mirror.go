package webrtc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	// lookInterval is how often the STUN server is asked, which also keeps the way open
	// through the NAT.
	lookInterval = 20 * time.Second
	// lookAgain is after how long it is asked again when no answer came, and maxLooks how
	// often.
	lookAgain, maxLooks = 500 * time.Millisecond, 4
	// sightingLife is for how long an answer counts.
	sightingLife = 4 * lookInterval
)

// mirror knows what addresses our sockets have outside.
type mirror struct {
	mu     sync.Mutex
	seen   map[*socket]*sighting
	silent bool // the server does not answer, which has been said
}

// sighting is what the STUN server says of one socket.
type sighting struct {
	id     [12]byte       // of the question
	server netip.AddrPort // that was asked
	open   bool           // it has not answered
	at     netip.AddrPort // not valid before the first answer
	when   time.Time
}

// look asks the STUN server until the hub closes.
func (h *Hub) look() {
	for {
		err := h.lookOnce()
		h.mirror.report(h, err)
		select {
		case <-h.ctx.Done():
			return
		case <-time.After(lookInterval):
		}
	}
}

// errNoSight says that a STUN server is of no use.
var errNoSight = errors.New("it does not answer")

// lookOnce asks it for every socket, again for those that get no answer.
func (h *Hub) lookOnce() error {
	servers, err := h.stunServers()
	if err != nil {
		return err
	}
	for i := range maxLooks {
		if !h.ask(servers, i == 0) {
			break
		}
		select {
		case <-h.ctx.Done():
			return nil
		case <-time.After(lookAgain):
		}
	}
	if h.mirror.blind() {
		return errNoSight
	}
	return nil
}

// stunServers are the addresses of the server, one of each family at most.
func (h *Hub) stunServers() ([]netip.AddrPort, error) {
	ctx, stop := context.WithTimeout(h.ctx, 5*time.Second)
	defer stop()
	host, service, err := net.SplitHostPort(h.STUN)
	if err != nil {
		return nil, fmt.Errorf("STUN server: %w", err)
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("STUN server: %w", err)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("STUN server: %w", err)
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		a = a.Unmap()
		if !slices.ContainsFunc(out, func(o netip.AddrPort) bool { return o.Addr().Is4() == a.Is4() }) {
			out = append(out, netip.AddrPortFrom(a, uint16(port)))
		}
	}
	return out, nil
}

// ask sends a question from each socket, or from those that have got no answer, and
// reports whether there was one.
func (h *Hub) ask(servers []netip.AddrPort, all bool) (asked bool) {
	h.mu.RLock()
	sockets := slices.Clone(h.sockets)
	h.mu.RUnlock()
	for _, s := range sockets {
		i := slices.IndexFunc(servers, func(a netip.AddrPort) bool {
			return a.Addr().Is4() == s.at.Addr().Is4() && a.Addr().IsLoopback() == s.at.Addr().IsLoopback()
		})
		if i < 0 {
			continue
		}
		if id, ok := h.mirror.question(s, servers[i], all); ok {
			s.send(plainQuestion(id), servers[i])
			asked = true
		}
	}
	return asked
}

// question gives what to ask the server about s, unless it has answered already.
func (m *mirror) question(s *socket, server netip.AddrPort, anew bool) ([12]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[*socket]*sighting{}
	}
	q := m.seen[s]
	if q == nil {
		q = &sighting{}
		m.seen[s] = q
	}
	if anew {
		q.id, q.server, q.open = newID(), server, true
	}
	return q.id, q.open
}

// blind reports whether not one address is known.
func (m *mirror) blind() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, q := range m.seen {
		if !q.open {
			return false
		}
	}
	return true
}

// answered takes the answer of the server.
func (m *mirror) answered(s *socket, v *verdict, from netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := m.seen[s]
	if q == nil || !q.open || q.id != v.id || q.server != from || !v.success || !v.mapped.IsValid() || v.mapped.Addr().IsUnspecified() {
		return
	}
	q.open, q.at, q.when = false, v.mapped, time.Now()
}

// where are the addresses that we have outside, besides those that are known.
func (m *mirror) where(known []netip.AddrPort) []netip.AddrPort {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []netip.AddrPort
	for _, q := range m.seen {
		if q.at.IsValid() && time.Since(q.when) < sightingLife && !slices.Contains(known, q.at) && !slices.Contains(out, q.at) {
			out = append(out, q.at)
		}
	}
	slices.SortFunc(out, netip.AddrPort.Compare)
	return out[:min(len(out), maxCandidates)]
}

// report says once that the server is of no use, and once that it is again.
func (m *mirror) report(h *Hub, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch silent := err != nil; {
	case h.ctx.Err() != nil || silent == m.silent:
	case silent:
		m.silent = true
		h.Log.Warn("the STUN server tells us no address: browsers outside may not reach us", "server", h.STUN, "error", err)
	default:
		m.silent = false
		h.Log.Info("the STUN server answers again", "server", h.STUN)
	}
}
