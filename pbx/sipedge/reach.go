package sipedge

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
)

// Peer is a far side that is known by address, and by the certificate it must
// have.
type Peer struct {
	Transport string // "udp", "tcp" or "tls"
	Addr      netip.AddrPort
	// TLS says how its certificate is checked; without it, as for any other far
	// side, for the address. A connection is shared only by those who ask with the
	// same pointer, so that nobody gets one that was checked in another way.
	TLS *tls.Config
}

// Reach gives the flow to a peer, for Request: a connection that is open, or a
// new one, or for UDP a pair of addresses. ctx bounds connecting.
func (e *Edge) Reach(ctx context.Context, p Peer) (Flow, error) {
	if e.halted() {
		return Flow{}, ErrNotRunning
	}
	switch p.Transport {
	case "udp", "tcp", "tls":
	default:
		return Flow{}, fmt.Errorf("transport %q is not supported", p.Transport)
	}
	t := target{transport: p.Transport, at: p.Addr, name: p.Addr.Addr().String()}
	if p.Transport == "tls" {
		t.check = p.TLS
	}
	way, err := e.reach(ctx, t)
	if err != nil {
		return Flow{}, err
	}
	return way.flow(), nil
}

// Ping sends what keeps the way open through NAT and firewalls (RFC 5626 §3.5.1,
// for UDP as well) and expects nothing back.
func (e *Edge) Ping(flow Flow) error {
	p, err := e.pathOf(flow)
	if err != nil {
		return err
	}
	ping := []byte("\r\n\r\n") // not traced: it is no message
	if u, ok := p.(*udpPath); ok {
		_, err = u.sock.conn.WriteToUDPAddrPort(ping, u.far)
		return err
	}
	if s, ok := p.(*stream); ok {
		return s.send(ping)
	}
	return nil
}
