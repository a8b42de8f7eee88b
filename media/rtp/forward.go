package rtp

import (
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// maxFrame is how much payload Write takes.
const maxFrame = 1400

// Forward sends a packet of another endpoint, changed in place.
func (p *Port) Forward(pk *media.Packet) {
	t := &p.tx
	t.mu.Lock()
	defer t.mu.Unlock()
	s := p.session.Load()
	if !t.ready(s) || pk.Format == nil || len(pk.Raw) < headerSize {
		t.dropped++
		return
	}
	src := source{known: true, ssrc: pk.SSRC, clock: pk.Format.Clock}
	pt, ok := t.payloadType(s, pk.Format)
	if !ok {
		t.dropped++
		t.skip(src, pk.Seq)
		return
	}
	h := header{pt: pt, marker: pk.Marker, ssrc: t.ssrc, seq: pk.Seq, time: pk.Time}
	if !t.number(&h, src, pk.Format.IsAudio(), p.engine.since()) {
		t.dropped++
		return
	}
	rewrite(pk.Raw, h)
	p.transmit(pk.Raw, len(pk.Payload))
}

// Write sends a frame made here. Frames follow each other without gap; after a
// pause the timestamp has gone on.
func (p *Port) Write(f codec.Format, payload []byte, samples int, marker bool) {
	t := &p.tx
	t.mu.Lock()
	defer t.mu.Unlock()
	s := p.session.Load()
	if !t.ready(s) || len(payload) > maxFrame {
		t.dropped++
		return
	}
	pt, ok := s.payloadType(f)
	if !ok {
		t.dropped++
		return
	}
	now := p.engine.since()
	src := source{known: true, own: true, clock: f.Clock}
	if src == t.source && ticks(now-t.at, f.Clock) > 2*uint32(samples)+uint32(f.Clock/5) {
		t.forget()
	}
	h := header{pt: pt, marker: marker, ssrc: t.ssrc, seq: t.ownSeq, time: t.ownTime}
	t.ownSeq++
	t.ownTime += uint32(samples)
	if !t.number(&h, src, f.IsAudio(), now) {
		t.dropped++
		return
	}
	if t.frame == nil {
		t.frame = make([]byte, headerSize+maxFrame+tail)
	}
	b := t.frame[:headerSize+copy(t.frame[headerSize:headerSize+maxFrame], payload)]
	putHeader(b, h)
	p.transmit(b, len(payload))
}

// ready reports whether anything may be sent. When not, what comes afterwards
// counts as a new source, so that the pause is no loss.
func (t *sender) ready(s *session) bool {
	if t.closed || s == nil || !t.to.valid || !s.direction.Send {
		t.forget()
		return false
	}
	return true
}

// transmit encrypts and sends b, which carries so many bytes of payload. The
// sender's lock is held.
func (p *Port) transmit(b []byte, payload int) {
	t := &p.tx
	if t.cipher != nil {
		sealed, err := t.cipher.seal(b)
		if err != nil {
			t.dropped++
			return
		}
		b = sealed
	}
	if !p.sockets.rtp.send(b, &t.to.raw) {
		t.dropped++
		return
	}
	t.packets++
	t.bytes += uint64(len(b))
	t.octets += uint32(payload)
}

// timestamp is the RTP timestamp of the moment now, for sender reports.
func (t *sender) timestamp(now time.Duration) uint32 {
	if t.clock == 0 {
		return t.stamp
	}
	return t.stamp + t.elapsed(t.clock, now)
}
