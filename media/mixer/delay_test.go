package mixer

import (
	"math"
	"math/cmplx"
	"slices"
	"testing"
	"time"
)

// delay is how long something took at a time, both since the beginning.
type delay struct{ at, took time.Duration }

// series is a delay as it was again and again.
type series []delay

func (s *series) add(at, took time.Duration) { *s = append(*s, delay{at, took}) }

// half is what a series was in the first half of a time, or in the second.
func (s series) half(second bool, length time.Duration) (took []time.Duration) {
	for _, d := range s {
		if second == (d.at > length/2) {
			took = append(took, d.took)
		}
	}
	return took
}

// all are the delays of some series.
func all(some []series) (took []time.Duration) {
	for _, s := range some {
		for _, d := range s {
			took = append(took, d.took)
		}
	}
	return took
}

// share is the delay that so much of all, 0 to 1, does not exceed.
func share(all []time.Duration, of float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	d := slices.Sorted(slices.Values(all))
	return d[int(of*float64(len(d)-1))]
}

// measured is of how many series there is anything.
func measured(some []series) (n int) {
	for _, s := range some {
		n += min(1, len(s))
	}
	return n
}

// fewest delays have a median that says something.
const fewest = 3

// growth is by how much the median of the second half is above that of the first, of the
// series of which that is worst, and of how many that is known. A single delay says nothing
// of that: packets come up to 40 ms late, ticks are 20 ms apart, and what is held back
// varies by some 10 ms.
func growth(some []series, length time.Duration) (worst time.Duration, known int) {
	for _, s := range some {
		before, after := s.half(false, length), s.half(true, length)
		if len(before) >= fewest && len(after) >= fewest {
			worst = max(worst, share(after, 0.5)-share(before, 0.5))
			known++
		}
	}
	return worst, known
}

// falls finds where a tone of hz falls to half and stays there for 100 ms, -1 when it
// does not.
func falls(pcm []int16, hz float64) int {
	const window, stays = 160, 800 // samples
	step, turn := cmplx.Rect(1, 2*math.Pi*hz/8000), complex(1, 0)
	sums := make([]complex128, len(pcm)+1)
	for i, s := range pcm {
		sums[i+1] = sums[i] + complex(float64(s)*real(turn), float64(s)*imag(turn))
		turn *= step
	}
	low := 0
	for i := window; i <= len(pcm); i++ {
		if low++; 2*cmplx.Abs(sums[i]-sums[i-window])/window > truthAmplitude/2 {
			low = 0
		}
		if low == stays {
			return i - stays + 1 - window/2
		}
	}
	return -1
}

// measure looks for the silences of the round in what the ear heard. Delay is what there
// is between the end of a packet at the phone and the moment at which the mixer sends how
// it begins: what a phone needs to fill a packet is its own affair.
func (h *hall) measure() {
	heard, when := h.ear.take()
	h.machine.gaps(when)
	for _, f := range h.fell {
		left := leaves(f.phone, f.seq)
		from := 0
		for from < len(when) && when[from] < left-Tick {
			from++
		}
		at := falls(heard[160*from:min(len(heard), 160*from+8000)], h.phones[f.phone].hz)
		if at < 0 {
			h.unheard++
			continue
		}
		at += 160 * from
		fell := when[at/160] + time.Duration(at%160)*time.Second/8000
		h.delays[f.phone].add(left, fell-left)
	}
	h.fell = h.fell[:0]
}

// reportDelay judges the delays of all members.
func (h *hall) reportDelay(what string, some []series) {
	h.t.Helper()
	const most = 0.99
	d, beyond, calm := all(some), make([]series, len(some)), make([]series, len(some))
	for i, s := range some {
		for _, one := range s {
			excuse := h.machine.excuse(one.at)
			beyond[i].add(one.at, one.took-excuse)
			if excuse <= barelyLate {
				calm[i] = append(calm[i], one)
			}
		}
	}
	grown, known := growth(calm, h.length)
	added := share(all(beyond), most)
	h.t.Logf("%s: median %v, 99 %% %v, at most %v, %d measured; beyond what the machine was late: 99 %% %v",
		what, share(d, 0.5), share(d, most), share(d, 1), len(d), added)
	h.t.Logf("%s: %d of them when the machine was not late, median %v, 99 %% %v; a member's median grew by %v at most, of %d members that is known",
		what, len(all(calm)), share(all(calm), 0.5), share(all(calm), most), grown, known)
	if added > truthDelay {
		h.t.Errorf("%s: %v was added", what, added)
	}
	if h.length < 2*time.Minute { // it takes a while to begin
		return
	}
	if grown > truthGrowth {
		h.t.Errorf("%s: grew by %v", what, grown)
	}
	switch total := measured(some); {
	case known == total:
	case h.witness != nil:
		h.t.Logf("%s: IT IS NOT KNOWN of %d members whether it grew, the machine was too often late; TestTruth says it", what, total-known)
	default:
		h.t.Errorf("%s: of %d members it is not known whether it grew", what, total-known)
	}
}

func TestGrowth(t *testing.T) {
	const ms, length = time.Millisecond, 10 * time.Minute
	for _, c := range []struct {
		name  string
		delay func(second int) time.Duration
		want  time.Duration
	}{
		{"always the same", func(int) time.Duration { return 60 * ms }, 0},
		{"to and fro", func(n int) time.Duration { return time.Duration(45+n*7%25) * ms }, 0},
		{"one that is late", func(n int) time.Duration { return time.Duration(60+n/599*200) * ms }, 0},
		{"100 ppm", func(n int) time.Duration {
			return 40*ms + time.Duration(n)*100*time.Microsecond + time.Duration(n*7%25)*ms
		}, 30 * ms},
	} {
		s := make([]series, 3)
		for n := range 600 {
			at := time.Duration(n) * time.Second
			s[0].add(at, 60*ms)
			s[1].add(at, c.delay(n))
		}
		if got, known := growth(s, length); got < c.want-2*ms || got > c.want+2*ms || known != 2 {
			t.Errorf("%s: grew by %v, want %v, known of %d", c.name, got, c.want, known)
		}
	}
}

func TestFalls(t *testing.T) {
	pcm := make([]int16, 8000)
	for i := range pcm {
		v := math.Sin(2 * math.Pi * 450 * float64(i) / 8000)
		if i < 3000 || i > 6000 {
			v += math.Sin(2 * math.Pi * 300 * float64(i) / 8000)
		}
		if i > 1000 && i < 1160 { // a packet is lost
			v = 0
		}
		pcm[i] = int16(truthAmplitude * v)
	}
	if at := falls(pcm, 300); at < 2990 || at > 3010 {
		t.Errorf("it falls at %d, want 3000", at)
	}
	if at := falls(pcm, 450); at >= 0 {
		t.Errorf("450 Hz fall at %d", at)
	}
}
