package processor

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	beat = 20 * time.Millisecond
	// A beat that is so late is a gap in the audio: phones keep about as much.
	noticed = 60 * time.Millisecond
	// Without calls there is little to look at.
	idleBeat = time.Second
	window   = time.Second // of which it is told what the processors did
	// So much within the time of again is told to the operator. What stays below it is forgotten.
	manyTimes, longTime = 3, 200 * time.Millisecond
	again               = 15 * time.Minute // and not more often than that
)

// Event is that of the alert.
const Event = "stall"

// Stalls are how often we did not run in time while there were calls.
type Stalls struct {
	Times   int
	Total   time.Duration
	Longest time.Duration
	First   time.Time
	Last    time.Time
	Why, Do string    // of the last
	Told    time.Time // when the operator was told last
}

// many reports whether there are enough to be heard.
func (s *Stalls) many() bool { return s.Times >= manyTimes || s.Total >= longTime }

func (s *Stalls) add(at time.Time, d time.Duration) {
	if s.Times == 0 {
		s.First = at
	}
	s.Times++
	s.Total += d
	s.Longest, s.Last = max(s.Longest, d), at
}

// Options are what a Watch works with.
type Options struct {
	Calls func() int // how many there are: without any, nobody hears a gap
	Log   *slog.Logger
	Read  func() (Times, error) // nil: of this machine
	Now   func() time.Time      // nil: time.Now
}

// Watch notices when we do not run in time, and tells the operator why there are gaps in
// the audio. It is safe for concurrent use.
type Watch struct {
	o Options

	mu     sync.Mutex
	stalls Stalls // since the start

	// What follows belongs to Run.
	began  time.Time // of the window
	before Times
	late   time.Duration // in the window, all together
	fresh  Stalls        // not told yet
}

// New makes a Watch.
func New(o Options) *Watch {
	if o.Read == nil {
		o.Read = Read
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Watch{o: o}
}

// Stalls are those since the start.
func (w *Watch) Stalls() Stalls {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stalls
}

// Run watches until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	due, calls := w.o.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := w.o.Now()
		if calls > 0 {
			w.note(now, now.Sub(due))
		}
		if now.Sub(w.began) >= window {
			w.judge(now)
		}
		next := idleBeat
		if calls = w.o.Calls(); calls > 0 {
			next = beat
		}
		due = w.o.Now().Add(next) // what was done here is nobody's delay
		timer.Reset(next)
	}
}

// note takes a beat that was so late.
func (w *Watch) note(now time.Time, late time.Duration) {
	if late < noticed {
		return
	}
	w.late += late
	if !w.fresh.many() && now.Sub(w.fresh.First) > again {
		w.fresh = Stalls{}
	}
	w.fresh.add(now, late)
	w.mu.Lock()
	w.stalls.add(now, late)
	w.mu.Unlock()
}

// judge ends a window, finds out who is to blame for what was noticed in it, and begins
// the next.
func (w *Watch) judge(now time.Time) {
	after, err := w.o.Read()
	if err != nil {
		after = Times{}
	}
	if w.late > 0 {
		w.fresh.Why, w.fresh.Do = after.Since(w.before).Why(w.late)
		w.mu.Lock()
		w.stalls.Why, w.stalls.Do = w.fresh.Why, w.fresh.Do
		w.mu.Unlock()
	}
	if told := w.Stalls().Told; w.fresh.many() && (told.IsZero() || now.Sub(told) >= again) {
		w.tell(now)
	}
	w.began, w.before, w.late = now, after, 0
}

func (w *Watch) tell(now time.Time) {
	f := w.fresh
	w.o.Log.Warn("gaps in the audio of all calls: the machine did not run Dialtone in time", "event", Event,
		"times", f.Times, "longest", f.Longest.Round(time.Millisecond), "since", f.First, "why", f.Why, "do", f.Do)
	w.fresh = Stalls{}
	w.mu.Lock()
	w.stalls.Told = now
	w.mu.Unlock()
}
