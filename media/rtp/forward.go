package rtp

import (
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// maxFrame is how much payload Write takes.
const maxFrame = 1400

// Forward sends a packet of another endpoint, changed in place. Its header extension
// stays behind, but for the level.
func (p *Port) Forward(pk *media.Packet) {
	if p.video != nil {
		p.forwardVideo(pk)
		return
	}
	t := &p.tx
	t.mu.Lock()
	defer t.mu.Unlock()
	s := p.session.Load()
	src, pt, ok := t.admit(s, pk)
	if !ok {
		t.dropped++
		return
	}
	h := header{pt: pt, marker: pk.Marker, ssrc: t.ssrc, seq: pk.Seq, time: pk.Time}
	if !t.number(&h, src, pk.Format.IsAudio(), p.engine.since()) {
		t.dropped++
		return
	}
	raw := s.carried(pk.Raw, pk.Level)
	rewrite(raw, h)
	p.show(s, h, raw, pk.Payload)
	p.transmit(raw, len(pk.Payload))
}

// Write sends a frame made here. Frames follow each other without gap; after a
// pause, told of or not, the timestamp has gone on.
func (p *Port) Write(f codec.Format, payload []byte, samples int, marker bool) {
	p.WriteLevel(f, payload, samples, marker, media.Loudness{})
}

// WriteLevel implements media.Levelled.
func (p *Port) WriteLevel(f codec.Format, payload []byte, samples int, marker bool, level media.Loudness) {
	t := &p.tx
	t.mu.Lock()
	defer t.mu.Unlock()
	s := p.session.Load()
	if !t.ready(s) || len(payload) > maxFrame || p.video != nil {
		t.dropped++
		return
	}
	pt, ok := s.payloadType(f)
	if !ok {
		t.dropped++
		return
	}
	if len(payload) == 0 {
		t.ownTime += uint32(samples)
		t.paused = true
		return
	}
	marker, t.paused = marker || t.paused, false
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
		t.frame = make([]byte, headerSize+levelSize+maxFrame+tail)
	}
	putHeader(t.frame, h)
	begin := headerSize + s.putLevel(t.frame, level)
	b := t.frame[:begin+copy(t.frame[begin:begin+maxFrame], payload)]
	p.show(s, h, b, payload)
	p.transmit(b, len(payload))
}

// show lets those who monitor see what is about to be sent. The sender's lock is held.
func (p *Port) show(s *session, h header, b, payload []byte) {
	if !p.monitors.Any() {
		return
	}
	p.tx.shown = media.Packet{
		Raw: b, Payload: payload, Format: s.sends(h.pt),
		SSRC: h.ssrc, Time: h.time, Seq: h.seq, Marker: h.marker,
	}
	p.monitors.Sent(&p.tx.shown)
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
// sender's lock is held. It gives what was sent, nil when that failed.
func (p *Port) transmit(b []byte, payload int) (sent []byte) {
	t := &p.tx
	if t.cipher != nil {
		sealed, err := t.cipher.seal(b)
		if err != nil {
			t.dropped++
			return nil
		}
		b = sealed
	}
	if !p.send(p.sockets.rtp, b, &t.to) {
		t.dropped++
		return nil
	}
	t.packets++
	t.bytes += uint64(len(b))
	t.octets += uint32(payload)
	return b
}

// timestamp is the RTP timestamp of the moment now, for sender reports.
func (t *sender) timestamp(now time.Duration) uint32 {
	if t.clock == 0 {
		return t.stamp
	}
	return t.stamp + t.elapsed(t.clock, now)
}

// admit says from which source a packet of another endpoint is, and with what payload type
// it can be sent; mu is held.
func (t *sender) admit(s *session, pk *media.Packet) (src source, pt uint8, ok bool) {
	if !t.ready(s) || pk.Format == nil || len(pk.Raw) < headerSize {
		return source{}, 0, false
	}
	src = source{known: true, ssrc: pk.SSRC, clock: pk.Format.Clock}
	if pt, ok = t.payloadType(s, pk.Format); !ok {
		t.skip(src, pk.Seq)
	}
	return src, pt, ok
}
