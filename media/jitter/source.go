package jitter

import "time"

// How far the numbers of a source may be off before it counts as one that began
// anew.
const (
	maxDropout  = slots - 8              // sequence numbers ahead
	maxMisorder = 100                    // and behind (RFC 3550 §A.1)
	maxJump     = time.Second            // of the transit
	pauseEnds   = 60 * time.Millisecond  // without a packet, after which another source is believed at once
	farEnough   = 500 * time.Millisecond // without a packet, after which another time is believed at once
)

// source is where the packets come from, and how its numbers become ours: extended
// sequence numbers and media times that go on when the source begins anew.
type source struct {
	known   bool
	ssrc    uint32
	seq     uint16 // of the newest packet
	number  int64  // what that is extended
	stamp   uint32 // of the newest speech
	clock   int    // of that stamp
	time    int64  // what that is as media time
	stamped int64  // the extended number that had that stamp
	arrival time.Duration

	doubt   bool   // the packet before did not fit
	strange uint32 // its source
	odd     uint16 // its sequence number
}

// drain puts what has arrived in order.
func (b *Buffer) drain() {
	for {
		n, ok := b.ring.next()
		if !ok {
			return
		}
		b.counters.received.Add(1)
		if !b.accept(n) {
			b.ring.free(n)
		}
	}
}

// accept takes packet n into the order of things. It reports false when the packet
// is of no use.
func (b *Buffer) accept(n uint64) bool {
	p, s := b.ring.slot(n), &b.source
	e := entry{kind: kindOf(p), packet: n}
	if !s.known {
		b.begin(p, &e)
		return b.place(p, e)
	}
	ahead := int64(int16(p.seq - s.seq))
	e.number = s.number + ahead
	switch {
	case p.ssrc != s.ssrc:
		if !b.believe(p, p.arrival-s.arrival > pauseEnds) {
			return false
		}
		e.fresh = true
		b.anew(p, &e)
	case ahead > maxDropout || ahead < -maxMisorder:
		if !b.believe(p, p.arrival-s.arrival > farEnough) {
			return false
		}
		b.anew(p, &e)
	case e.number < b.order.next:
		b.tooLate(p, e)
		return false
	case b.order.at(e.number) != nil:
		b.counters.duplicates.Add(1)
		return false
	case e.kind != speech && e.kind != comfort:
	case b.jumped(p, e.number):
		if ahead != 1 && !b.believe(p, p.arrival-s.arrival > farEnough) {
			return false
		}
		b.retime(p, &e)
	default:
		e.time = b.mediaTime(p)
	}
	return b.place(p, e)
}

// begin makes p the first packet.
func (b *Buffer) begin(p *slot, e *entry) {
	b.source = source{known: true, ssrc: p.ssrc, seq: p.seq, number: slots, clock: 8000, stamp: p.time}
	if p.format != nil {
		b.source.clock = p.format.Clock
	}
	b.source.stamped, b.source.arrival = slots, p.arrival
	e.number = slots
	b.order.next, b.order.highest = slots, slots-1
	b.transit.begin(b.samples(p.arrival))
}

// believe decides whether a packet that does not fit begins something new. Without a
// pause before, that takes two in a row: one may be a stray.
func (b *Buffer) believe(p *slot, pause bool) bool {
	s := &b.source
	if pause || s.doubt && s.strange == p.ssrc && p.seq == s.odd+1 {
		s.doubt = false
		return true
	}
	s.doubt, s.strange, s.odd = true, p.ssrc, p.seq
	b.counters.discarded.Add(1)
	return false
}

// anew lets another source, or the same with other numbers, go on where the one
// before ended.
func (b *Buffer) anew(p *slot, e *entry) {
	e.number = b.order.highest + 1
	b.retime(p, e)
	b.source.ssrc = p.ssrc
	b.source.seq, b.source.number = p.seq, e.number
}

// retime gives a packet whose timestamp says nothing a media time by when it came:
// not before those that it follows are over.
func (b *Buffer) retime(p *slot, e *entry) {
	s := &b.source
	b.counters.restarts.Add(1)
	e.time = max(
		b.samples(p.arrival)-b.transit.base,
		s.time+(e.number-s.stamped)*int64(b.lastDur),
	)
	if p.ssrc == s.ssrc && p.clockOr(s.clock) == s.clock {
		b.transit.shift(e.time - b.mediaTime(p))
	}
	s.stamped = e.number - 1 // so that p is the newest
	s.stamp, s.time, s.clock = p.time, e.time, max(1, p.clockOr(s.clock))
}

func (p *slot) clockOr(clock int) int {
	if p.format == nil {
		return clock
	}
	return p.format.Clock
}

// mediaTime is what the timestamp of p is in samples.
func (b *Buffer) mediaTime(p *slot) int64 {
	return b.source.time + int64(int32(p.time-b.source.stamp))*int64(b.rate)/int64(b.source.clock)
}

// jumped reports whether the timestamp of p does not follow from that of the newest
// packet: another clock, a time that runs backwards, or one that has nothing to do
// with when it arrived.
func (b *Buffer) jumped(p *slot, number int64) bool {
	s := &b.source
	if p.format.Clock != s.clock {
		return true
	}
	diff := int32(p.time - s.stamp)
	if number > s.stamped && diff < 0 || number < s.stamped && diff > 0 {
		return true
	}
	off := b.samples(p.arrival) - b.mediaTime(p) - b.transit.base
	limit := b.samples(maxJump)
	return off > limit || off < -limit
}

// tooLate counts a packet whose turn is over.
func (b *Buffer) tooLate(p *slot, e entry) {
	switch b.order.fate(e.number) {
	case played:
		b.counters.duplicates.Add(1)
		return
	case missing:
		b.order.fates[e.number%slots] = played
		b.counters.lateMissing.Add(1)
	}
	b.counters.late.Add(1)
	b.counters.discarded.Add(1)
	if e.kind == speech && !b.jumped(p, e.number) {
		b.transit.observe(b.samples(p.arrival)-b.mediaTime(p), b.samples(p.arrival))
	}
}

// place notes what p says of the source and lets it wait for its turn.
func (b *Buffer) place(p *slot, e entry) bool {
	s := &b.source
	s.doubt = false
	s.arrival = p.arrival
	if e.number >= b.order.next+slots { // what follows must not be as far ahead for ever
		b.counters.discarded.Add(1)
		return false
	}
	if e.number < s.number {
		b.counters.reordered.Add(1)
	} else {
		s.seq, s.number = p.seq, e.number
	}
	if e.kind == speech {
		arrival := b.samples(p.arrival)
		b.transit.observe(arrival-e.time, arrival)
	}
	if (e.kind == speech || e.kind == comfort) && e.number > s.stamped {
		s.stamp, s.time, s.stamped = p.time, e.time, e.number
	}
	b.order.add(e)
	return true
}
