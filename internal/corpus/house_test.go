package corpus

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	beat    = 10 * time.Millisecond
	tooLate = 40 * time.Millisecond  // for audio and timers to be what they should
	calm    = 500 * time.Millisecond // without lateness
	hectic  = 10 * time.Second       // of waiting for calm

	fewest = 3  // calls at a time
	some   = 16 // calls at a time in the beginning
)

// house is where calls are played: as many at a time as the machine can bear. It
// measures how late things are done; when they are, fewer calls are let in, and
// when they are not, more.
type house struct {
	mu      sync.Mutex
	late    []lateness
	free    []int // places
	playing int
	room    int           // for calls
	changed chan struct{} // closed and replaced when a call may be let in
}

type lateness struct {
	at time.Time
	by time.Duration
}

func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{room: some, changed: make(chan struct{})}
	for i := range places {
		h.free = append(h.free, i)
	}
	ctx, stop := context.WithCancel(t.Context())
	var pulse sync.WaitGroup
	pulse.Go(func() { h.measure(ctx) })
	t.Cleanup(func() {
		stop()
		pulse.Wait()
	})
	return h
}

// enter waits until one more call may be played, and gives its place.
func (h *house) enter() int {
	for {
		h.mu.Lock()
		if h.playing < min(h.room, places) {
			defer h.mu.Unlock()
			h.playing++
			place := h.free[0]
			h.free = h.free[1:]
			return place
		}
		changed := h.changed
		h.mu.Unlock()
		<-changed
	}
}

func (h *house) leave(place int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.playing--
	h.free = append(h.free, place)
	h.wake()
}

// wake tells who wants to enter; mu is held.
func (h *house) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// measure has a pulse, and finds out how late it is.
func (h *house) measure(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	adapted := time.Now()
	for last := time.Now(); ; last = time.Now() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		h.mu.Lock()
		late := now.Sub(last) - beat
		if late > tooLate {
			h.late = append(h.late, lateness{now, late})
		}
		switch n := len(h.late); {
		case late > tooLate && now.Sub(adapted) > calm:
			h.room = max(fewest, h.room*2/3)
			adapted = now
		case h.playing >= h.room && now.Sub(adapted) > calm/4 && (n == 0 || now.Sub(h.late[n-1].at) > calm):
			h.room = min(places, h.room+1)
			adapted = now
			h.wake()
		}
		h.mu.Unlock()
	}
}

// worst is the worst lateness since begin, 0 when there was none that matters.
func (h *house) worst(begin time.Time) (worst time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range slices.Backward(h.late) {
		if l.at.Before(begin) {
			break
		}
		worst = max(worst, l.by)
	}
	return worst
}

// rest waits until the machine is calm again.
func (h *house) rest(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for end := time.Now().Add(hectic); time.Now().Before(end) && h.worst(time.Now().Add(-calm)) > 0; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
