package webrtc

import (
	"net"
	"net/netip"
	"slices"
)

// maxCandidates is how many addresses a browser is told of: it checks each of them.
const maxCandidates = 8

// addresses are those of this machine that others may know.
func addresses() []netip.Addr {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		addr, ok := netip.AddrFromSlice(n.IP)
		if addr = addr.Unmap(); ok && addr.IsGlobalUnicast() && len(out) < maxSockets/2 && !slices.Contains(out, addr) {
			out = append(out, addr)
		}
	}
	return out
}

// candidates are where a browser that talks with us at home can reach us, best first. It
// sees us as seen, which is another address when there is NAT between us: then our
// private ones say nothing to it.
func (h *Hub) candidates(home *socket, seen netip.Addr) []netip.AddrPort {
	out := []netip.AddrPort{home.at}
	inside := true
	if seen = seen.Unmap().WithZone(""); seen.IsValid() && seen != home.at.Addr() {
		out, inside = []netip.AddrPort{netip.AddrPortFrom(seen, home.at.Port())}, false
	}
	for _, at := range h.Addresses() {
		a := at.Addr()
		if len(out) < maxCandidates && !slices.Contains(out, at) && !a.IsLoopback() && (inside || !a.IsPrivate()) {
			out = append(out, at)
		}
	}
	return out
}
