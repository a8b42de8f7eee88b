package sipedge

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// expand gives the concrete addresses of one entry.
func expand(spec string, have []netip.Addr) (list []netip.AddrPort, wild bool, err error) {
	host, port, err := net.SplitHostPort(spec)
	if err != nil {
		return nil, false, fmt.Errorf("address %q: want host:port", spec)
	}
	n, ok := number(port, 65535)
	if !ok || port == "" {
		return nil, false, fmt.Errorf("address %q: %q is not a port", spec, port)
	}
	only := netip.Addr{}
	if host != "" {
		if only, err = netip.ParseAddr(host); err != nil {
			return nil, false, fmt.Errorf("address %q: want an IP address, 0.0.0.0, [::] or nothing before the port", spec)
		}
		if !only.IsUnspecified() {
			return []netip.AddrPort{netip.AddrPortFrom(only.Unmap(), uint16(n))}, false, nil
		}
	}
	for _, a := range have {
		if !only.IsValid() || a.Is4() == only.Is4() {
			list = append(list, netip.AddrPortFrom(a, uint16(n)))
		}
	}
	return list, true, nil
}

// machineAddrs are the addresses of all interfaces without the link-local ones of
// IPv6: they mean nothing without an interface, which SIP cannot say.
func machineAddrs() ([]netip.Addr, error) {
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var list []netip.Addr
	for _, n := range nets {
		p, err := netip.ParsePrefix(n.String())
		if err != nil {
			continue
		}
		a := p.Addr().Unmap()
		if (a.Is6() && a.IsLinkLocalUnicast()) || a.IsMulticast() || slices.Contains(list, a) {
			continue
		}
		list = append(list, a)
	}
	return list, nil
}
