package turn

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	// maxPeers is how many addresses of ours one client talks with.
	maxPeers = 32
	// maxUnsent is how many packets wait for a client that reads slowly.
	maxUnsent = 32
	// maxPacket is how long one may be.
	maxPacket = 1500
)

// relayConn is a relayed address as the library sees it: a UDP port. There is none.
type relayConn struct {
	far     Far
	at      netip.AddrPort
	closed  chan struct{}
	once    sync.Once
	gone    func()
	unsent  chan *packet
	packets sync.Pool
	in, out bucket

	mu   sync.Mutex
	ways map[netip.AddrPort]*way // by peer; nil when closed
}

// packet is one on its way to the client.
type packet struct {
	b    [maxPacket]byte
	n    int
	from net.Addr
}

// way leads to a peer.
type way struct {
	Way
	peer net.Addr
}

func newRelayConn(far Far, at netip.AddrPort, rate int, gone func()) *relayConn {
	return &relayConn{
		far: far, at: at, closed: make(chan struct{}), gone: gone, unsent: make(chan *packet, maxUnsent),
		in: bucket{rate: int64(rate), most: time.Second}, out: bucket{rate: int64(rate), most: time.Second}, ways: map[netip.AddrPort]*way{},
	}
}

// WriteTo implements net.PacketConn: it hands on what the client sends. Its only caller is
// the goroutine that reads the client's line.
func (c *relayConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if w := c.way(addrPort(to)); w != nil && len(b) <= maxPacket && c.in.take(len(b), time.Now()) {
		w.Received(b)
	}
	return len(b), nil // UDP does not say what became of a packet either
}

// way finds the one to a peer, or makes it; nil is that there is none.
func (c *relayConn) way(peer netip.AddrPort) *way {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.ways[peer]
	if w != nil || c.ways == nil || len(c.ways) >= maxPeers {
		return w
	}
	w = &way{peer: net.UDPAddrFromAddrPort(peer)}
	leads, ok := c.far.Open(c.at, peer, func(b []byte) bool { return c.send(b, w.peer) })
	if !ok {
		return nil
	}
	w.Way = leads
	c.ways[peer] = w
	return w
}

// send has a packet sent to the client. What a slow one does not read in time is lost, as by
// UDP.
func (c *relayConn) send(b []byte, from net.Addr) bool {
	if len(b) > maxPacket || !c.out.take(len(b), time.Now()) {
		return false
	}
	p, _ := c.packets.Get().(*packet)
	if p == nil {
		p = &packet{}
	}
	p.n, p.from = copy(p.b[:], b), from
	select {
	case c.unsent <- p:
		return true
	default:
		c.packets.Put(p)
		return false
	}
}

// ReadFrom implements net.PacketConn: it is what the client is sent.
func (c *relayConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-c.unsent:
		n, from := copy(b, p.b[:p.n]), p.from
		c.packets.Put(p)
		return n, from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

// Close implements net.PacketConn.
func (c *relayConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.mu.Lock()
		ways := c.ways
		c.ways = nil
		c.mu.Unlock()
		for _, w := range ways {
			w.Close()
		}
		c.gone()
	})
	return nil
}

// LocalAddr implements net.PacketConn.
func (c *relayConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.at) }

// SetDeadline implements net.PacketConn.
func (c *relayConn) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline implements net.PacketConn.
func (c *relayConn) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline implements net.PacketConn.
func (c *relayConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
