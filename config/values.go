package config

import (
	"log/slog"
	"net/netip"
	"strings"

	"dialtone/media/codec"
)

// The methods here give the values of a validated configuration as types to
// work with; what would not parse is left out. They parse at every call: keep
// what is needed per packet.

// Slog is the level as log/slog knows it; info when it is none.
func (l Log) Slog() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// LocalPrefixes are the local_networks.
func (s SIP) LocalPrefixes() []netip.Prefix { return prefixes(s.LocalNetworks) }

// AllowPrefixes are the networks of allow; none means all.
func (s SIP) AllowPrefixes() []netip.Prefix { return prefixes(s.Allow) }

// DenyPrefixes are the networks of deny.
func (s SIP) DenyPrefixes() []netip.Prefix { return prefixes(s.Deny) }

func prefixes(texts []string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(texts))
	for _, t := range texts {
		if p, err := parseNetwork(t); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// ExternalAddr is external; the zero Addr when there is none.
func (s SIP) ExternalAddr() netip.Addr {
	a, _ := netip.ParseAddr(s.External)
	return a.Unmap()
}

// Listener is one address to listen on.
type Listener struct {
	Transport string // "udp", "tcp" or "tls"
	Network   string // for package net: "udp", "udp4", "tcp6", ...
	Address   string // for package net: ":5060", "192.0.2.1:5060"
}

// Listeners are all addresses to listen on: those of udp, then tcp, then tls.
// An address without host is one listener in both families.
func (s SIP) Listeners() []Listener {
	var out []Listener
	for _, t := range [...]struct {
		transport, network string
		addresses          []string
	}{{"udp", "udp", s.UDP}, {"tcp", "tcp", s.TCP}, {"tls", "tcp", s.TLS}} {
		for _, a := range t.addresses {
			l, err := parseListen(a)
			switch {
			case err != nil:
				continue
			case l.any:
				out = append(out, Listener{t.transport, t.network, a})
			case l.addr.Addr().Is4():
				out = append(out, Listener{t.transport, t.network + "4", a})
			default:
				out = append(out, Listener{t.transport, t.network + "6", a})
			}
		}
	}
	return out
}

// PortRange is ports: the first and the last that may be used; zeros when it is
// not a range.
func (m Media) PortRange() (first, last uint16) {
	first, last, err := parsePorts(m.Ports)
	if err != nil {
		return 0, 0
	}
	return first, last
}

// Formats are the codecs in their order, with the payload types that Dialtone
// offers.
func (m Media) Formats() []codec.Format { return formatsOf(m.Codecs) }

// FormatsFor is Formats, narrowed and ordered by the extension.
func (m Media) FormatsFor(e Extension) []codec.Format {
	if len(e.Codecs) == 0 {
		return m.Formats()
	}
	return formatsOf(e.Codecs)
}

func formatsOf(names []string) []codec.Format {
	out := make([]codec.Format, 0, len(names))
	for _, name := range names {
		for _, f := range formats() {
			if strings.EqualFold(f.Name, name) {
				out = append(out, f)
			}
		}
	}
	return out
}

const defaultMaxCalls = 10

// CallLimit is how many calls the extension may have at once.
func (e Extension) CallLimit() int {
	if e.MaxCalls <= 0 {
		return defaultMaxCalls
	}
	return e.MaxCalls
}
