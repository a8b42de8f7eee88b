// Package jitter turns packets that arrive late, twice, in the wrong order or not at
// all, by a clock that is not ours, into audio that flows by our clock: an adaptive
// jitter buffer. It knows no sockets and no calls, and reads no clock: who calls it
// says what time it is.
//
// A packet i with the media time t (its timestamp) that arrives at a has the transit
// a-t, of which only differences mean anything. What is played at the moment now has
// the media time p, and now-p is the delay in the same terms: packets whose transit
// is smaller are in time. The buffer watches the transits, decides which delay it
// wants, and approaches it by cutting and repeating single periods of the voice, or
// for nothing where there is silence. A clock that runs faster or slower than ours
// changes the transits, so it is followed like any other change.
package jitter

import (
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media/codec"
)

// Options are how a Buffer works; all have defaults.
type Options struct {
	Rate     int           // of the audio that Get gives, in Hz: 8000, 16000 or 48000; 0: 8000
	Min, Max time.Duration // bounds of the delay that is wanted: 0 and 300 ms
	Steady   bool          // the delay stays the same but for a few ms: for what is recorded
	// Hushed says whether a packet is silent, and only takes its time: Get asks it for each,
	// with when it would have come if it was as fast as the fastest, and with when it came.
	// None is when it is nil.
	Hushed func(sent, arrived time.Time) bool
	// Decoders makes the decoder of a format: codec.NewDecoder unless it is given.
	Decoders func(f codec.Format, rate int) (codec.Decoder, error)
}

// Packet is one RTP packet. It is copied.
type Packet struct {
	Payload []byte
	Format  *codec.Format // nil when it is not known
	SSRC    uint32
	Time    uint32
	Seq     uint16
	Marker  bool
}

// Stats is what became of the packets of a Buffer. A packet that is missing when its
// time comes was replaced; if it came after all it is late, else it is lost.
type Stats struct {
	Received   uint64
	Lost       uint64 // never arrived
	Late       uint64 // arrived when its time had passed, at least in part
	Duplicates uint64
	Reordered  uint64
	Discarded  uint64 // thrown away: late, of no known format, too many, of another source
	Concealed  uint64 // packets in whose place there was a guess
	Recovered  uint64 // packets that the next one carried too
	Restarts   uint64 // how often source, timestamps or sequence numbers began anew

	Stretched time.Duration // audio that was added to wait for packets
	Squeezed  time.Duration // audio that was taken away to catch up

	Depth  time.Duration // by how much what is played is later than if the fastest packet were the rule
	Target time.Duration // the depth that is wanted
}

// Buffer is a jitter buffer for one source. Put may be called by any goroutine; Get
// and Close belong to one, that of the clock.
type Buffer struct {
	rate     int
	steady   bool
	hush     func(sent, arrived time.Time) bool // or nil
	decoders decoders
	ring     ring

	producers sync.Mutex // among those who call Put; Get never takes it
	origin    time.Time  // set by the first Put
	overflows atomic.Uint64

	source   source
	order    order
	transit  transit
	queue    queue
	counters counters
	noise    noise

	now     int64 // samples since origin, of the tick that is being served
	pos     int64 // media time of the end of the queue
	lastDur int   // samples in the packet that was played last
	held    int   // samples of guesses made while nothing was there
	guessed int   // samples of guesses in a row
	quiet   bool  // nobody speaks: the sender pauses, or has not begun
	hushed  bool  // what was decoded last is not to be heard
	seam    bool  // what comes next does not continue what is in the queue
	hurry   bool  // the delay is being made shorter
	wait    int   // ticks until the speed may be changed again
	period  []int16
	scratch []int16
}

