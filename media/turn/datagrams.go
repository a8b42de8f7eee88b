package turn

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// A source that has no relayed address, and each that has one, is answered so often at
	// once, and then so often a second: answers are longer than questions, and who asks may
	// be somebody else.
	burst, perSecond = 60, 20
	// maxStrangers is how many sources are remembered. When there are more, those that are
	// not are not answered.
	maxStrangers = 8192
)

// datagrams are a UDP port that all clients share.
type datagrams struct {
	*net.UDPConn
	ended chan struct{}
	once  sync.Once

	mu        sync.Mutex
	clients   map[netip.AddrPort]*bucket // that have a relayed address
	strangers map[netip.Addr]*bucket
	tidied    time.Time
	refused   netip.AddrPort // that gets no answer to what it has sent last
}

func newDatagrams(c *net.UDPConn) *datagrams {
	return &datagrams{UDPConn: c, ended: make(chan struct{}), clients: map[netip.AddrPort]*bucket{}, strangers: map[netip.Addr]*bucket{}}
}

// ReadFrom implements net.PacketConn.
func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := d.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			d.once.Do(func() { close(d.ended) })
			return 0, nil, err
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if err == nil && n >= 4 && d.welcome(b[:n], from, time.Now()) {
			return n, net.UDPAddrFromAddrPort(from), nil
		}
	}
}

// welcome says whether a datagram is looked at.
func (d *datagrams) welcome(b []byte, from netip.AddrPort, now time.Time) bool {
	if b[0]>>6 == 1 || binary.BigEndian.Uint16(b)&0xc110 == 0x0010 {
		return true // data, which gets no answer
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = netip.AddrPort{}
	if own := d.clients[from]; own != nil {
		return own.take(1, now)
	}
	k := d.strangers[sourceOf(from.Addr())]
	if k == nil {
		if len(d.strangers) >= maxStrangers && now.Sub(d.tidied) > time.Second {
			d.tidy(now)
		}
		if len(d.strangers) >= maxStrangers {
			return false
		}
		k = newAnswers()
		d.strangers[sourceOf(from.Addr())] = k
	}
	return k.take(1, now)
}

// newAnswers are those that one source gets.
func newAnswers() *bucket {
	return &bucket{rate: perSecond, most: burst * (time.Second / perSecond)}
}

// tidy forgets sources that have been quiet; mu is held.
func (d *datagrams) tidy(now time.Time) {
	d.tidied = now
	for a, k := range d.strangers {
		if k.idle(now) {
			delete(d.strangers, a)
		}
	}
}

// WriteTo implements net.PacketConn.
func (d *datagrams) WriteTo(b []byte, to net.Addr) (int, error) {
	at := addrPort(to)
	if isError(b) && d.isRefused(at) {
		return len(b), nil
	}
	return d.WriteToUDPAddrPort(b, at)
}

func (d *datagrams) isRefused(at netip.AddrPort) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused == at
}

// isError says whether a message is an error response (RFC 8489 §5).
func isError(b []byte) bool { return len(b) >= 2 && binary.BigEndian.Uint16(b)&0xc110 == 0x0110 }

func (d *datagrams) done() <-chan struct{} { return d.ended }

func (d *datagrams) hold(client netip.AddrPort, has bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if has {
		d.clients[client] = newAnswers()
	} else {
		delete(d.clients, client)
	}
}

func (d *datagrams) refuse(source net.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = addrPort(source)
}
