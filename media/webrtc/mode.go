package webrtc

import (
	"net"
	"net/netip"
	"slices"
)

// Mode says who looks for ways between the far side and us.
type Mode uint8

const (
	// Auto is Full for a far side that may not be able to reach us by itself, and Lite
	// for others.
	Auto Mode = iota
	// Lite leaves it to the far side (RFC 8445 §2.5): we have an address that it can reach.
	Lite
	// Full has us look as well, which opens the way through a NAT or a firewall on our
	// side.
	Full
)

// full reports whether a far side whose signalling comes from far is checked by us: it is
// in another network than ours, where none of our addresses means anything, or a STUN server was
// named, which is for those behind NAT only.
func (h *Hub) full(far netip.Addr) bool {
	switch {
	case h.Mode != Auto:
		return h.Mode == Full
	case h.STUN != "":
		return true
	case !far.IsValid() || far.IsLoopback() || h.Near != nil && h.Near(far):
		return false
	}
	return behindNAT(networks(), far.Unmap().WithZone(""))
}

// behindNAT reports whether far is in none of our networks, and sees none of our addresses.
func behindNAT(networks []netip.Prefix, far netip.Addr) bool {
	return !slices.ContainsFunc(networks, func(n netip.Prefix) bool {
		public := n.Addr().Is4() == far.Is4() && n.Addr().IsGlobalUnicast() && !private(n.Addr())
		return public || n.Contains(far)
	})
}

// networks are those that this machine is in.
func networks() []netip.Prefix {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Prefix
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		addr, ok := netip.AddrFromSlice(n.IP)
		bits, size := n.Mask.Size()
		if addr = addr.Unmap(); ok && size == addr.BitLen() {
			out = append(out, netip.PrefixFrom(addr, bits))
		}
	}
	return out
}
