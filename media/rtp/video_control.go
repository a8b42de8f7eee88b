package rtp

import (
	"encoding/binary"
	"time"

	"dialtone/media"
)

// RTCP packet types of feedback (RFC 4585 §6.1), and what they are about.
const (
	typeRTPFB   = 205
	typePSFB    = 206
	aboutNACK   = 1
	aboutPLI    = 1
	aboutFIR    = 4
	aboutREMB   = 15
	remb        = 0x52454d42 // "REMB"
	maxFeedback = 64         // items of one packet that are looked at
)

// heed takes what the far side says in the compound b about the video that it is sent, and
// when it took its own. The receiver's lock is held; now is that of our clock.
func (p *Port) heed(b []byte, now uint64) {
	for len(b) > 0 {
		kind, count, body, rest, ok := nextRTCP(b)
		if !ok {
			return
		}
		switch {
		case kind == typeSR && len(body) >= 24:
			p.taken(body, now)
			p.fared(body[24:], count)
		case kind == typeRR && len(body) >= 4:
			p.fared(body[4:], count)
		case (kind == typeRTPFB || kind == typePSFB) && len(body) >= 8:
			p.fedBack(kind, count, body)
		}
		b = rest
	}
}

// camera is where the video comes from that is sent here; nil when there is none.
func (p *Port) camera() media.Camera {
	if box := p.video.source.Load(); box != nil {
		return box.Camera
	}
	return nil
}

// fared passes on which part of our packets was lost.
func (p *Port) fared(b []byte, count int) {
	const size = 24
	for ; count > 0 && len(b) >= size; count, b = count-1, b[size:] {
		if c := p.camera(); c != nil && binary.BigEndian.Uint32(b) == p.tx.ssrc {
			c.Fares(b[4])
		}
	}
}

// taken passes on when a picture was taken, by our clock.
func (p *Port) taken(sr []byte, now uint64) {
	be := binary.BigEndian
	v := p.video
	theirs := be.Uint64(sr[4:])
	const drift, jump = 1 << 32 / 1000, 1 << 32 // a millisecond, a second
	// The one that was quickest on its way says best how the clocks differ.
	switch shift := now - theirs; {
	case !v.shifted || int64(shift-v.shift) < 0 || int64(shift-v.shift) > jump:
		v.shift, v.shifted = shift, true
	default:
		v.shift += min(drift, shift-v.shift)
	}
	if box := p.sink.Load(); box != nil {
		if s, ok := box.Sink.(interface {
			Taken(ssrc uint32, ntp uint64, time uint32)
		}); ok {
			s.Taken(be.Uint32(sr), theirs+v.shift, be.Uint32(sr[12:]))
		}
	}
}

// fedBack takes one packet of feedback: about, its sender, the source, then the items.
func (p *Port) fedBack(kind uint8, about int, body []byte) {
	be := binary.BigEndian
	source, items := be.Uint32(body[4:]), body[8:]
	c := p.camera()
	if c == nil {
		return
	}
	if kind == typeRTPFB {
		for i := 0; about == aboutNACK && source == p.tx.ssrc && i < maxFeedback && len(items) >= 4; i, items = i+1, items[4:] {
			p.repair(c, be.Uint16(items), be.Uint16(items[2:]))
		}
		return
	}
	switch {
	case about == aboutPLI && source == p.tx.ssrc, about == aboutFIR && asked(items, p.tx.ssrc):
		c.Refresh()
	case about == aboutREMB && len(items) >= 12 && be.Uint32(items) == remb:
		bits := be.Uint32(items[4:])
		c.Limit(uint64(bits&0x3ffff) << (bits >> 18 & 0x3f))
	}
}

// asked reports whether the items of an FIR are about our source.
func asked(items []byte, ssrc uint32) bool {
	for i := 0; i < maxFeedback && len(items) >= 8; i, items = i+1, items[8:] {
		if binary.BigEndian.Uint32(items) == ssrc {
			return true
		}
	}
	return false
}

// repair sends packets again that the far side has lost; those that never came here are
// asked for.
func (p *Port) repair(c media.Camera, seq, more uint16) {
	t, v := &p.tx, p.video
	t.mu.Lock()
	now := p.engine.since()
	var first, rest uint16
	missing := 0
	for i := range uint16(17) {
		if i > 0 && more>>(i-1)&1 == 0 {
			continue
		}
		if v.sent.took(seq + i) {
			p.again(seq+i, now)
			continue
		}
		if missing++; missing == 1 {
			first = i
		} else {
			rest |= 1 << (i - first - 1)
		}
	}
	src, shift := t.source, t.seqShift
	t.mu.Unlock()
	if missing > 0 && src.known {
		c.Missing(src.ssrc, seq+first-shift, rest)
	}
}

// again sends the packet with number seq again, if it is still there. The sender's lock
// is held.
func (p *Port) again(seq uint16, now time.Duration) {
	t, v := &p.tx, p.video
	if seq == v.answered && now-v.at < 5*time.Millisecond || t.closed || !t.to.valid {
		return
	}
	if b := v.kept.find(seq); b != nil && v.repairs.take(now) {
		v.answered, v.at = seq, now
		p.send(p.sockets.rtp, b, &t.to)
	}
}

