package rtp

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	mathrand "math/rand/v2"
	"time"
)

// newName is a CNAME as RFC 7022 §4.2 wants it: it says nothing about us.
func newName() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// control handles an RTCP packet of n bytes in w.buf that came to s.
func (p *Port) control(w *worker, s *socket, n int) {
	r := &p.rx
	now := p.engine.since()
	from := w.from.addrPort()
	ntp := middle(p.engine.ntp(now))

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	b := w.buf[:n]
	if len(b) < 8 || b[0]>>6 != version {
		r.garbage(from)
		return
	}
	if r.cipher != nil {
		var err error
		if b, err = r.cipher.openControl(b, binary.BigEndian.Uint32(b[4:])); err != nil {
			r.rejected++ // no alarm: many phones say goodbye in clear
			return
		}
	} else if p.wire != nil || !p.acceptControl(s, w) {
		p.reject(from)
		return
	}
	if !r.remote.read(b, p.tx.ssrc, ntp, now) {
		r.dropped++
		return
	}
	if p.video != nil {
		p.heed(b, p.engine.ntp(now))
	}
}

// acceptControl checks the source of an RTCP packet. The receiver's lock is held.
func (p *Port) acceptControl(s *socket, w *worker) bool {
	r := &p.rx
	from := w.from.addrPort()
	if !s.control {
		return from == r.latch.current || from == r.latch.signalled
	}
	ok, moved := r.control.accept(from, r.latch)
	if moved {
		p.tx.mu.Lock()
		p.tx.toRTCP = destination{valid: true, addr: from, raw: w.from}
		p.tx.mu.Unlock()
	}
	return ok
}

// planReport sets when the next report is due: after half to one and a half of
// interval (RFC 3550 §6.3.1).
func (p *Port) planReport(interval time.Duration) {
	wait := interval/2 + mathrand.N(interval)
	p.engine.agenda.plan(p.report, time.Now().Add(wait))
}

// reportDue sends a report and plans the next.
func (p *Port) reportDue(time.Time) {
	p.sendReport(false)
	p.rx.mu.Lock()
	closed := p.rx.closed
	p.rx.mu.Unlock()
	if !closed {
		p.planReport(p.engine.interval)
	}
}

// sendReport sends what we know about both directions, and a goodbye if bye.
func (p *Port) sendReport(bye bool) {
	session := p.session.Load()
	if session == nil {
		return
	}
	now := p.engine.since()
	var c compound
	if block, ok := p.receptionBlock(now); ok {
		c.block = &block
	}

	t := &p.tx
	t.mu.Lock()
	defer t.mu.Unlock()
	to, s := &t.toRTCP, p.sockets.rtcp
	if session.mux {
		to, s = &t.to, p.sockets.rtp
	}
	if t.closed || !to.valid || bye && t.packets == 0 && c.block == nil {
		return
	}
	c.ssrc, c.cname, c.bye = t.ssrc, p.cname, bye
	if t.packets > t.reported && !p.tellsTime(now) {
		c.sender = &senderInfo{ntp: p.engine.ntp(now), time: t.timestamp(now), packets: uint32(t.packets), bytes: t.octets}
		t.reported = t.packets
	}
	b := c.append(make([]byte, 0, maxCompound+tail))
	if t.cipher != nil {
		var err error
		if b, err = t.cipher.sealControl(b); err != nil {
			return
		}
	}
	p.send(s, b, to)
}

// receptionBlock is what we report about the far side's packets.
func (p *Port) receptionBlock(now time.Duration) (reportBlock, bool) {
	r := &p.rx
	r.mu.Lock()
	defer r.mu.Unlock()
	block, ok := r.heard.block()
	if ok && r.remote.lsr != 0 {
		block.lsr, block.dlsr = r.remote.lsr, ticks(now-r.remote.lsrAt, 65536)
	}
	if p.video != nil {
		block.fraction = max(block.fraction, uint8(p.video.fares.Load()))
	}
	return block, ok
}
