package rtp

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// sender is the sending side of a port: one source with one run of sequence
// numbers and timestamps, whoever the packets come from.
type sender struct {
	mu     sync.Mutex
	closed bool

	to, toRTCP destination
	cipher     *cipher
	sent       window // what was sent lately

	ssrc  uint32
	top   uint16        // highest sequence number sent
	stamp uint32        // its timestamp
	at    time.Duration // when that timestamp was reached; since the epoch
	late  int16         // how many packets late one may be
	step  uint32        // what a packet usually adds to the timestamp
	clock int

	source   source // where packets come from now
	seqShift uint16 // what is added to its sequence numbers
	tsShift  uint32 // and to its timestamps

	repeats  int    // duplicates that came last, 0 or 1
	repeated uint16 // number of that one, as the source has it

	ownSeq  uint16 // of frames made here
	ownTime uint32
	paused  bool   // the last of them was silence that is not sent
	frame   []byte // for frames made here

	shown media.Packet // to those who monitor

	mapped  [8]mapping
	mapsFor *session // which mapped holds for

	packets, bytes, dropped uint64
	octets                  uint32 // of payload, for sender reports
	reported                uint64 // packets at the last report
}

// destination is where packets are sent to.
type destination struct {
	valid bool
	addr  netip.AddrPort
	raw   sockaddr
}

// set aims at a, which on a link is reached through zone.
func (d *destination) set(a netip.AddrPort, zone string) {
	if d.valid && d.addr == a {
		return
	}
	d.valid, d.addr = reachable(a), a
	if d.valid {
		d.raw.set(netip.AddrPortFrom(a.Addr().WithZone(zone), a.Port()))
	}
}

// source tells one origin of packets from another.
type source struct {
	known bool
	own   bool // made here
	ssrc  uint32
	clock int
}

// mapping is what was decided about a format.
type mapping struct {
	format *codec.Format
	pt     uint8
	ok     bool
}

func newSender() sender {
	return sender{
		ssrc: rand.Uint32(),
		// Far enough from the end that the first packets do not roll over, which a
		// receiver that missed some could not know (RFC 3711 §3.3.1).
		top:     uint16(rand.Uint32N(1 << 15)),
		stamp:   rand.Uint32(),
		late:    maxMisorder,
		ownTime: rand.Uint32(),
	}
}

// payloadType gives the payload type for f, by the address of f: formats are
// compared once, not per packet.
func (t *sender) payloadType(s *session, f *codec.Format) (uint8, bool) {
	if f == nil {
		return 0, false
	}
	if t.mapsFor != s {
		t.mapped, t.mapsFor = [8]mapping{}, s
	}
	m := &t.mapped[f.PT%8]
	if m.format != f {
		pt, ok := s.payloadType(*f)
		*m = mapping{format: f, pt: pt, ok: ok}
	}
	return m.pt, m.ok
}

// number turns the sequence number and timestamp in h, which are those of src,
// into ours. It reports false when that number was sent before: a duplicate. Two
// of them in sequence are no duplicates but a source that started over.
func (t *sender) number(h *header, src source, audio bool, now time.Duration) bool {
	seq, stamp := h.seq, h.time
	for range 2 {
		var fresh bool
		h.seq, h.time, fresh = t.place(src, seq, stamp, audio, now)
		h.marker = h.marker || fresh && audio
		if t.sent.take(h.seq) {
			t.repeats = 0
			return true
		}
		if t.repeats == 0 || seq != t.repeated+1 {
			t.repeats, t.repeated = 1, seq
			return false
		}
		t.forget()
	}
	return false
}

// maxDrift is by how many seconds timestamps may disagree with the clock on the
// wall before the source counts as another one.
const maxDrift = 5

// place finds sequence number and timestamp for a packet of src with its own
// number seq and time ts. fresh says that the source is a new one, whose first
// packet was placed where the wall clock is now.
func (t *sender) place(src source, seq uint16, ts uint32, audio bool, now time.Duration) (number uint16, stamp uint32, fresh bool) {
	number, stamp = seq+t.seqShift, ts+t.tsShift
	ahead := int16(number - t.top)
	if src != t.source || ahead > maxDropout || ahead < -t.late || audio && ahead > 0 && t.drifted(stamp, now) {
		fresh = true
		number, stamp, ahead = t.top+1, t.stamp+max(t.elapsed(src.clock, now), t.step), 0
		t.source, t.clock = src, src.clock
		t.seqShift, t.tsShift = number-seq, stamp-ts
		t.top, t.stamp, t.at, t.step = number, stamp, now, uint32(src.clock/50)
	}
	if ahead > 0 {
		t.advance(number, stamp, now)
	}
	return number, stamp, fresh
}

func (t *sender) advance(number uint16, stamp uint32, now time.Duration) {
	t.top = number
	if stamp == t.stamp {
		return
	}
	if d := stamp - t.stamp; d < uint32(t.clock/5) {
		t.step = d
	}
	t.stamp, t.at = stamp, now
}

// elapsed is how far the timestamp should have come since it last changed. The
// first packet of all just follows the random start.
func (t *sender) elapsed(clock int, now time.Duration) uint32 {
	if t.packets == 0 {
		return 0
	}
	return ticks(now-t.at, clock)
}

func (t *sender) drifted(stamp uint32, now time.Duration) bool {
	d := int32(stamp - t.stamp - t.elapsed(t.clock, now))
	return int(d) > maxDrift*t.clock || int(d) < -maxDrift*t.clock
}

// skip closes the gap that a packet leaves which is not sent because the far side
// does not know its format; it would look like loss.
func (t *sender) skip(src source, seq uint16) {
	if src == t.source && int16(seq+t.seqShift-t.top) > 0 {
		t.seqShift--
	}
}

// forget makes the next packet start as a new source would.
func (t *sender) forget() { t.source = source{} }

// window remembers which of the last 64 sequence numbers were sent. None goes
// out twice: with SRTP, two different packets with one number would give the key
// stream away (RFC 3711 §9.1).
type window struct {
	started bool
	top     uint16
	bits    uint64 // bit n: top-n was sent
}

// take reports whether seq was not sent before, and notes that it is now.
func (w *window) take(seq uint16) bool {
	d := int16(seq - w.top)
	switch {
	case !w.started:
		*w = window{started: true, top: seq, bits: 1}
	case d >= 64:
		w.top, w.bits = seq, 1
	case d > 0:
		w.top, w.bits = seq, w.bits<<d|1
	case d <= -64 || w.bits>>-d&1 != 0:
		return false
	default:
		w.bits |= 1 << -d
	}
	return true
}
