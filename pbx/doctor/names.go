package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// names are those by which this machine is reached, and the addresses that it tells others.
func (p *patient) names(ctx context.Context) []Finding {
	own := ownAddresses()
	public := slices.DeleteFunc(slices.Clone(own), func(a netip.Addr) bool { return !isPublic(a) })
	external := p.cfg.SIP.ExternalAddr()
	var out []Finding
	outside := p.outside(ctx)
	switch {
	case external.IsValid() && external.IsPrivate():
		out = append(out, warning(fmt.Sprintf("sip.external is %v, which nobody outside reaches", external), "write the address that the router has on the outside"))
	case external.IsValid():
		out = append(out, ok(fmt.Sprintf("who is outside is told %v (sip.external)", external)))
	case len(public) > 0:
		out = append(out, ok("this machine has a public address: "+list(public)))
	case outside != "":
		out = append(out, problem(outside+", but is told a private address, "+list(own)+": calls there have no audio", "write the public address of the router into sip.external, and pass media.ports and media.webrtc_port on to this machine"))
	default:
		out = append(out, ok("for phones in the same network: "+list(own)+". For others, set sip.external"))
	}
	if name := p.cfg.Web.Name; name != "" {
		out = append(out, p.webName(ctx, name, append(own, external)))
	}
	return out
}

// outside says who is beyond the local networks; "" is nobody that is known of.
func (p *patient) outside(ctx context.Context) string {
	if !p.running() {
		return ""
	}
	phones, _ := p.Server.Registrations(ctx) // none is an answer, too
	for _, r := range phones {
		if at, err := netip.ParseAddrPort(r.Flow); err == nil && isPublic(at.Addr().Unmap()) && !p.local(at.Addr().Unmap()) {
			return fmt.Sprintf("extension %s registers from outside (%v)", r.Extension, at.Addr().Unmap())
		}
	}
	trunks, _ := p.Server.Trunks(ctx)
	for _, k := range trunks {
		for _, s := range k.Servers {
			if at, err := netip.ParseAddrPort(s.Address); err == nil && isPublic(at.Addr().Unmap()) && !p.local(at.Addr().Unmap()) {
				return fmt.Sprintf("the trunk %s is outside (%v)", k.Name, at.Addr().Unmap())
			}
		}
	}
	return ""
}

// local says whether an address is in one of sip.local_networks.
func (p *patient) local(a netip.Addr) bool {
	return slices.ContainsFunc(p.cfg.SIP.LocalNetworks, func(text string) bool {
		n, err := netip.ParsePrefix(text)
		return err == nil && n.Contains(a)
	})
}

// webName has to lead here.
func (p *patient) webName(ctx context.Context, name string, ours []netip.Addr) Finding {
	if _, err := netip.ParseAddr(name); err == nil {
		return ok("web.name is an address, " + name)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil || len(found) == 0 {
		return problem("the name "+name+" (web.name) leads nowhere", "have it lead to this machine in the DNS, or look at /etc/resolv.conf here")
	}
	for i := range found {
		found[i] = found[i].Unmap()
		if slices.Contains(ours, found[i]) || found[i].IsLoopback() {
			return ok(fmt.Sprintf("%s leads to %v, which is here", name, found[i]))
		}
	}
	return warning(fmt.Sprintf("%s leads to %s, which is not an address of this machine", name, list(found)),
		"when that is a router which passes web.listen on, write its address into sip.external; else correct the name in the DNS")
}

func isPublic(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared(a)
}

// shared says whether an address is one of those between providers and their customers
// (RFC 6598).
func shared(a netip.Addr) bool {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10).Contains(a)
}

// ownAddresses are those of this machine that others can use.
func ownAddresses() (own []netip.Addr) {
	all, _ := net.InterfaceAddrs() // without them, there are none
	for _, a := range all {
		if n, err := netip.ParsePrefix(a.String()); err == nil && n.Addr().IsGlobalUnicast() {
			own = append(own, n.Addr())
		}
	}
	return own
}

// list names some of the addresses.
func list(all []netip.Addr) string {
	const most = 4
	texts := make([]string, 0, most)
	for _, a := range all[:min(len(all), most)] {
		texts = append(texts, a.String())
	}
	if len(all) > most {
		texts = append(texts, "...")
	}
	if len(all) == 0 {
		return "none but the loopback"
	}
	return strings.Join(texts, ", ")
}
