package turn

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// proving is how long a client may be without a relayed address, and how long it may
	// take to read what it is sent.
	proving = 10 * time.Second
	// silence is how long one that has an address may say nothing: it has to refresh it
	// more often.
	silence = 15 * time.Minute
	// maxFrame is how long a message may be; the library drops what is longer.
	maxFrame = 1600
)

// stream is a connection, with messages one after another (RFC 8656 §3.1).
type stream struct {
	net.Conn
	read  *bufio.Reader
	holds atomic.Bool
	ended chan struct{}
	once  sync.Once
}

func newStream(conn net.Conn) *stream {
	return &stream{Conn: conn, read: bufio.NewReaderSize(conn, 2048), ended: make(chan struct{})}
}

var errFrame = errors.New("neither STUN nor data of a channel")

// ReadFrom implements net.PacketConn.
func (s *stream) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := s.next(b)
	if err != nil {
		s.end()
		return 0, nil, err
	}
	return n, s.RemoteAddr(), nil
}

func (s *stream) next(b []byte) (int, error) {
	patience := proving
	if s.holds.Load() {
		patience = silence
	}
	if err := s.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	head, err := s.read.Peek(4)
	if err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(head[2:]))
	switch head[0] >> 6 {
	case 0:
		n += 20
	case 1:
		n += 4
	default:
		return 0, errFrame
	}
	n = (n + 3) &^ 3 // with what fills it up
	if n > min(len(b), maxFrame) {
		return 0, errFrame
	}
	return io.ReadFull(s.read, b[:n])
}

// WriteTo implements net.PacketConn.
func (s *stream) WriteTo(b []byte, _ net.Addr) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(proving)); err != nil {
		return 0, err
	}
	n, err := s.Write(b)
	if err != nil {
		_ = s.Close() // half a message may have gone
	}
	return n, err
}

func (s *stream) end() {
	s.once.Do(func() { close(s.ended) })
}

func (s *stream) done() <-chan struct{} { return s.ended }

func (s *stream) hold(_ netip.AddrPort, has bool) { s.holds.Store(has) }

func (s *stream) refuse(net.Addr) { _ = s.Close() }
