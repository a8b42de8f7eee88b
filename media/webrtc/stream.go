package webrtc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media/rtp"
)

// Bounds of what TCP may make us keep.
const (
	maxStreams = 4096
	// maxUnproved is how many connections may not have shown credentials yet, and
	// maxUnprovedEach those of one network.
	maxUnproved, maxUnprovedEach = 256, 16
	// proving is how long they may take to.
	proving = 10 * time.Second
	// maxUnsent is how many packets wait for a far side that reads slowly: half a second.
	maxUnsent = 32
	// sendBuffer is what the system may keep besides: audio that is later than that is
	// better lost.
	sendBuffer = 16 << 10
)

// streams are the TCP connections of a hub, for browsers whose network lets no UDP
// through (RFC 6544).
type streams struct {
	mu       sync.Mutex
	open     map[*stream]struct{}
	unproved []*stream // the oldest first
}

// stream is one of them: datagrams with their length before them (RFC 4571).
type stream struct {
	hub    *Hub
	conn   net.Conn
	remote netip.AddrPort
	owner  atomic.Pointer[Conn] // whose credentials it has shown; nil before
	unsent chan *frame
	done   chan struct{}
	once   sync.Once
}

// frame is a packet that waits.
type frame struct {
	b [2 + longest + 64]byte
	n int
}

// accept takes connections until the listener closes.
func (h *Hub) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many files are open
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-h.ctx.Done():
				return
			}
		}
		_ = conn.(*net.TCPConn).SetWriteBuffer(sendBuffer)
		remote := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		s := &stream{
			hub: h, conn: conn, remote: netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port()),
			unsent: make(chan *frame, maxUnsent), done: make(chan struct{}),
		}
		if !h.streams.add(s) || h.ctx.Err() != nil {
			_ = conn.Close()
			h.streams.remove(s)
			continue
		}
		h.work.Go(s.read)
		h.work.Go(s.write)
	}
}

// network is whose connections count together.
func (s *stream) network() netip.Prefix { return networkOf(s.remote.Addr()) }

// add counts a connection, unless there are too many. Too many that have shown nothing
// cost the oldest of them its place, or who holds them all would keep others out.
func (t *streams) add(s *stream) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.open) >= maxStreams {
		return false
	}
	each, oldest := 0, -1
	for i, other := range t.unproved {
		if other.network() == s.network() {
			if each++; each == 1 {
				oldest = i
			}
		}
	}
	switch {
	case each >= maxUnprovedEach:
		t.evict(oldest)
	case len(t.unproved) >= maxUnproved:
		t.evict(0)
	}
	if t.open == nil {
		t.open = map[*stream]struct{}{}
	}
	t.open[s] = struct{}{}
	t.unproved = append(t.unproved, s)
	return true
}

// evict closes the connection at i; mu is held.
func (t *streams) evict(i int) {
	t.unproved[i].close()
	t.unproved = slices.Delete(t.unproved, i, i+1)
}

// proved takes s off those that have not shown credentials.
func (t *streams) proved(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(s)
}

func (t *streams) forget(s *stream) {
	if i := slices.Index(t.unproved, s); i >= 0 {
		t.unproved = slices.Delete(t.unproved, i, i+1)
	}
}

func (t *streams) remove(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(s)
	delete(t.open, s)
}

func (t *streams) closeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range t.open {
		s.close()
	}
}

// read takes datagrams until the connection closes, or is silent.
func (s *stream) read() {
	defer s.end()
	a := rtp.NewArrival()
	var head [2]byte
	for {
		patience := s.hub.Consent
		if s.owner.Load() == nil {
			patience = proving
		}
		if s.conn.SetReadDeadline(time.Now().Add(patience)) != nil {
			return
		}
		if _, err := io.ReadFull(s.conn, head[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(head[:]))
		if n == 0 || n > longest {
			return
		}
		if _, err := io.ReadFull(s.conn, a.Buffer()[:n]); err != nil {
			return
		}
		s.hub.received(s, a, n, s.remote)
		if s.owner.Load() == nil {
			return // what comes first are credentials
		}
	}
}

// write sends what waits.
func (s *stream) write() {
	for {
		select {
		case f := <-s.unsent:
			_ = s.conn.SetWriteDeadline(time.Now().Add(proving))
			_, err := s.conn.Write(f.b[:f.n])
			s.hub.frames.Put(f)
			if err != nil {
				s.close()
				return
			}
		case <-s.done:
			return
		}
	}
}

// send implements way. What a slow far side does not read in time is lost, as by UDP.
func (s *stream) send(b []byte, _ netip.AddrPort) bool {
	if len(b) > longest+64 {
		return false
	}
	f, _ := s.hub.frames.Get().(*frame)
	if f == nil {
		f = &frame{}
	}
	binary.BigEndian.PutUint16(f.b[:], uint16(len(b)))
	f.n = 2 + copy(f.b[2:], b)
	select {
	case s.unsent <- f:
		return true
	default:
		s.hub.frames.Put(f)
		return false
	}
}

// ownedBy implements way.
func (s *stream) ownedBy(netip.AddrPort) *Conn { return s.owner.Load() }

// claim implements way: a connection belongs to the one whose credentials it showed.
func (s *stream) claim(_ netip.AddrPort, c *Conn) bool {
	if s.owner.CompareAndSwap(nil, c) {
		s.hub.streams.proved(s)
	}
	return s.owner.Load() == c
}

// disown implements way.
func (s *stream) disown(netip.AddrPort, *Conn) { s.hang() }

// hang closes the connection when what waits has been sent.
func (s *stream) hang() {
	select {
	case <-s.done:
	default:
		s.hub.work.Go(func() {
			timer := time.NewTimer(100 * time.Millisecond)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-s.done:
			case <-s.hub.ctx.Done():
			}
			s.close()
		})
	}
}

func (s *stream) close() {
	s.once.Do(func() {
		close(s.done)
		_ = s.conn.Close()
	})
}

// end forgets a connection that has closed.
func (s *stream) end() {
	s.close()
	if c := s.owner.Load(); c != nil {
		c.ended(s)
	}
	s.hub.streams.remove(s)
}

// listenTCP listens at the address and the number of s; without, browsers have UDP.
func (h *Hub) listenTCP(s *socket) error {
	var l net.ListenConfig
	listener, err := l.Listen(h.ctx, "tcp", s.at.String())
	if err != nil {
		return fmt.Errorf("listen for browsers at TCP %v: %w", s.at, err)
	}
	s.listener = listener
	h.work.Go(func() { h.accept(listener) })
	return nil
}
