package siptrunk

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

// Miss says why a request does not come from a trunk.
type Miss struct{ Trunk, Why string }

// match is how well a request fits a trunk; what is said first decides.
type match struct {
	trunk   string
	ours    bool // it calls the contact that we registered there
	bits    int  // of the network that it comes from
	headers int  // that it has to have
	account bool // it calls the username of the trunk
}

// better orders matches, the best first, then by name.
func better(a, b match) int {
	return cmp.Or(truth(b.ours)-truth(a.ours), b.bits-a.bits, b.headers-a.headers,
		truth(b.account)-truth(a.account), strings.Compare(a.trunk, b.trunk))
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Identify says from which trunk a request comes, by the address it comes from
// and its headers; trunk is "" when it comes from none, and misses say why not,
// for each. Among several that it fits, the one whose contact it calls is taken,
// then that with the smallest network, the most headers, the username it calls.
func (t *Trunks) Identify(req *sip.Request, flow sipedge.Flow) (trunk string, misses []Miss) {
	from := flow.Remote.Addr().Unmap().WithZone("")
	var found []match
	for _, l := range t.all() {
		m, why := l.matches(req, from)
		if why != "" {
			misses = append(misses, Miss{l.name, why})
			continue
		}
		found = append(found, m)
	}
	if len(found) == 0 {
		return "", misses
	}
	slices.SortFunc(found, better)
	for _, m := range found[1:] {
		misses = append(misses, Miss{m.trunk, "trunk " + found[0].trunk + " fits better"})
	}
	return found[0].trunk, misses
}

// From says whether an address is one of a trunk.
func (t *Trunks) From(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, l := range t.all() {
		if bits, _ := l.covers(a); bits >= 0 {
			return true
		}
	}
	return false
}

func (l *line) matches(req *sip.Request, from netip.Addr) (match, string) {
	set := l.settings()
	bits, registrar := l.covers(from)
	if bits < 0 {
		return match{}, fmt.Sprintf("%s is not %s", from, l.places())
	}
	for _, name := range slices.Sorted(maps.Keys(set.conf.Header)) {
		if why := lacks(req, name, set.conf.Header[name]); why != "" {
			return match{}, why
		}
	}
	user := req.Recipient.User
	return match{
		trunk: l.name, bits: bits, headers: len(set.conf.Header),
		ours:    set.conf.Register && registrar && user == l.user,
		account: set.conf.Username != "" && (user == set.conf.Username || toUser(req) == set.conf.Username),
	}, ""
}

func toUser(req *sip.Request) string {
	if to := req.To(); to != nil {
		return to.Address.User
	}
	return ""
}

// covers gives the bits of the smallest network of the trunk that an address is
// in, -1 when it is in none, and whether it is one of its servers.
func (l *line) covers(a netip.Addr) (bits int, server bool) {
	bits = -1
	set := l.settings()
	if set.host.addr == a || set.proxy.addr == a { // there is nothing to look up
		return 128, true
	}
	for _, p := range set.networks {
		if p.Contains(a) {
			bits = max(bits, p.Bits()+v4Bits(a))
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.found.all {
		if s.Addr.Addr() == a {
			return 128, true
		}
	}
	for _, r := range l.found.behind {
		if slices.ContainsFunc(r.servers, func(s Server) bool { return s.Addr.Addr() == a }) {
			return 128, true
		}
	}
	if l.bound.valid && l.bound.server.Addr.Addr() == a {
		return 128, true // the name servers no longer name it
	}
	return bits, false
}

// v4Bits makes the length of a network of IPv4 comparable with one of IPv6.
func v4Bits(a netip.Addr) int {
	if a.Is4() {
		return 96
	}
	return 0
}

// places are where the calls of the trunk come from, in words.
func (l *line) places() string {
	set := l.settings()
	var parts []string
	l.mu.Lock()
	var addrs []string
	for _, s := range l.found.all {
		if a := s.Addr.Addr().String(); !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	l.mu.Unlock()
	switch name := set.target().name; {
	case set.target().addr.IsValid():
		parts = append(parts, name)
	case len(addrs) == 0:
		parts = append(parts, "an address of "+name+" (none is known yet)")
	default:
		parts = append(parts, "an address of "+name+" ("+strings.Join(addrs, ", ")+")")
	}
	if len(set.conf.Networks) > 0 {
		parts = append(parts, "in "+strings.Join(set.conf.Networks, ", "))
	}
	return strings.Join(parts, " or ")
}

// lacks says why a request does not have a header with a value; "" when it has.
func lacks(req *sip.Request, name, want string) string {
	all := req.GetHeaders(name)
	if len(all) == 0 {
		return "header " + name + " is missing"
	}
	for _, h := range all {
		if strings.TrimSpace(h.Value()) == strings.TrimSpace(want) {
			return ""
		}
	}
	return fmt.Sprintf("header %s is %q, not %q", name, clean(all[0].Value()), want)
}
