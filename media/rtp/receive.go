package rtp

import (
	"net/netip"
	"sync"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// worker is what one reading goroutine needs, used again for each packet.
type worker struct {
	buf    [maxPacket + tail]byte
	from   sockaddr
	packet media.Packet
	letter letter
	age    time.Duration // of what is in buf: it arrived so long ago
}

func newWorker() *worker { return &worker{} }

// receiver is the receiving side of a port.
type receiver struct {
	mu      sync.Mutex
	closed  bool
	latch   latch
	control controlLatch
	cipher  *cipher
	alarmed bool // a stranger was reported in the log

	encrypted bool // what was agreed last; a closed port has no cipher

	heard    reception
	format   *codec.Format // of the last audio
	rejected uint64
	dropped  uint64
	remote   remoteReports
}

// read handles a datagram of n bytes in w.buf that was read from s.
func (p *Port) read(w *worker, s *socket, n int) {
	p.arriving.Lock() // somebody else may still pull
	defer p.arriving.Unlock()
	p.received(w, s, n)
}

// received handles a datagram of n bytes in w.buf that came to s.
func (p *Port) received(w *worker, s *socket, n int) {
	session := p.session.Load()
	switch {
	case session == nil || n > maxPacket:
		p.rx.drop()
	case s != nil && s.control || session.mux && isRTCP(w.buf[:n]):
		p.control(w, s, n)
	case p.accept(session, w, n):
		p.monitors.Received(&w.packet)
		if box := p.sink.Load(); box != nil {
			box.Packet(&w.packet)
		} else {
			p.unheard.Add(1)
		}
	}
}

// accept checks and counts an RTP packet and makes w.packet of it. It reports
// whether somebody should get it.
func (p *Port) accept(session *session, w *worker, n int) bool {
	r := &p.rx
	now := p.engine.since() - w.age
	from := w.from.addrPort()
	b := w.buf[:n]
	h, ok := parseHeader(b)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	format := session.format(h.pt)
	if !ok || format == nil && isRTCP(b) {
		r.garbage(from)
		return false
	}
	if b, ok = p.authentic(w, b, h, from, format != nil); !ok {
		return false
	}
	payload, ok := h.payload(b)
	if !ok {
		r.dropped++
		return false
	}
	r.heard.update(h, len(b), now)
	if p.video != nil {
		p.video.seen.Store(h.ssrc)
	}
	if format == nil || !session.direction.Recv {
		r.dropped++
		return false
	}
	if format.IsAudio() {
		r.format = format
		r.heard.transited(h.time, format.Clock, now)
	}
	w.packet = media.Packet{
		Raw:     w.buf[:len(b)],
		Payload: payload,
		Format:  format,
		SSRC:    h.ssrc,
		Time:    h.time,
		Seq:     h.seq,
		Marker:  h.marker,
		Level:   session.level(b, h),
		Sent:    session.sentAt(b, h),
		Arrived: p.engine.epoch.Add(now),
	}
	return true
}

// authentic decides whether a packet is the far side's, by its key or by where it
// comes from, and gives it in clear. The receiver's lock is held.
func (p *Port) authentic(w *worker, b []byte, h header, from netip.AddrPort, negotiated bool) (plain []byte, ok bool) {
	r := &p.rx
	if p.wire != nil && r.cipher == nil {
		p.reject(from)
		return nil, false
	}
	if r.cipher == nil {
		ok, moved := r.latch.accept(from, h, negotiated)
		if moved {
			p.moved(w, from)
		}
		if !ok {
			p.reject(from)
		}
		return b, ok
	}
	plain, err := r.cipher.open(b, h.ssrc)
	if err != nil {
		p.reject(from)
		return nil, false
	}
	// An old packet proves nothing about where the far side is now.
	newest := !r.heard.started || h.ssrc != r.heard.ssrc || int16(h.seq-uint16(r.heard.max)) > 0
	if newest && r.latch.prove(from) && p.wire == nil {
		p.moved(w, from)
	}
	return plain, true
}

// moved aims at the address that packets were found to come from. The receiver's
// lock is held.
func (p *Port) moved(w *worker, from netip.AddrPort) {
	p.engine.log.Debug("audio comes from another address than signalled",
		"port", p.name(), "signalled", p.rx.latch.signalled, "source", from)
	if from != p.rx.latch.signalled && !p.rx.control.locked {
		p.rx.control.follow(from)
	}
	p.tx.mu.Lock()
	defer p.tx.mu.Unlock()
	p.tx.to = destination{valid: true, addr: from, raw: w.from}
	p.tx.toRTCP.set(p.rx.control.current, p.local.Zone())
}

// reject counts a packet that is not the far side's; the log hears of the first.
func (p *Port) reject(from netip.AddrPort) {
	p.rx.rejected++
	if !p.rx.alarmed && p.rx.latch.locked {
		p.rx.alarmed = true
		p.engine.log.Warn("audio that is not the far side's is refused",
			"port", p.name(), "source", from, "expected", p.rx.latch.current)
	}
}

// garbage counts a packet that is no RTP.
func (r *receiver) garbage(from netip.AddrPort) {
	if from == r.latch.current {
		r.dropped++
		return
	}
	r.rejected++
}

func (r *receiver) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped++
}

// heardAt is when the last packet arrived, as time on the clock of e.
func (r *receiver) heardAt(e *Engine) time.Time {
	if r.heard.packets == 0 {
		return time.Time{}
	}
	return e.epoch.Add(r.heard.last)
}
