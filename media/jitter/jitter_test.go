package jitter

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestDelayFollowsTheJitter(t *testing.T) {
	for _, c := range []struct {
		name   string
		jitter func(*rand.Rand, int) time.Duration
		most   time.Duration // of the delay, at any time after the first 3 s
		late   float64       // share of packets that may be late
	}{
		{"none", nil, 36 * time.Millisecond, 0},
		{"10 ms", uniform(10 * time.Millisecond), 46 * time.Millisecond, 0.002},
		{"40 ms", uniform(40 * time.Millisecond), 76 * time.Millisecond, 0.005},
		{"100 ms", uniform(100 * time.Millisecond), 136 * time.Millisecond, 0.008},
		{"200 ms", uniform(200 * time.Millisecond), 236 * time.Millisecond, 0.015},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := &trace{length: 5 * time.Minute, jitter: c.jitter, sample: clock(8000)}
			d := &delays{t: tr, from: 150}
			tr.each = d.each
			s := tr.run(t).Stats()
			t.Logf("delay %v to %v, %+v", d.least, d.worst, s)
			if d.worst > c.most {
				t.Errorf("delay rose to %v, at most %v is wanted", d.worst, c.most)
			}
			if got := float64(s.Late) / float64(tr.sent); got > c.late {
				t.Errorf("%d of %d packets were late", s.Late, tr.sent)
			}
			if s.Lost > 0 {
				t.Errorf("%d lost, none was", s.Lost)
			}
		})
	}
}

func TestDelayDoesNotGrowWithClocksThatDiffer(t *testing.T) {
	length := 10 * time.Hour
	if raceDetector {
		length = 15 * time.Minute
	}
	for _, ppm := range []float64{100, -100, 500, -500} {
		t.Run(fmt.Sprintf("%+.0f ppm", ppm), func(t *testing.T) {
			t.Parallel()
			tr := &trace{length: length, ppm: ppm, jitter: uniform(15 * time.Millisecond), sample: clock(8000)}
			d := &delays{t: tr, from: 150}
			tr.each = d.each
			s := tr.run(t).Stats()
			t.Logf("delay %v to %v, by hour %v, %+v", d.least, d.worst, d.hours, s)
			if d.worst > 55*time.Millisecond || d.least < 0 {
				t.Errorf("delay went from %v to %v", d.least, d.worst)
			}
			for h, worst := range d.hours {
				if worst > d.hours[0]+12*time.Millisecond { // as much as it may be off
					t.Errorf("delay grew from %v to %v in hour %d", d.hours[0], worst, h)
				}
			}
			if share := float64(s.Late+s.Concealed) / float64(tr.sent); share > 0.003 {
				t.Errorf("%d late and %d concealed of %d", s.Late, s.Concealed, tr.sent)
			}
			drift := time.Duration(float64(length) * ppm / 1e6)
			if got := s.Squeezed - s.Stretched; (got - drift).Abs() > 100*time.Millisecond {
				t.Errorf("%v taken away and %v added, want a difference of %v", s.Squeezed, s.Stretched, drift)
			}
		})
	}
}

// clicks finds where a sine of hz is no sine: x[n+1] = 2 cos(w) x[n] - x[n-1].
type clicks struct {
	k     float64
	a, b  float64
	worst float64
	at    time.Duration
	from  time.Duration
}

func newClicks(rate int, hz float64) *clicks {
	return &clicks{k: 2 * math.Cos(2*math.Pi*hz/float64(rate)), from: time.Second}
}

func (c *clicks) each(_ int, now time.Duration, pcm []int16) {
	for _, s := range pcm {
		x := float64(s)
		if off := math.Abs(x - c.k*c.a + c.b); now > c.from && off > c.worst {
			c.worst, c.at = off, now
		}
		c.a, c.b = x, c.a
	}
}

func TestChangesOfSpeedDoNotClick(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, ppm := range []float64{400, -400} {
			c := newClicks(rate, 437)
			tr := &trace{rate: rate, length: time.Minute, ppm: ppm, jitter: uniform(5 * time.Millisecond), each: c.each}
			s := tr.run(t).Stats()
			t.Logf("%d Hz, %v ppm: worst step %.0f of 10000 at %v, %+v", rate, ppm, c.worst, c.at, s)
			if s.Stretched+s.Squeezed < 20*time.Millisecond {
				t.Errorf("%d Hz, %v ppm: the speed was not changed", rate, ppm)
			}
			if c.worst > 150 {
				t.Errorf("%d Hz, %v ppm: a step of %.0f at %v", rate, ppm, c.worst, c.at)
			}
		}
	}
}

func TestWhatIsLostIsConcealed(t *testing.T) {
	burst := 0
	for _, c := range []struct {
		name string
		lose func(*rand.Rand, int) bool
	}{
		{"3 %", share(0.03)},
		{"5 %", share(0.05)},
		{"20 %", share(0.2)},
		{"bursts of 5", func(r *rand.Rand, _ int) bool {
			if burst == 0 && r.Float64() < 0.01 {
				burst = 5
			}
			burst = max(0, burst-1)
			return burst > 0
		}},
	} {
		for _, ptime := range []int{10, 20, 30, 40, 60, 120} {
			clicks := newClicks(8000, 500) // repeating 20 ms of it fits
			lose := func(r *rand.Rand, i int) bool { return i > 3 && c.lose(r, i) }
			tr := &trace{length: time.Minute, ptime: ptime, lose: lose, each: clicks.each, sample: sineOf(8000, 500, 10000)}
			s := tr.run(t).Stats()
			if s.Concealed != s.Lost || s.Lost != uint64(tr.lost) {
				t.Errorf("%s, %d ms: %d lost and %d concealed, %d were lost: %+v", c.name, ptime, s.Lost, s.Concealed, tr.lost, s)
			}
			if s.Late+s.Duplicates+s.Reordered+s.Discarded+s.Restarts > 0 {
				t.Errorf("%s, %d ms: %+v", c.name, ptime, s)
			}
			if clicks.worst > 400 {
				t.Errorf("%s, %d ms: a step of %.0f at %v", c.name, ptime, clicks.worst, clicks.at)
			}
		}
	}
}

func TestSpikesPass(t *testing.T) {
	tr := &trace{length: 10 * time.Minute, sample: clock(8000), jitter: func(_ *rand.Rand, i int) time.Duration {
		// Every 30 s nothing comes for 300 ms, then all at once.
		if at := i % 1500; i > 1000 && at < 15 {
			return time.Duration(15-at) * 20 * time.Millisecond
		}
		return 0
	}}
	d := &delays{t: tr, from: 150}
	calm := time.Duration(0)
	tr.each = func(tick int, now time.Duration, pcm []int16) {
		d.each(tick, now, pcm)
		if tick%1500 > 1400 && tick > 3000 {
			d2 := delays{t: tr}
			d2.each(tick, now, pcm)
			calm = max(calm, d2.worst)
		}
	}
	s := tr.run(t).Stats()
	t.Logf("delay %v to %v, calm %v, %+v", d.least, d.worst, calm, s)
	if d.worst > 250*time.Millisecond {
		t.Errorf("delay rose to %v", d.worst)
	}
	if calm > 80*time.Millisecond {
		t.Errorf("28 s after a spike the delay is still %v", calm)
	}
}
