package sipedge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

const udpBuffer = 4 << 20 // asked of the kernel, so that bursts are not lost

// udpSocket is one bound address.
type udpSocket struct {
	edge   *Edge
	conn   UDPConn
	local  netip.AddrPort
	closed atomic.Bool
}

func (e *Edge) bindUDP(at netip.AddrPort) (*udpSocket, error) {
	conn, err := e.opt.ListenUDP(at)
	if err != nil {
		return nil, err
	}
	return &udpSocket{edge: e, conn: conn, local: addrPort(conn.LocalAddr())}, nil
}

func listenUDP(at netip.AddrPort) (UDPConn, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(udpBuffer) // the kernel gives what it allows
	return conn, nil
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// serve reads until the socket is closed by us. Other errors it outlives.
func (s *udpSocket) serve(ctx context.Context) {
	buf := make([]byte, maxMessage+1)
	wait := backoff{}
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			if s.closed.Load() || ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			s.edge.log.Warn("reading SIP over UDP failed; trying again", "address", s.local, "error", err)
			wait.sleep(ctx)
			continue
		}
		wait.reset()
		s.datagram(unmap(from), buf[:n])
	}
}

// datagram takes one packet; a fault of ours costs that packet only.
func (s *udpSocket) datagram(from netip.AddrPort, b []byte) {
	defer s.edge.survive("datagram")
	e := s.edge
	if !e.access().allowed(from.Addr()) {
		e.stats.Denied.Add(1)
		return
	}
	if !e.admit(from) {
		return
	}
	if isSTUN(b) {
		if reply := stunReply(b, from); reply != nil {
			_, _ = s.conn.WriteToUDPAddrPort(reply, from)
		}
		return
	}
	b = trimJunk(b)
	if len(b) == 0 || from.Port() == 0 {
		e.stats.Junk.Add(1)
		return
	}
	e.stats.Received.Add(1)
	f := Flow{Transport: "udp", Local: s.local, Remote: from}
	e.traceMessage("in", f, b)
	m := parseDatagram(b)
	e.receive(m, &udpPath{sock: s, far: replyTo(m, from), f: f})
}

// trimJunk drops the line ends and NULs that keep-alives are made of, and that
// may come before a message (§7.5).
func trimJunk(b []byte) []byte {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n' || b[0] == 0) {
		b = b[1:]
	}
	return b
}

// replyTo is where answers to m go (§18.2.2, RFC 3581 §4): to the source, unless
// the sender did not ask for that and is not behind NAT; then to the port that it
// names. An maddr is not followed: it would send our answers to third parties.
func replyTo(m message, from netip.AddrPort) netip.AddrPort {
	if m.req == nil {
		return from
	}
	via := topVia(m.req)
	if via == nil || via.Params.Has("rport") {
		return from
	}
	if sent, err := netip.ParseAddr(via.Host); err != nil || sent.Unmap() != from.Addr() {
		return from
	}
	if via.Port > 0 {
		return netip.AddrPortFrom(from.Addr(), uint16(via.Port))
	}
	return netip.AddrPortFrom(from.Addr(), 5060)
}

func (s *udpSocket) send(b []byte, to netip.AddrPort) error {
	s.edge.stats.Sent.Add(1)
	s.edge.traceMessage("out", Flow{Transport: "udp", Local: s.local, Remote: to}, b)
	if _, err := s.conn.WriteToUDPAddrPort(b, to); err != nil {
		return fmt.Errorf("send SIP to %s: %w", to, err)
	}
	return nil
}

func (s *udpSocket) close() {
	s.closed.Store(true)
	_ = s.conn.Close()
}

// backoff waits longer after every failure in a row, from 5 ms to 1 s.
type backoff struct{ d time.Duration }

func (b *backoff) reset() { b.d = 0 }

func (b *backoff) next() time.Duration {
	b.d = min(max(2*b.d, 5*time.Millisecond), time.Second)
	return b.d
}

func (b *backoff) sleep(ctx context.Context) {
	t := time.NewTimer(b.next())
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
