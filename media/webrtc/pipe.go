package webrtc

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/pion/transport/v4/packetio"
)

// What may wait for the goroutine of the handshake.
const maxQueued, maxQueuedBytes = 32, 64 << 10

// pipe is the network as the handshake sees it.
type pipe struct {
	conn *Conn
	in   *packetio.Buffer
	late [][]byte // what came when in was closed; conn.mu guards it

	mu      sync.Mutex
	heard   bool     // something, since we last spoke
	flight  [][]byte // what we have said since we last heard something
	sealed  bool     // nothing is sent any more
	goodbye []byte   // what would have been sent instead
	end     []byte   // what was read last that may be the end
}

var _ net.PacketConn = (*pipe)(nil)

func newPipe(c *Conn) *pipe {
	p := &pipe{conn: c, in: packetio.NewBuffer()}
	p.in.SetLimitCount(maxQueued)
	p.in.SetLimitSize(maxQueuedBytes)
	return p
}

// take queues a datagram of the far side; what is too much is lost, as on any network.
// conn.mu is held.
func (p *pipe) take(b []byte) {
	if _, err := p.in.Write(b); errors.Is(err, io.ErrClosedPipe) && len(p.late) < maxQueued {
		p.late = append(p.late, slices.Clone(b))
	}
}

// rest is what nobody has read, after Close, and before it what DTLS may have read as the
// end without a word to us; conn.mu is held.
func (p *pipe) rest() (list [][]byte) {
	p.mu.Lock()
	if p.end != nil {
		list = append(list, p.end)
	}
	p.mu.Unlock()
	_ = p.in.Close() // so that nothing here waits; DTLS may be about to do it
	b := make([]byte, longest)
	for {
		_ = p.in.SetReadDeadline(time.Time{}) // that by which DTLS was stopped
		n, err := p.in.Read(b)
		if errors.Is(err, io.EOF) {
			return append(list, p.late...)
		}
		if err == nil {
			list = append(list, slices.Clone(b[:n]))
		}
	}
}

// seal has nothing sent any more, and gives what was said last.
func (p *pipe) seal() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sealed = true
	return p.flight
}

// parting is the goodbye that was not sent, nil when there was none.
func (p *pipe) parting() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.goodbye
}

// ReadFrom implements net.PacketConn.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.in.Read(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = p.heard || n > 0
	if maybeEnd(b[:n]) {
		p.end = slices.Clone(b[:n])
	}
	return n, p.LocalAddr(), err
}

// WriteTo loses what there is no path for: it is sent again.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		if len(b) > 0 && b[0] == kindAlert {
			p.goodbye = slices.Clone(b)
		}
		return len(b), nil
	}
	if p.heard {
		p.heard, p.flight = false, nil
	}
	p.flight = append(p.flight, slices.Clone(b))
	p.conn.Send(b)
	return len(b), nil
}

// Close implements net.PacketConn.
func (p *pipe) Close() error { return p.in.Close() }

// LocalAddr implements net.PacketConn.
func (p *pipe) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(p.conn.home.at) }

// SetDeadline implements net.PacketConn.
func (p *pipe) SetDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }

// SetReadDeadline implements net.PacketConn.
func (p *pipe) SetReadDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }

// SetWriteDeadline implements net.PacketConn.
func (*pipe) SetWriteDeadline(time.Time) error { return nil }