// New makes a Buffer.
func New(o Options) *Buffer {
	if o.Rate == 0 {
		o.Rate = 8000
	}
	if o.Max == 0 {
		o.Max = 300 * time.Millisecond
	}
	if o.Decoders == nil {
		o.Decoders = codec.NewDecoder
	}
	b := &Buffer{
		rate:     o.Rate,
		steady:   o.Steady,
		hush:     o.Hushed,
		decoders: decoders{make: o.Decoders, rate: o.Rate},
		ring:     newRing(),
		queue:    newQueue(o.Rate),
		lastDur:  o.Rate / 50,
		quiet:    true,
		period:   make([]int16, longest(o.Rate)+fadeLength(o.Rate)),
		scratch:  make([]int16, maxPacket*o.Rate/1000),
	}
	b.transit.init(o.Rate, o.Min, o.Max)
	return b
}

// Rate is that of the audio that Get gives, in Hz.
func (b *Buffer) Rate() int { return b.rate }

// Put takes a packet that arrived at the time given. It does not block, and drops
// what it has no room for.
func (b *Buffer) Put(p Packet, arrival time.Time) {
	b.producers.Lock()
	defer b.producers.Unlock()
	if b.origin.IsZero() {
		b.origin = arrival
	}
	if !b.ring.put(&p, arrival.Sub(b.origin)) {
		b.overflows.Add(1)
	}
}

// Get fills pcm, 20 ms or less, with what is to be heard from now on. It reports
// false when that is silence. Now must grow by the length of pcm from call to call,
// whenever the calls really happen: it is the time of the clock that paces them.
func (b *Buffer) Get(pcm []int16, now time.Time) bool {
	if !b.ring.any() {
		clear(pcm)
		return false
	}
	b.now = b.samples(now.Sub(b.origin))
	b.drain()
	if !b.source.known {
		clear(pcm)
		return false
	}
	n := min(len(pcm), b.rate/50)
	b.transit.adapt(n)
	b.aim()
	b.fill(n)
	b.adjust(n)
	silent := b.queue.read(pcm[:n])
	clear(pcm[n:])
	b.counters.depth.Store(b.now - b.played() + int64(n) - b.transit.base)
	b.counters.target.Store(b.transit.wanted())
	return !silent
}

// Close gives the decoders back. Get must not be called afterwards.
func (b *Buffer) Close() {
	b.decoders.close()
	b.noise.close()
}

// samples is how many samples last as long as d.
func (b *Buffer) samples(d time.Duration) int64 {
	return int64(d/time.Second)*int64(b.rate) + int64(d%time.Second)*int64(b.rate)/int64(time.Second)
}

func (b *Buffer) duration(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / time.Duration(b.rate)
}

// played is the media time of what Get gives next.
func (b *Buffer) played() int64 { return b.pos - int64(b.queue.length()) }

// late is by how much what is played is later than wanted; less than 0: earlier.
func (b *Buffer) late() int64 { return b.now - b.played() - b.transit.base - b.transit.wanted() }

// counters are what Stats tells, for any goroutine.
type counters struct {
	received, missing, late, lateMissing, duplicates, reordered atomic.Uint64
	discarded, concealed, recovered, restarts                   atomic.Uint64
	stretched, squeezed, depth, target                          atomic.Int64
}

// Stats may be called by any goroutine.
func (b *Buffer) Stats() Stats {
	c := &b.counters
	overflows := b.overflows.Load()
	lateMissing := c.lateMissing.Load() // before missing, which is never smaller
	return Stats{
		Received:   c.received.Load() + overflows,
		Lost:       c.missing.Load() - lateMissing,
		Late:       c.late.Load(),
		Duplicates: c.duplicates.Load(),
		Reordered:  c.reordered.Load(),
		Discarded:  c.discarded.Load() + overflows,
		Concealed:  c.concealed.Load(),
		Recovered:  c.recovered.Load(),
		Restarts:   c.restarts.Load(),
		Stretched:  b.duration(c.stretched.Load()),
		Squeezed:   b.duration(c.squeezed.Load()),
		Depth:      b.duration(c.depth.Load()),
		Target:     b.duration(c.target.Load()),
	}
}
