package mixer

import (
	"math"
	"math/cmplx"
	"slices"
	"testing"
	"time"
)

// series is a delay as it was again and again, in the first half of the time and in the
// second.
type series [2][]time.Duration

// add notes a delay that was there at the time at of length.
func (s *series) add(at, length, delay time.Duration) {
	half := 0
	if at > length/2 {
		half = 1
	}
	s[half] = append(s[half], delay)
}

// all are the delays of some series.
func all(some []series) (d []time.Duration) {
	for _, s := range some {
		d = slices.Concat(d, s[0], s[1])
	}
	return d
}

// share is the delay that so much of all, 0 to 1, does not exceed.
func share(all []time.Duration, of float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	d := slices.Sorted(slices.Values(all))
	return d[int(of*float64(len(d)-1))]
}

// growth is by how much the median of the second half is above that of the first, of the
// series of which that is worst. A single delay says nothing of that: packets come up to
// 40 ms late, ticks are 20 ms apart, and what is held back varies by some 10 ms.
func growth(some []series) (worst time.Duration) {
	for _, s := range some {
		if len(s[0]) > 0 && len(s[1]) > 0 {
			worst = max(worst, share(s[1], 0.5)-share(s[0], 0.5))
		}
	}
	return worst
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
		h.delays[f.phone].add(left, h.length, fell-left)
	}
	h.fell = h.fell[:0]
}

// reportDelay judges the delays of all members. What their phones were late, because the
// machine had other things to do, is not the mixer's.
func (h *hall) reportDelay(what string, some []series) {
	h.t.Helper()
	const most = 0.99
	grown, late := growth(some), growth([]series{h.late})
	d, excuse := all(some), share(all([]series{h.late}), most)
	h.t.Logf("%s: median %v, 99 %% %v, at most %v, %d measured; a member's median grew by %v at most; phones were %v late (99 %%)",
		what, share(d, 0.5), share(d, most), share(d, 1), len(d), grown, excuse)
	if got := share(d, most); got > truthDelay+excuse {
		h.t.Errorf("%s: %v was added", what, got)
	}
	if h.length >= 2*time.Minute && grown > truthGrowth+max(0, late) { // it takes a while to begin
		h.t.Errorf("%s: grew by %v", what, grown)
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
			s[0].add(at, length, 60*ms)
			s[1].add(at, length, c.delay(n))
		}
		if got := growth(s); got < c.want-2*ms || got > c.want+2*ms {
			t.Errorf("%s: grew by %v, want %v", c.name, got, c.want)
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
