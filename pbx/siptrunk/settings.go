package siptrunk

import (
	"cmp"
	"crypto/tls"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
)

// What holds when the configuration leaves it open.
const (
	usualExpires  = 10 * time.Minute
	usualPatience = 4 * time.Second
	leastPatience = time.Second // for a registrar, which may have to ask a database
)

// settings are a trunk's configuration, ready to be used; they do not change.
type settings struct {
	conf        config.Trunk
	host, proxy host
	networks    []netip.Prefix
	tls         *tls.Config
	tlsSum      string
	fault       error // it cannot be used, and why
}

// host is a server as it is configured: a name or an address, with or without a
// port.
type host struct {
	name string // the address as text, when it is one
	addr netip.Addr
	port uint16
}

func parseHost(s string) host {
	s = strings.TrimSpace(s)
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return host{ap.Addr().Unmap().String(), ap.Addr().Unmap(), ap.Port()}
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return host{a.Unmap().String(), a.Unmap(), 0}
	}
	name, port, ok := strings.Cut(s, ":")
	if n, err := strconv.ParseUint(port, 10, 16); ok && err == nil {
		return host{name, netip.Addr{}, uint16(n)}
	}
	return host{name: name}
}

// uri is a user at h.
func (h host) uri(user string) sip.Uri {
	name := h.name
	if h.addr.Is6() {
		name = "[" + name + "]"
	}
	return sip.Uri{Scheme: "sip", User: user, Host: name, Port: int(h.port)}
}

func newSettings(c config.Trunk) *settings {
	s := &settings{conf: c, host: parseHost(c.Host)}
	if c.Proxy != "" {
		s.proxy = parseHost(c.Proxy)
	}
	for _, n := range c.Networks {
		if p, err := netip.ParsePrefix(n); err == nil {
			s.networks = append(s.networks, unmapped(p))
		} else if a, err := netip.ParseAddr(n); err == nil {
			a = a.Unmap()
			s.networks = append(s.networks, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	s.tls, s.tlsSum, s.fault = tlsOf(c, s.target().name)
	return s
}

// unmapped is a network of IPv4 that was written as one of IPv6.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// target is the host that requests are sent to.
func (s *settings) target() host {
	if s.proxy.name != "" {
		return s.proxy
	}
	return s.host
}

// route is the proxy as a loose route; nil when there is none.
func (s *settings) route() *sip.RouteHeader {
	if s.proxy.name == "" {
		return nil
	}
	u := s.proxy.uri("")
	u.UriParams = append(u.UriParams, sip.HeaderKV{K: "lr"})
	if t := s.conf.Transport; t == "tcp" || t == "tls" {
		u.UriParams = append(u.UriParams, sip.HeaderKV{K: "transport", V: t})
	}
	return &sip.RouteHeader{Address: u}
}

func (s *settings) login() string { return cmp.Or(s.conf.Login, s.conf.Username) }

func (s *settings) expires() time.Duration { return cmp.Or(s.conf.Expires.D(), usualExpires) }

// patience is how long a server may leave a REGISTER or OPTIONS without answer.
func (s *settings) patience() time.Duration {
	return max(leastPatience, min(usualPatience, cmp.Or(s.conf.Patience.D(), usualPatience)))
}
