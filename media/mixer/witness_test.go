package mixer

import (
	"context"
	"sync"
	"testing"
	"time"
)

const (
	// A jitter buffer remembers for so long that packets were late, or ticks.
	rememberedFor = 45 * time.Second
	// What is less is how exact timers are.
	barelyLate = 5 * time.Millisecond
)

// lateness is by how much the machine was late at most, in each second since the beginning.
type lateness struct {
	worst []time.Duration
	last  time.Duration // when the last packet was heard
}

// late notes that what was due at a time was so late.
func (l *lateness) late(at, by time.Duration) {
	if by <= barelyLate {
		return
	}
	second := int(at / time.Second)
	for len(l.worst) <= second {
		l.worst = append(l.worst, 0)
	}
	l.worst[second] = max(l.worst[second], by)
}

// gaps notes ticks that were late, of which there is a packet each.
func (l *lateness) gaps(when []time.Duration) {
	for _, at := range when {
		if l.last > 0 {
			l.late(at, at-l.last-Tick)
		}
		l.last = at
	}
}

// excuse is what the machine may have added to a delay.
func (l *lateness) excuse(at time.Duration) (worst time.Duration) {
	last := int(at/time.Second) + 1 // what was measured at the end of a delay
	for second := max(0, last-int(rememberedFor/time.Second)); second <= last && second < len(l.worst); second++ {
		worst = max(worst, l.worst[second])
	}
	return worst
}

func TestExcuse(t *testing.T) {
	const ms = time.Millisecond
	var l lateness
	l.late(3*time.Second, 4*ms)
	l.late(9500*ms, 30*ms)
	l.late(9700*ms, 20*ms)
	l.gaps([]time.Duration{20 * time.Second, 20*time.Second + Tick, 20*time.Second + 3*Tick + 50*ms})
	for at, want := range map[time.Duration]time.Duration{
		time.Second: 0, 5 * time.Second: 0, 10 * time.Second: 30 * ms, 19 * time.Second: 70 * ms, time.Minute: 70 * ms, 66 * time.Second: 0, time.Hour: 0,
	} {
		if got := l.excuse(at); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
}

// witness ticks beside a mixer, and is as busy as it, but mixes nothing: what it misses is
// the machine's.
type witness struct {
	t     *testing.T
	stop  context.CancelFunc
	group sync.WaitGroup

	// Until judge has waited for it these belong to observe.
	ticks, missed uint64
	busy          time.Duration
	sum           uint64 // of nothing that matters
}

// turns is what a witness does in a tick, which takes about as long as one of TestTruth.
const turns = 1_250_000

func newWitness(t *testing.T) *witness {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &witness{t: t, stop: stop}
	w.group.Go(func() { w.observe(ctx) })
	return w
}

func (w *witness) observe(ctx context.Context) {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if late := time.Since(next); late > behind {
			w.missed += uint64(late / Tick)
			next = next.Add(late.Truncate(Tick))
		}
		begin := time.Now()
		sum := w.sum
		for n := range uint64(turns) {
			sum ^= sum<<1 + n
		}
		w.sum = sum
		w.ticks++
		next = next.Add(Tick)
		now := time.Now()
		w.busy += now.Sub(begin)
		if now.After(next) {
			w.missed++
		}
		timer.Reset(next.Sub(now))
	}
}

// judge compares the mixer with it. Both miss at random, so a quarter more is nothing.
func (w *witness) judge(s Stats) {
	w.t.Helper()
	w.stop()
	w.group.Wait()
	w.t.Logf("a clock beside it that mixes nothing missed %d of %d ticks; it was busy for %v a tick, the mixer for %v",
		w.missed, w.ticks, w.busy/time.Duration(max(1, w.ticks)), s.Busy/time.Duration(max(1, s.Ticks)))
	if w.busy/time.Duration(max(1, w.ticks)) > 2*s.Busy/time.Duration(max(1, s.Ticks)) {
		w.t.Error("it was too busy to be compared with")
	}
	if most := s.Ticks/1000 + w.missed*5/4; s.Missed > most {
		w.t.Errorf("%d of %d ticks were missed, %d are the machine's", s.Missed, s.Ticks, w.missed)
	}
}