// Refresh implements media.Camera.
func (p *Port) Refresh() {
	if p.video == nil {
		return
	}
	p.tell(&p.video.asks, func(s *session, b []byte, ssrc, seen uint32) []byte {
		if !s.feedback.FIR || s.feedback.PLI {
			return appendFeedback(b, typePSFB, aboutPLI, 0, ssrc, seen)
		}
		p.video.fir++
		b = appendFeedback(b, typePSFB, aboutFIR, 2, ssrc, 0)
		b = binary.BigEndian.AppendUint32(b, seen)
		return binary.BigEndian.AppendUint32(b, uint32(p.video.fir)<<24)
	})
}

// Missing implements media.Camera.
func (p *Port) Missing(ssrc uint32, seq, more uint16) {
	if p.video == nil || p.video.seen.Load() != ssrc {
		return
	}
	p.tell(&p.video.gaps, func(s *session, b []byte, own, _ uint32) []byte {
		if !s.feedback.NACK {
			return nil
		}
		b = appendFeedback(b, typeRTPFB, aboutNACK, 1, own, ssrc)
		return binary.BigEndian.AppendUint32(b, uint32(seq)<<16|uint32(more))
	})
}

// Limit implements media.Camera.
func (p *Port) Limit(bits uint64) {
	if p.video == nil {
		return
	}
	p.tell(&p.video.limits, func(s *session, b []byte, ssrc, seen uint32) []byte {
		if !s.feedback.REMB {
			return nil
		}
		exp := uint32(0)
		for bits > 0x3ffff {
			bits, exp = bits>>1, exp+1
		}
		b = appendFeedback(b, typePSFB, aboutREMB, 3, ssrc, 0)
		b = binary.BigEndian.AppendUint32(b, remb)
		b = binary.BigEndian.AppendUint32(b, 1<<24|exp<<18|uint32(bits))
		return binary.BigEndian.AppendUint32(b, seen)
	})
}

// Fares implements media.Camera.
func (p *Port) Fares(lost uint8) {
	if p.video != nil {
		p.video.fares.Store(uint32(lost))
	}
}

// Taken implements media.VideoEndpoint.
func (p *Port) Taken(ssrc uint32, ntp uint64, stamp uint32) {
	t := &p.tx
	t.mu.Lock()
	defer t.mu.Unlock()
	now := p.engine.since()
	if p.video == nil || !t.source.known || t.source.ssrc != ssrc || t.packets == 0 || !p.video.news.take(now) {
		return
	}
	info := senderInfo{ntp: ntp, time: stamp + t.tsShift, packets: uint32(t.packets), bytes: t.octets}
	c := compound{ssrc: t.ssrc, cname: p.cname, sender: &info}
	if p.sendControl(c.append(p.video.room())) {
		p.video.taken, t.reported = now, t.packets
	}
}

// tell sends the far side feedback about its video, if there is any and it has not been
// told too much.
func (p *Port) tell(b *bucket, write func(s *session, b []byte, ssrc, seen uint32) []byte) {
	t := &p.tx
	t.mu.Lock()
	defer t.mu.Unlock()
	s, seen := p.session.Load(), p.video.seen.Load()
	if s == nil || seen == 0 || !s.direction.Recv || !b.take(p.engine.since()) {
		return
	}
	c := compound{ssrc: t.ssrc, cname: p.cname}
	if body := write(s, c.append(p.video.room()), t.ssrc, seen); body != nil {
		p.sendControl(body)
	}
}

// room is where RTCP is written. The sender's lock is held.
func (v *video) room() []byte {
	if v.scratch == nil {
		v.scratch = make([]byte, 0, maxCompound+tail)
	}
	return v.scratch[:0]
}

// sendControl encrypts and sends RTCP. The sender's lock is held.
func (p *Port) sendControl(b []byte) bool {
	t := &p.tx
	to, s := &t.toRTCP, p.sockets.rtcp
	if session := p.session.Load(); session != nil && session.mux {
		to, s = &t.to, p.sockets.rtp
	}
	if t.closed || !to.valid {
		return false
	}
	if t.cipher != nil {
		var err error
		if b, err = t.cipher.sealControl(b); err != nil {
			return false
		}
	}
	return p.send(s, b, to)
}

// appendFeedback writes the beginning of a packet that has so many words of items.
func appendFeedback(b []byte, kind, about uint32, words uint32, ssrc, source uint32) []byte {
	b = binary.BigEndian.AppendUint32(b, version<<30|about<<24|kind<<16|2+words)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	return binary.BigEndian.AppendUint32(b, source)
}

// tellsTime reports whether the far side is told when pictures are taken by what their
// source says of that. The sender's lock is held.
func (p *Port) tellsTime(now time.Duration) bool {
	const silent = 15 * time.Second
	return p.video != nil && p.video.taken != 0 && now-p.video.taken < silent
}
