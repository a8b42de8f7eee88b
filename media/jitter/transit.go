package jitter

import "time"

// How transits are remembered.
const (
	bucketMs = 2
	buckets  = 250
	// A transit is forgotten to 1/e after so many packets: the short memory sees
	// at once that it got worse, the long one does not believe so soon that it
	// got better.
	shortMemory, longMemory = 100, 750
	shortShare, longShare   = 0.93, 0.99 // of the packets that shall be in time
	// The fastest packet is that of so long, twice, so that a clock that differs is
	// followed.
	fastestOf = 4 * time.Second
	// The delay that is wanted sinks by one sample in so many.
	slowDown   = 50
	firstGuess = 20 * time.Millisecond
	// A network may keep packets for so long, and bring them in the end.
	mostKept = 5 * time.Second
	// After so many packets in a row that all came too late, they are the rule.
	tooMany = 10
)

// transit decides how much delay is wanted, from how long packets took. All times
// are in samples.
type transit struct {
	rate       int
	base       int64   // the transit of the fastest packet
	fastest    fastest // who has it
	strict     fastest // the same, which neither misses nor jumps of the timestamps change
	owed       int64   // by how much transits are larger there
	short      histogram
	long       histogram
	target     int64 // beyond base
	span       int64 // what a tick takes
	low, high  int64 // bounds of the target
	unobserved bool  // there was a packet since the target was set

	missed int   // packets in a row that came too late to be played
	least  int64 // the transit of the fastest of them
}

func (t *transit) init(rate int, low, high time.Duration) {
	samples := func(d time.Duration) int64 { return int64(d) * int64(rate) / int64(time.Second) }
	*t = transit{rate: rate, low: samples(low), high: samples(high), unobserved: true}
	t.short.init(shortMemory)
	t.long.init(longMemory)
	t.target = samples(firstGuess)
}

// begin takes the first arrival, with media time 0.
func (t *transit) begin(arrival int64) {
	t.base = arrival
	t.fastest.begin(arrival, arrival)
	t.strict.begin(arrival, arrival)
}

// observe takes the transit of a packet.
func (t *transit) observe(transit, arrival int64) {
	memory := int64(fastestOf.Seconds()) * int64(t.rate)
	t.fastest.observe(transit, arrival, memory)
	t.strict.observe(transit+t.owed, arrival, memory)
	t.base = t.fastest.least()
	bucket := min(int((transit-t.base)*1000/int64(t.rate))/bucketMs, buckets-1)
	t.short.add(bucket)
	t.long.add(bucket)
	t.unobserved = true
}

// miss takes the transit of a packet that came too late to be played. When there is
// nothing else any more, as after a sender stood still whose timestamps did so too, the
// fastest of them becomes the rule: else nothing was heard until the old one is forgotten.
func (t *transit) miss(transit, arrival int64) {
	if t.missed == 0 {
		t.least = transit
	}
	t.least = min(t.least, transit)
	if t.missed++; t.missed < tooMany {
		return
	}
	t.missed = 0
	t.base = t.least
	t.fastest.begin(t.least, arrival)
	t.short.init(shortMemory)
	t.long.init(longMemory)
	t.target = max(t.low, int64(firstGuess)*int64(t.rate)/int64(time.Second))
}

// shift says that media times are larger from now on. Whether the sender stood still or the
// network kept the packets is not known: as far as it may, they are slower.
func (t *transit) shift(by int64) {
	if by > 0 && by <= int64(mostKept.Seconds())*int64(t.rate) {
		t.owed += by
	}
}

// slower is how much longer a packet took than the fastest, if the network is to blame.
func (t *transit) slower(transit int64) int64 { return max(0, transit+t.owed-t.strict.least()) }

// adapt brings the target to where it should be: up at once, down slowly. Tick is
// how many samples are played at a time.
func (t *transit) adapt(tick int) {
	t.span = int64(tick)
	if !t.unobserved {
		return
	}
	t.unobserved = false
	bucket := max(t.short.quantile(shortShare), t.long.quantile(longShare))
	t.want(int64(bucket+1) * bucketMs * int64(t.rate) / 1000)
}

func (t *transit) want(need int64) {
	need = min(max(need, t.low), t.high)
	if need >= t.target {
		t.target = need
		return
	}
	t.target = max(need, t.target-max(1, t.span/slowDown))
}

// wanted is how much later than the fastest packet audio is to be played: as late
// as most packets are, and a tick, of whose audio all must be there when it begins.
func (t *transit) wanted() int64 { return t.target + t.span }

// fastest is the transit of the fastest packet of the last time.
type fastest struct{ now, before, since int64 }

func (f *fastest) begin(transit, arrival int64) { *f = fastest{transit, transit, arrival} }

// observe takes the transit of a packet, to be known for the length of memory at least, and
// twice that at most.
func (f *fastest) observe(transit, arrival, memory int64) {
	if arrival-f.since > memory {
		f.before, f.now, f.since = f.now, transit, arrival
	}
	f.now = min(f.now, transit)
}

func (f *fastest) least() int64 { return min(f.now, f.before) }

// histogram counts, and forgets.
type histogram struct {
	weights [buckets]float32
	total   float32
	weight  float32 // of the next one: it grows, instead of the others getting less
	growth  float32
	top     int // the highest that is not empty
}

func (h *histogram) init(memory int) {
	*h = histogram{weight: 1, growth: 1 + 1/float32(memory)}
}

func (h *histogram) add(bucket int) {
	h.top = max(h.top, bucket)
	h.weights[bucket] += h.weight
	h.total += h.weight
	h.weight *= h.growth
	if h.weight < 1e6 {
		return
	}
	h.total = 0
	for i := range h.weights {
		h.weights[i] /= h.weight
		h.total += h.weights[i]
	}
	h.weight = 1
}

// quantile is the bucket up to which the share of all is.
func (h *histogram) quantile(share float32) int {
	for h.top > 0 && h.weights[h.top] < h.total/1e5 { // as good as forgotten
		h.total -= h.weights[h.top]
		h.weights[h.top] = 0
		h.top--
	}
	rest := h.total * (1 - share)
	for i := h.top; i > 0; i-- {
		rest -= h.weights[i]
		if rest < 0 {
			return i
		}
	}
	return 0
}
