package sipua

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"dialtone/pbx/sipedge"
)

// ether is a network in memory, for tests in which time is virtual.
type ether struct {
	mu      sync.Mutex
	sockets map[netip.AddrPort]*socket
}

type datagram struct {
	data []byte
	from netip.AddrPort
}

// socket is one bound address of an ether.
type socket struct {
	ether *ether
	at    netip.AddrPort
	in    chan datagram
	gone  chan struct{}
	close func()
}

var _ sipedge.UDPConn = (*socket)(nil)

func (e *ether) listen(at netip.AddrPort) (sipedge.UDPConn, error) { return e.bind(at), nil }

func (e *ether) bind(at netip.AddrPort) *socket {
	s := &socket{ether: e, at: at, in: make(chan datagram, 256), gone: make(chan struct{})}
	s.close = sync.OnceFunc(func() {
		close(s.gone)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.sockets, at)
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sockets == nil {
		e.sockets = map[netip.AddrPort]*socket{}
	}
	e.sockets[at] = s
	return s
}

func (s *socket) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-s.in:
		return copy(b, d.data), d.from, nil
	case <-s.gone:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

// WriteToUDPAddrPort loses what nobody is there for, as a network does.
func (s *socket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	s.ether.mu.Lock()
	far := s.ether.sockets[to]
	s.ether.mu.Unlock()
	if far != nil {
		select {
		case far.in <- datagram{append([]byte(nil), b...), s.at}:
		default:
		}
	}
	return len(b), nil
}

func (s *socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.at) }
func (s *socket) Close() error        { s.close(); return nil }

// dial is a socket at an address that sends to another one.
func (e *ether) dial(at, to netip.AddrPort) net.Conn { return &connected{e.bind(at), to} }

type connected struct {
	*socket
	to netip.AddrPort
}

func (c *connected) Read(b []byte) (int, error) {
	n, _, err := c.ReadFromUDPAddrPort(b)
	return n, err
}

func (c *connected) Write(b []byte) (int, error)      { return c.WriteToUDPAddrPort(b, c.to) }
func (c *connected) RemoteAddr() net.Addr             { return net.UDPAddrFromAddrPort(c.to) }
func (c *connected) SetDeadline(time.Time) error      { return nil }
func (c *connected) SetReadDeadline(time.Time) error  { return nil }
func (c *connected) SetWriteDeadline(time.Time) error { return nil }
