package webrtc

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"dialtone/media/rtp"
)

const (
	// maxSockets bounds at how many addresses we listen.
	maxSockets = 32
	// receiveBuffer takes what all browsers send while this goroutine waits for its turn,
	// writeBuffer what we send to all of them at once.
	receiveBuffer, writeBuffer = 4 << 20, 4 << 20
	// longest is how long a datagram may be.
	longest = 2048
)

// socket is our port at one address. One goroutine reads it, for all browsers.
type socket struct {
	hub  *Hub
	conn *net.UDPConn
	raw  syscall.RawConn // the same
	at   netip.AddrPort

	listener net.Listener // for TCP at the same number; nil when there is none
}

// way is what packets come and go by: our UDP port, or one TCP connection. None of its
// methods blocks.
type way interface {
	send(b []byte, to netip.AddrPort) bool
	// ownedBy is whose source an address is, claim makes it one, unless it is that of
	// another, and disown lets go of it.
	ownedBy(from netip.AddrPort) *Conn
	claim(from netip.AddrPort, c *Conn) bool
	disown(from netip.AddrPort, c *Conn)
}

func (s *socket) ownedBy(from netip.AddrPort) *Conn { return s.hub.owner(from) }

func (s *socket) claim(from netip.AddrPort, c *Conn) bool { return s.hub.claim(from, c) }

func (s *socket) disown(from netip.AddrPort, c *Conn) { s.hub.disown(c, []netip.AddrPort{from}, nil) }

func (s *socket) close() {
	_ = s.conn.Close()
	if s.listener != nil {
		_ = s.listener.Close()
	}
}

// socket gives the one at local, and binds it when it is new.
func (h *Hub) socket(local netip.Addr) (*socket, error) {
	h.bind.Lock()
	defer h.bind.Unlock()
	h.mu.RLock()
	closed, count := h.closed, len(h.sockets)
	for _, s := range h.sockets {
		if s.at.Addr() == local.WithZone("") {
			h.mu.RUnlock()
			return s, nil
		}
	}
	h.mu.RUnlock()
	if closed || count >= maxSockets {
		return nil, fmt.Errorf("listen for browsers at %v: %w or at %d addresses already", local, ErrClosed, count)
	}
	network := "udp6"
	if local.Is4() {
		network = "udp4"
	}
	conn, err := listenConfig().ListenPacket(h.ctx, network, netip.AddrPortFrom(local, h.Port).String())
	if err != nil {
		return nil, fmt.Errorf("listen for browsers at UDP %v, port %d: %w; choose another media.webrtc_port when somebody else has it", local, h.Port, err)
	}
	s := &socket{hub: h, conn: conn.(*net.UDPConn)}
	s.raw, _ = s.conn.SyscallConn() // never fails for one that is open
	s.at = s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s.at = netip.AddrPortFrom(s.at.Addr().Unmap().WithZone(""), s.at.Port())
	_ = s.conn.SetReadBuffer(receiveBuffer)
	_ = s.conn.SetWriteBuffer(writeBuffer)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		_ = s.conn.Close()
		return nil, fmt.Errorf("listen for browsers: %w", ErrClosed)
	}
	if err := h.listenTCP(s); err != nil {
		h.Log.Warn("browsers without UDP cannot reach us at one address", "error", err)
	}
	h.sockets = append(h.sockets, s)
	h.work.Go(s.read)
	return s, nil
}

func (s *socket) read() {
	a := rtp.NewArrival()
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(a.Buffer())
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil && n > 0 && n <= longest {
			s.hub.received(s, a, n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		}
	}
}

// received hands on a datagram of n bytes in the buffer of a by its first byte (RFC
// 7983 §7).
func (h *Hub) received(w way, a *rtp.Arrival, n int, from netip.AddrPort) {
	b := a.Buffer()[:n]
	switch first := b[0]; {
	case first < 4 && isVerdict(b):
		h.answered(w, b, from)
	case first < 4:
		h.check(w, b, from)
	case first >= 128 && first < 192:
		if c := w.ownedBy(from); c != nil {
			c.port.Arrived(a, n, from)
		}
	case first >= 20 && first < 64:
		if c := w.ownedBy(from); c != nil {
			c.handshake(b)
		}
	}
}

// check answers a check of ICE, if it is for one of ours and has its password.
func (h *Hub) check(w way, b []byte, from netip.AddrPort) {
	check, ok := parseCheck(b)
	if !ok {
		return
	}
	c := h.named(check.local())
	if c == nil {
		return
	}
	if answer := c.checked(w, &check, from); answer != nil {
		w.send(answer, from)
	}
}

// answered takes the answer to a check of ours, or of the STUN server.
func (h *Hub) answered(w way, b []byte, from netip.AddrPort) {
	v, ok := parseVerdict(b)
	if !ok {
		return
	}
	if c := h.asker(v.id); c != nil {
		c.answered(w, &v, from)
	} else if s, udp := w.(*socket); udp {
		h.mirror.answered(s, &v, from)
	}
}
