package sipedge

import (
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// ContactURI is our address as the far side of flow sees it: sip.external for one
// outside of sip.local_networks, else the local address of the flow. user is
// escaped. sips is not used: it would ask every hop for TLS.
func (e *Edge) ContactURI(flow Flow, user string) sip.Uri {
	at := e.reachable(flow)
	u := sip.Uri{Scheme: "sip", User: EscapeUser(user), Host: hostText(at.Addr()), Port: int(at.Port())}
	if flow.Reliable() && !flow.IsZero() {
		transport := flow.Transport
		if flow.WebSocket() {
			transport = "ws" // also when it is secure (RFC 7118 §4)
		}
		u.UriParams = sip.HeaderParams{{K: "transport", V: transport}}
	}
	return u
}

// MediaAddr is where to bind media for a far side, and the address to put into
// SDP for it.
func (e *Edge) MediaAddr(flow Flow) (bind, advertise netip.Addr) {
	bind = flow.Local.Addr()
	if !bind.IsValid() {
		bind = e.reachable(flow).Addr()
	}
	if ext, ok := e.outside(flow); ok {
		return bind, ext
	}
	return bind, bind
}

// Alive says whether a request can be sent over flow: whether its connection is
// open, or for UDP its local address is still ours.
func (e *Edge) Alive(flow Flow) bool {
	if flow.Transport == "udp" {
		return e.addrs.socket(flow.Local) != nil
	}
	return e.streams.get(flow) != nil
}

// Hold keeps a TCP or TLS connection open while it is silent, as for a call that
// is up, until the function it returns is called. It holds nothing, and does not
// fail, when the connection is gone.
func (e *Edge) Hold(flow Flow) (release func()) {
	s := e.streams.get(flow)
	if s == nil {
		return func() {}
	}
	s.uses.Add(1)
	done := make(chan struct{}, 1)
	return func() {
		select {
		case done <- struct{}{}:
			s.uses.Add(-1)
		default:
		}
	}
}

// outside gives sip.external when it is what the far side sees.
func (e *Edge) outside(f Flow) (netip.Addr, bool) {
	a := e.access()
	far := f.Remote.Addr()
	if !a.external.IsValid() || !far.IsValid() || contains(a.local, far) || a.external.Is4() != far.Is4() {
		return netip.Addr{}, false
	}
	return a.external, true
}

// reachable is where the far side of a flow can reach us anew: the listening port,
// also for a connection that we opened.
func (e *Edge) reachable(f Flow) netip.AddrPort {
	at := f.Local
	if f.Reliable() || !at.IsValid() {
		at = e.listening(f)
	}
	if ext, ok := e.outside(f); ok {
		return netip.AddrPortFrom(ext, at.Port())
	}
	return at
}

// listening is the address for a transport that fits a local one best: the same,
// the same host, the same family, any.
func (e *Edge) listening(f Flow) netip.AddrPort {
	transport := f.Transport
	if transport == "" {
		transport = "udp"
	}
	best, rank := f.Local, 0
	for _, a := range e.Addresses() {
		r := 0
		switch {
		case a.Transport != transport:
		case a.AddrPort == f.Local:
			r = 4
		case a.AddrPort.Addr() == f.Local.Addr():
			r = 3
		case f.Local.IsValid() && a.AddrPort.Addr().Is4() == f.Local.Addr().Is4():
			r = 2
		case !f.Local.IsValid():
			r = 1
		}
		if r > rank {
			best, rank = a.AddrPort, r
		}
	}
	if rank == 2 {
		// Another host's port would be right, its address would not.
		best = netip.AddrPortFrom(f.Local.Addr(), best.Port())
	}
	return best
}
