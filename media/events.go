package media

import (
	"encoding/binary"
	"time"
)

// eventLog tells the telephone events (RFC 4733) of one source apart. A key is
// many packets: the first with a marker, if it is not lost or forgotten, then one
// every 20 ms or so with a growing duration, in the end three that say that it is
// over, of which all may be lost. All of them have the timestamp of its beginning,
// with most phones.
type eventLog struct {
	last [8]event // the newest, by turn
	turn int
}

// part is how long one part of a key that is held lasts, in ticks: what duration can
// say.
const part = 0xffff

// event is a key that is pressed.
type event struct {
	known  bool
	code   byte
	ssrc   uint32
	first  uint32 // timestamp of its beginning
	stamp  uint32 // of its last part: after 8 s it goes on as another (RFC 4733 §2.5.1.3)
	ticks  uint32 // from first to where it was last heard of
	seq    uint16 // of the newest packet
	ends   int    // how many packets said that it is over
	number int    // that Keys gave it
}

// take reads a packet. e is nil when it tells of no key; fresh says that nothing
// was heard of that key before.
func (l *eventLog) take(p *Packet) (e *event, fresh bool) {
	if len(p.Payload) < 4 || int(p.Payload[0]) >= len(Keypad) {
		return nil, false
	}
	code, end := p.Payload[0], p.Payload[1]&0x80 != 0
	duration := uint32(binary.BigEndian.Uint16(p.Payload[2:]))
	for i := range l.last { // the newest first
		if e := &l.last[(l.turn+len(l.last)-1-i)%len(l.last)]; e.known && e.code == code && e.ssrc == p.SSRC && e.covers(p, duration, end) {
			e.extend(p, duration, end)
			return e, false
		}
	}
	e = &l.last[l.turn]
	l.turn = (l.turn + 1) % len(l.last)
	*e = event{known: true, code: code, ssrc: p.SSRC, first: p.Time, stamp: p.Time, ticks: duration, seq: p.Seq}
	e.extend(p, duration, end)
	return e, true
}

// covers reports whether a packet with the code and source of e is part of e.
func (e *event) covers(p *Packet, duration uint32, end bool) bool {
	since := p.Time - e.first
	switch {
	case int16(p.Seq-e.seq) > 0 && !end && duration < e.ticks && (e.ends > 0 || p.Marker && since != 0):
		// Pressed again: of a phone whose timestamp stands still, or is that of
		// audio with a slower clock than the events, time alone does not say so.
		return false
	case since <= e.ticks:
		return true // a repetition, or a phone whose timestamp runs on
	case e.ends > 0 || p.Marker:
		return false
	}
	// The next part of a long one, or what follows packets that were lost of a
	// phone whose timestamp runs on: no finger is as quick as that.
	slack := uint32(p.Format.Clock / 25)
	return p.Time-e.stamp == part || since < e.ticks+slack
}

// extend notes what a packet says of e.
func (e *event) extend(p *Packet, duration uint32, end bool) {
	ticks := p.Time - e.first
	if ticks%part == 0 { // else the timestamp runs on, and has the duration in it
		ticks += duration
	}
	e.ticks = max(e.ticks, ticks)
	if int16(p.Seq-e.seq) > 0 {
		e.seq, e.stamp = p.Seq, p.Time
	}
	if end {
		e.ends++
	}
}

// held is for how long the key is known to have been pressed.
func (e *event) held(clock int) time.Duration {
	return time.Duration(e.ticks) * time.Second / time.Duration(max(1, clock))
}
