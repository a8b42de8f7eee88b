package rtp

import "time"

// Limits of RFC 3550 §A.1 for what still is the same run of sequence numbers.
const (
	maxDropout  = 3000
	maxMisorder = 100
)

// reception counts what arrives from one far side (RFC 3550 §A.1, §A.3, §A.8).
// When the source changes, counting starts over and what was lost before is
// kept.
type reception struct {
	started bool
	ssrc    uint32
	base    uint32 // first sequence number
	max     uint32 // highest one, with cycles in the upper half
	bad     uint32 // the number that would confirm a jump; 1<<16 when none
	run     uint64 // packets of this source
	before  uint64 // lost by earlier sources

	packets, bytes uint64
	last           time.Duration // since the epoch of the engine

	clock   int
	timed   bool   // transit is known
	transit uint32 // of the last packet, in ticks
	jitter  uint32 // in ticks, times 16

	priorExpected, priorReceived uint64 // at the last report
	recent                       recentLoss
}

// update counts a packet with header h of length bytes, which arrived at now.
func (r *reception) update(h header, length int, now time.Duration) {
	r.packets++
	r.bytes += uint64(length)
	r.last = now
	if !r.started || h.ssrc != r.ssrc {
		r.restart(h)
	}
	highest := uint16(r.max)
	switch delta := h.seq - highest; {
	case delta < maxDropout:
		if h.seq < highest {
			r.max += 1 << 16
		}
		r.max = r.max&^0xffff | uint32(h.seq)
	case delta <= 1<<16-maxMisorder:
		// A jump: two packets in sequence mean that the other side has restarted
		// without saying so.
		if uint32(h.seq) != r.bad {
			r.bad = uint32(h.seq + 1)
			return
		}
		r.restart(h)
	}
	r.bad = 1 << 16
	r.run++
}

func (r *reception) restart(h header) {
	r.before = r.lost()
	r.started, r.ssrc = true, h.ssrc
	r.base, r.max, r.bad = uint32(h.seq), uint32(h.seq), 1<<16
	r.run, r.priorExpected, r.priorReceived = 0, 0, 0
	r.timed = false
}

// transited measures jitter from a packet of audio with timestamp ts.
func (r *reception) transited(ts uint32, clock int, now time.Duration) {
	if clock <= 0 {
		return
	}
	transit := ticks(now, clock) - ts
	if r.timed && clock == r.clock {
		d := int32(transit - r.transit)
		// More than a second is a new talk spurt, not jitter.
		if d = max(d, -d); d >= 0 && int(d) < clock {
			r.jitter += uint32(d) - (r.jitter+8)>>4
		}
	} else {
		r.jitter = 0
	}
	r.clock, r.transit, r.timed = clock, transit, true
}

// ticks is d in units of 1/clock seconds, modulo 1<<32.
func ticks(d time.Duration, clock int) uint32 {
	sec, rest := d/time.Second, d%time.Second
	return uint32(int64(sec)*int64(clock)) + uint32(int64(rest)*int64(clock)/int64(time.Second))
}

// expected is how many packets this source has sent, by its sequence numbers.
func (r *reception) expected() uint64 {
	if !r.started {
		return 0
	}
	return uint64(r.max-r.base) + 1
}

// lost is how many packets never arrived, over all sources.
func (r *reception) lost() uint64 {
	if e := r.expected(); e > r.run {
		return r.before + e - r.run
	}
	return r.before
}

// jitterTime is the jitter as a duration.
func (r *reception) jitterTime() time.Duration {
	if r.clock == 0 {
		return 0
	}
	return time.Duration(r.jitter>>4) * time.Second / time.Duration(r.clock)
}

// block gives what a report block says about this source (RFC 3550 §6.4.1), with
// the fraction lost since the last call.
func (r *reception) block() (b reportBlock, ok bool) {
	if !r.started || r.run == 0 {
		return b, false
	}
	expected := r.expected()
	b = reportBlock{
		ssrc:    r.ssrc,
		lost:    clip24(int64(expected) - int64(r.run)),
		highest: r.max,
		jitter:  r.jitter >> 4,
	}
	wanted, got := expected-r.priorExpected, r.run-r.priorReceived
	if wanted > got && wanted > 0 {
		b.fraction = uint8(min(255, (wanted-got)<<8/wanted))
	}
	r.priorExpected, r.priorReceived = expected, r.run
	r.recent.report(b.fraction)
	return b, true
}

// clip24 keeps n within the signed 24 bits of a report block.
func clip24(n int64) int32 { return int32(min(max(n, -1<<23), 1<<23-1)) }
