package webrtc

import (
	"net/netip"
	"slices"
)

// Candidate is where the far side says that it can be reached over UDP.
type Candidate struct {
	Addr     netip.AddrPort
	Priority uint32
}

const (
	// maxRemote is how many candidates of one far side are looked at.
	maxRemote = 16
	// lowestPort keeps checks away from the services of others: no NAT and no browser has
	// audio below it.
	lowestPort = 1024

	// What kinds of ways are worth (RFC 8445 §5.1.2.2).
	hostPreference, reflexivePreference = 126, 110
)

// localPriority is that of our candidate at place i of its kind (RFC 8445 §5.1.2.1).
func localPriority(kind uint32, i int) uint32 { return kind<<24 | uint32(65535-i)<<8 | 255 }

// streamPriority is that of a way over TCP that the far side has opened (RFC 6544 §4.2):
// below all of UDP.
func streamPriority() uint32 { return reflexivePreference<<24 | (2<<13)<<8 | 255 }

// pairPriority is that of a pair (RFC 8445 §6.1.2.3).
func pairPriority(local, remote uint32, controlling bool) uint64 {
	g, d := uint64(remote), uint64(local)
	if controlling {
		g, d = d, g
	}
	p := min(g, d)<<32 + 2*max(g, d)
	if g > d {
		p++
	}
	return p
}

// reachable reports whether checks may be sent to a candidate of a far side whose
// signalling comes from far: signalling may name any address, also that of somebody who
// has nothing to do with it. Who is outside has no business with our private addresses.
func (c *Conn) reachable(a netip.AddrPort) bool {
	addr := a.Addr()
	outside := c.far.IsValid() && !private(c.far) && !c.far.IsLoopback() && !c.far.IsLinkLocalUnicast()
	switch {
	case !a.IsValid(), a.Port() < lowestPort, addr.Zone() != "":
		return false
	case addr.IsLoopback():
		return c.home.at.Addr().IsLoopback()
	case !addr.IsGlobalUnicast(), addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return false
	}
	return !private(addr) || !outside
}

// shared is what carriers number their customers by (RFC 6598).
func shared() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10) }

// private reports whether an address means something else in another network.
func private(a netip.Addr) bool { return a.IsPrivate() || shared().Contains(a) }

// bases are our sockets that may send to a, the one at home first.
func (c *Conn) bases(a netip.Addr) []*socket {
	const most = 4
	var out []*socket
	c.hub.mu.RLock()
	defer c.hub.mu.RUnlock()
	for _, s := range append([]*socket{c.home}, c.hub.sockets...) {
		own := s.at.Addr()
		if len(out) < most && own.Is4() == a.Is4() && own.IsLoopback() == a.IsLoopback() && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
