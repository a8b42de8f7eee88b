package sipedge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Flow is the way on which a far side was heard (RFC 5626): a connection, or for
// UDP a pair of addresses. It is comparable; the zero Flow is no flow.
type Flow struct {
	Transport string // "udp", "tcp", "tls", or of a WebSocket "ws" or "wss"
	Local     netip.AddrPort
	Remote    netip.AddrPort
}

// IsZero says whether f is no flow.
func (f Flow) IsZero() bool { return f == Flow{} }

// Reliable says whether the transport delivers by itself, as TCP and TLS do.
func (f Flow) Reliable() bool { return f.Transport != "udp" }

// Secure says whether the transport is encrypted.
func (f Flow) Secure() bool {
	return strings.EqualFold(f.Transport, "tls") || strings.EqualFold(f.Transport, "wss")
}

// WebSocket says whether the far side is a browser, or speaks as one does (RFC 7118). It
// cannot be connected to.
func (f Flow) WebSocket() bool {
	return strings.EqualFold(f.Transport, "ws") || strings.EqualFold(f.Transport, "wss")
}

// transportText is the transport as it stands in a Via.
func transportText(f Flow) string {
	switch f.Transport {
	case "udp":
		return "UDP"
	case "tcp":
		return "TCP"
	case "tls":
		return "TLS"
	}
	return strings.ToUpper(f.Transport)
}

// String is f as ParseFlow reads it: "udp 192.0.2.1:5060 198.51.100.7:40001".
func (f Flow) String() string {
	if f.IsZero() {
		return ""
	}
	return f.Transport + " " + f.Local.String() + " " + f.Remote.String()
}

// ParseFlow reads what String wrote; an empty string is the zero Flow.
func ParseFlow(s string) (Flow, error) {
	if s == "" {
		return Flow{}, nil
	}
	words := strings.Fields(s)
	if len(words) != 3 || !slices.Contains([]string{"udp", "tcp", "tls", "ws", "wss"}, words[0]) {
		return Flow{}, fmt.Errorf("flow %q: want transport, local and remote address", s)
	}
	local, err := netip.ParseAddrPort(words[1])
	if err != nil {
		return Flow{}, fmt.Errorf("flow %q: local address: %w", s, err)
	}
	remote, err := netip.ParseAddrPort(words[2])
	if err != nil {
		return Flow{}, fmt.Errorf("flow %q: remote address: %w", s, err)
	}
	return Flow{Transport: words[0], Local: local, Remote: remote}, nil
}
