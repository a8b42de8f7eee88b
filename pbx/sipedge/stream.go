package sipedge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// registeredIdle is how often it is looked whether the phone behind a silent
// connection is still registered.
const registeredIdle = 15 * time.Minute

// lingerBroken is how long a connection on which nothing can be read any more
// stays open for answers.
const lingerBroken = 500 * time.Millisecond

// stream is a TCP or TLS connection. It is the path of its flow.
type stream struct {
	net.Conn
	edge *Edge
	f    Flow
	// check is how the certificate of a far side was checked that we connected to;
	// nil is as for everybody.
	check *tls.Config
	// uses counts transactions and holds; while there are any, silence does not
	// close the connection.
	uses  atomic.Int32
	heard atomic.Int64 // when a message last began, Unix nanoseconds

	closing sync.Once
	shut    chan struct{} // closed by Close

	writing sync.Mutex
	mu      sync.Mutex
	txs     map[failer]struct{}
	gone    bool
}

func newStream(e *Edge, c net.Conn, transport string) *stream {
	s := &stream{Conn: c, edge: e, shut: make(chan struct{}), txs: map[failer]struct{}{}}
	s.f = Flow{Transport: transport, Local: addrPort(c.LocalAddr()), Remote: addrPort(c.RemoteAddr())}
	s.heard.Store(time.Now().UnixNano())
	return s
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		return unmap(t.AddrPort())
	}
	ap, _ := netip.ParseAddrPort(a.String())
	return unmap(ap)
}

// serve reads messages until the connection ends, and then says so to all who
// use it.
func (s *stream) serve(ctx context.Context) {
	defer s.end()
	var f framer
	started := time.Time{} // when the present message began
	for {
		if f.idle() {
			started = time.Time{}
		} else if started.IsZero() {
			started = time.Now()
		}
		if err := s.SetReadDeadline(s.deadline(started)); err != nil {
			return
		}
		n, err := s.Read(f.room())
		f.add(n)
		if n > 0 {
			s.heard.Store(time.Now().UnixNano())
		}
		if n > 0 && !s.messages(ctx, &f) {
			s.linger(ctx)
			return
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || !f.idle() || !s.inUse() {
			return
		}
	}
}

// linger lets requests that came before what cannot be read be answered.
func (s *stream) linger(ctx context.Context) {
	wait, end := backoff{}, time.Now().Add(lingerBroken)
	for s.uses.Load() > 0 && time.Now().Before(end) && s.rest(ctx, wait.next()) {
		continue
	}
}

// rest waits; false means that the connection has been closed, or that ctx has ended.
func (s *stream) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.shut:
	case <-ctx.Done():
	}
	return false
}

// Close may be called more than once. The reader ends even when it is not reading just now.
func (s *stream) Close() error {
	s.closing.Do(func() { close(s.shut) })
	return s.Conn.Close()
}

// deadline bounds a message that has begun, and silence.
func (s *stream) deadline(started time.Time) time.Time {
	if !started.IsZero() {
		return started.Add(s.edge.limits.Message)
	}
	if s.inUse() {
		return time.Now().Add(max(registeredIdle, s.edge.limits.Idle))
	}
	return time.Now().Add(s.edge.limits.Idle)
}

func (s *stream) inUse() bool {
	return s.uses.Load() > 0 || s.edge.opt.Registered != nil && s.edge.opt.Registered(s.f.Remote)
}

// messages passes on what has come in full; false ends the connection.
func (s *stream) messages(ctx context.Context, f *framer) (ok bool) {
	defer s.edge.survive("message")
	for !f.idle() {
		for n := f.pings(); n > 0; n-- {
			if s.send([]byte("\r\n")) != nil {
				return false
			}
		}
		if f.idle() {
			return true
		}
		m, raw, more := f.next()
		if more {
			return true
		}
		if !s.pace(ctx) {
			return false
		}
		s.edge.stats.Received.Add(1)
		s.edge.traceMessage("in", s.f, raw)
		s.edge.receive(m, s)
		if m.fault != nil && m.fault.lost {
			return false
		}
		f.done(raw)
	}
	return true
}

// pace holds the connection back while its source sends too much: unlike a
// datagram, what is not read is not lost.
func (s *stream) pace(ctx context.Context) bool {
	if !s.edge.access().allowed(s.f.Remote.Addr()) {
		s.edge.stats.Denied.Add(1)
		return false
	}
	wait := backoff{}
	for !s.edge.admit(s.f.Remote) {
		if !s.rest(ctx, wait.next()) {
			return false
		}
	}
	return true
}

// end closes the connection and fails what depends on it.
func (s *stream) end() {
	_ = s.Close()
	s.mu.Lock()
	s.gone = true
	txs := s.txs
	s.txs = nil
	s.mu.Unlock()
	s.edge.streams.remove(s)
	for tx := range txs {
		tx.fail(ErrFlowGone)
	}
	s.edge.closed(s.f)
}

func (s *stream) write(b []byte) error {
	s.edge.stats.Sent.Add(1)
	s.edge.traceMessage("out", s.f, b)
	return s.send(b)
}

// send writes b; a far side that does not read loses its connection.
func (s *stream) send(b []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.SetWriteDeadline(time.Now().Add(s.edge.limits.Write)); err != nil {
		return fmt.Errorf("send SIP to %s: %w: %w", s.f.Remote, ErrFlowGone, err)
	}
	if _, err := s.Write(b); err != nil {
		_ = s.Close() // the reader ends
		return fmt.Errorf("send SIP to %s: %w: %w", s.f.Remote, ErrFlowGone, err)
	}
	return nil
}

func (s *stream) flow() Flow { return s.f }

func (s *stream) watch(tx failer) {
	s.mu.Lock()
	gone := s.gone
	if !gone {
		s.txs[tx] = struct{}{}
		s.uses.Add(1)
	}
	s.mu.Unlock()
	if gone {
		go tx.fail(ErrFlowGone) // the caller may hold the locks that fail needs
	}
}

func (s *stream) unwatch(tx failer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.txs[tx]; ok {
		delete(s.txs, tx)
		s.uses.Add(-1)
	}
}

// handshake does the TLS of an accepted connection.
func (s *stream) handshake(ctx context.Context) error {
	c, ok := s.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.edge.limits.Handshake)
	defer cancel()
	return c.HandshakeContext(ctx)
}
