package webrtc

import (
	"net/netip"
	"slices"
	"sync/atomic"

	"dialtone/media/rtp"
)

// Relayed is a way to one far side through a relay that is in this process: neither of
// them needs a port for it.
type Relayed struct {
	hub    *Hub
	remote netip.AddrPort
	out    func(b []byte) bool
	owner  atomic.Pointer[Conn] // whose credentials it has shown; nil before
	a      *rtp.Arrival
}

// Relay makes a way to a far side that the relay shows as remote. out sends to it: it must
// not block, nor keep b. It may be called from many goroutines, also after Close.
func (h *Hub) Relay(remote netip.AddrPort, out func(b []byte) bool) *Relayed {
	return &Relayed{hub: h, remote: remote, out: out, a: rtp.NewArrival()}
}

// Received takes a datagram of the far side, unless it is too long. One goroutine at a
// time may call it.
func (r *Relayed) Received(b []byte) {
	if len(b) > 0 && len(b) <= longest {
		r.hub.received(r, r.a, copy(r.a.Buffer(), b), r.remote)
	}
}

// Close forgets what came this way.
func (r *Relayed) Close() {
	if c := r.owner.Swap(nil); c != nil {
		c.ended(r)
	}
}

// send implements way.
func (r *Relayed) send(b []byte, _ netip.AddrPort) bool { return r.out(b) }

// ownedBy implements way.
func (r *Relayed) ownedBy(netip.AddrPort) *Conn { return r.owner.Load() }

// claim implements way: who is behind a relay talks about one call by it.
func (r *Relayed) claim(_ netip.AddrPort, c *Conn) bool {
	return r.owner.CompareAndSwap(nil, c) || r.owner.Load() == c
}

// disown implements way.
func (r *Relayed) disown(_ netip.AddrPort, c *Conn) { r.owner.CompareAndSwap(c, nil) }

// Has says whether we listen at an address, or are seen at it from outside; port 0 is any.
func (h *Hub) Has(at netip.AddrPort) bool {
	is := func(own netip.AddrPort) bool {
		return own.Addr() == at.Addr() && (at.Port() == 0 || own.Port() == at.Port())
	}
	if slices.ContainsFunc(h.Addresses(), is) {
		return true
	}
	h.mirror.mu.Lock()
	defer h.mirror.mu.Unlock()
	for _, s := range h.mirror.seen {
		if is(s.at) {
			return true
		}
	}
	return false
}
