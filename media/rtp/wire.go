package rtp

import (
	"fmt"
	"net/netip"
)

// Wire carries the packets of a port that has no sockets of its own: somebody else
// receives for it and knows where the far side is. RTP and RTCP share it (RFC 5761),
// and nothing goes over it in clear.
type Wire interface {
	// Send sends one packet, which is valid during the call only, and reports whether
	// the system took it. It must not block.
	Send(b []byte) bool
	// Local is where the far side sends to.
	Local() netip.AddrPort
}

// OpenWire makes a port over w. Before SetKeys nothing is sent, and nothing that
// arrives is believed.
func (e *Engine) OpenWire(w Wire) (*Port, error) { return e.openWire(w, nil) }

// openWire is OpenWire; with makes something else of the port, if it is not nil.
func (e *Engine) openWire(w Wire, with func(*Port)) (*Port, error) {
	if _, err := e.nextShard(); err != nil {
		return nil, err
	}
	p := newPort(e, nil, netip.Addr{}, pair{})
	p.wire = w
	if with != nil {
		with(p)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fmt.Errorf("open RTP port: engine is %w", ErrClosed)
	}
	e.open[p] = struct{}{}
	return p, nil
}

// Arrival is what a goroutine needs that receives for ports over wires; it is used
// again for each packet.
type Arrival struct {
	w    worker
	copy *worker // of RTCP that is for two ports; made when it is needed
}

// NewArrival makes one.
func NewArrival() *Arrival { return &Arrival{} }

// Buffer is where the next datagram is to be read to. One that fills it is too long.
func (a *Arrival) Buffer() []byte { return a.w.buf[:maxPacket+1] }

// Arrived takes the datagram of n bytes in the buffer of a, which came over the wire of
// p from an address that ICE has found to be the far side's.
// A wire may have several ways, each with a goroutine of its own: sinks get one packet at
// a time all the same.
func (p *Port) Arrived(a *Arrival, n int, from netip.AddrPort) {
	if p.arrivedBeside(a, n, from) {
		p.arrive(&a.w, n, from)
	}
}

func (p *Port) arrive(w *worker, n int, from netip.AddrPort) {
	p.arriving.Lock()
	defer p.arriving.Unlock()
	w.from.set(clean(from))
	p.received(w, nil, n)
}

// SetKeys sets the keys that both sides have agreed on over the wire; the same ones
// change nothing. What was sent and heard before them stays counted.
func (p *Port) SetKeys(c Crypto) error {
	p.configure.Lock()
	defer p.configure.Unlock()
	if p.closed || p.wire == nil {
		return fmt.Errorf("keys for RTP port: %w or not over a wire", ErrClosed)
	}
	if err := p.keep(c); err != nil {
		return err
	}
	p.rx.mu.Lock()
	defer p.rx.mu.Unlock()
	p.tx.mu.Lock()
	defer p.tx.mu.Unlock()
	opener, sealer, err := p.ciphers(&c)
	if err != nil {
		return fmt.Errorf("keys for RTP port: %w", err)
	}
	p.take(opener, sealer)
	p.tx.to.valid = true
	return nil
}

// Source is how what we send is told from others: its SSRC, and the name that it has in
// RTCP (RFC 3550 §6.5.1).
func (p *Port) Source() (ssrc uint32, cname string) {
	p.tx.mu.Lock()
	defer p.tx.mu.Unlock()
	return p.tx.ssrc, p.cname
}

// take puts ciphers to use. Both locks are held.
func (p *Port) take(opener, sealer *cipher) {
	if sealer != p.tx.cipher {
		p.tx.sent = window{} // a new key stream
		if p.video != nil {
			p.video.sent = wideWindow{}
			p.video.kept.clear()
		}
	}
	p.rx.cipher, p.tx.cipher = opener, sealer
	p.rx.encrypted = opener != nil
}

// name is the port number, for the log.
func (p *Port) name() uint16 {
	rtp, _ := p.Local()
	return rtp.Port()
}

// send sends b over the wire, or from s to to.
func (p *Port) send(s *socket, b []byte, to *destination) bool {
	if p.wire != nil {
		return p.wire.Send(b)
	}
	return s.send(b, &to.raw)
}
