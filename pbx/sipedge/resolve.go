package sipedge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// target is one address that a URI leads to.
type target struct {
	transport string
	at        netip.AddrPort
	name      string      // what its certificate has to be for
	check     *tls.Config // how it is checked; nil is as for everybody
}

// route finds the way to the first Route or the Request-URI (RFC 3261 §8.1.2). Of
// several addresses the first that accepts a connection is taken. choice says
// that the URI did not ask for a transport.
func (e *Edge) route(ctx context.Context, req *sip.Request) (p path, choice bool, err error) {
	hop := &req.Recipient
	if r := req.Route(); r != nil {
		hop = &r.Address
	}
	list, choice, err := e.resolve(ctx, hop)
	if err != nil {
		return nil, false, err
	}
	var errs []error
	for _, t := range list {
		p, err := e.reach(ctx, t)
		if err == nil {
			return p, choice, nil
		}
		errs = append(errs, err)
	}
	return nil, false, fmt.Errorf("no way to %s: %w", hop.String(), errors.Join(errs...))
}

// reach is a path to a target: one of our UDP sockets, a connection that is open,
// or a new one.
func (e *Edge) reach(ctx context.Context, t target) (path, error) {
	if t.transport == "udp" {
		s := e.socketTo(t.at.Addr())
		if s == nil {
			return nil, fmt.Errorf("there is no UDP address to reach %s from; see sip.udp", t.at)
		}
		return &udpPath{sock: s, far: t.at, f: Flow{Transport: "udp", Local: s.local, Remote: t.at}}, nil
	}
	if s := e.streams.to(farKey{t.transport, t.at, t.check}); s != nil {
		return s, nil
	}
	return e.dial(ctx, t)
}

// resolve gives the addresses of a SIP URI, best first (RFC 3263 §4, without
// NAPTR).
func (e *Edge) resolve(ctx context.Context, u *sip.Uri) (list []target, choice bool, err error) {
	if u.Scheme != "sip" && u.Scheme != "sips" && u.Scheme != "" {
		return nil, false, fmt.Errorf("a %s URI names no SIP server", u.Scheme)
	}
	if strings.HasSuffix(lowerString(strings.TrimSuffix(u.Host, ".")), ".invalid") {
		return nil, false, fmt.Errorf("%s is the address of a browser, which is reached over its own connection only: %w", u.Host, ErrFlowGone)
	}
	transport := lowerString(u.UriParams.GetOr("transport", ""))
	if u.Scheme == "sips" || u.UriParams.Has("security") {
		transport = "tls"
	}
	choice = transport == ""
	if !choice && transport != "udp" && transport != "tcp" && transport != "tls" {
		return nil, false, fmt.Errorf("transport %q of %s is not supported", transport, u.String())
	}
	host := strings.Trim(u.UriParams.GetOr("maddr", u.Host), "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		t := orDefault(transport)
		return []target{{transport: t, at: netip.AddrPortFrom(a.Unmap(), portOr(u.Port, t)), name: host}}, choice, nil
	}
	if u.Port == 0 {
		if list = e.services(ctx, host, transport); len(list) > 0 {
			return list, choice, nil
		}
	}
	t := orDefault(transport)
	list, err = e.names(ctx, host, t, portOr(u.Port, t))
	return list, choice, err
}

func orDefault(transport string) string {
	if transport == "" {
		return "udp"
	}
	return transport
}

func portOr(port int, transport string) uint16 {
	switch {
	case port > 0 && port <= 65535:
		return uint16(port)
	case transport == "tls":
		return 5061
	}
	return 5060
}

// services asks for SRV records: of the transport, or of UDP and then TCP.
func (e *Edge) services(ctx context.Context, host, transport string) []target {
	var list []target
	for _, s := range [...]struct{ transport, service, proto string }{
		{"udp", "sip", "udp"}, {"tcp", "sip", "tcp"}, {"tls", "sips", "tcp"},
	} {
		if transport != s.transport && (transport != "" || s.transport == "tls") {
			continue
		}
		_, records, err := e.resolver.LookupSRV(ctx, s.service, s.proto, host)
		if err != nil {
			continue
		}
		for _, r := range records {
			found, err := e.names(ctx, strings.TrimSuffix(r.Target, "."), s.transport, r.Port)
			if err != nil {
				continue
			}
			for i := range found {
				found[i].name = host // RFC 5922 §4
			}
			list = append(list, found...)
			if len(list) >= 16 {
				return list
			}
		}
	}
	return list
}

func (e *Edge) names(ctx context.Context, host, transport string, port uint16) ([]target, error) {
	addrs, err := e.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	var list []target
	for _, a := range addrs {
		if a = a.Unmap(); transport != "udp" || e.socketTo(a) != nil {
			list = append(list, target{transport: transport, at: netip.AddrPortFrom(a, port), name: host})
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no address that can be reached over %s", host, transport)
	}
	return list, nil
}

// socketTo is the UDP socket on the address from which the machine would send to
// remote; without one there, any of the family.
func (e *Edge) socketTo(remote netip.Addr) *udpSocket {
	source := sourceFor(remote)
	e.addrs.mu.Lock()
	defer e.addrs.mu.Unlock()
	var best *udpSocket
	for at, s := range e.addrs.udp {
		switch {
		case at.Addr() == source:
			return s
		case at.Addr().Is4() != remote.Is4():
		case best == nil || best.local.Addr().IsLoopback() || at.Addr().Less(best.local.Addr()) && !at.Addr().IsLoopback():
			best = s
		}
	}
	return best
}

// sourceFor asks the kernel for its route; nothing is sent.
func sourceFor(remote netip.Addr) netip.Addr {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(remote, 9)))
	if err != nil {
		return netip.Addr{}
	}
	defer func() { _ = c.Close() }()
	return udpAddrPort(c.LocalAddr()).Addr()
}

func udpAddrPort(a net.Addr) netip.AddrPort {
	if u, ok := a.(*net.UDPAddr); ok {
		return unmap(u.AddrPort())
	}
	return netip.AddrPort{}
}

// dial connects and serves the connection like an accepted one.
func (e *Edge) dial(ctx context.Context, t target) (*stream, error) {
	ctx, cancel := context.WithTimeout(ctx, e.limits.Dial)
	defer cancel()
	select {
	case <-e.begun: // before Run, nobody would read the connection
	case <-ctx.Done():
		return nil, ErrNotRunning
	}
	d := net.Dialer{}
	c, err := d.DialContext(ctx, "tcp", t.at.String())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", t.at, err)
	}
	if t.transport == "tls" {
		conf := e.clientTLS
		if t.check != nil {
			conf = t.check
		}
		if conf = conf.Clone(); conf.ServerName == "" {
			conf.ServerName = t.name
		}
		tc := tls.Client(c, conf)
		if err := tc.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, fmt.Errorf("TLS with %s (%s): %w", conf.ServerName, t.at, err)
		}
		c = tc
	}
	s := newStream(e, c, t.transport)
	s.check = t.check
	if !e.streams.add(s, e.limits) {
		_ = c.Close()
		return nil, fmt.Errorf("connect to %s: too many connections", t.at)
	}
	if !e.running(func(ctx context.Context) { e.readers.Go(func() { s.serve(ctx) }) }) {
		s.end()
		return nil, ErrNotRunning
	}
	return s, nil
}

// hostText is an address as it stands in a URI.
func hostText(a netip.Addr) string {
	a = a.WithZone("")
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

func portText(a netip.AddrPort) string { return strconv.Itoa(int(a.Port())) }
