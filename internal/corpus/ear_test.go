package corpus

import (
	"context"
	"slices"
	"sync"
	"time"

	"dialtone/internal/testphone"
	"dialtone/plantest"
)

// ear notes what a caller hears, in order, while the call lasts.
type ear struct {
	mu      sync.Mutex
	moments []*moment
	changed chan struct{} // closed and replaced with each change
}

// moment is something that is heard, or was.
type moment struct {
	what       string
	begin, end time.Time // end is zero while it lasts
}

func newEar() *ear { return &ear{changed: make(chan struct{})} }

// begins notes what is heard since then, instead of what was; "" is silence.
func (e *ear) begins(what string, since time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.moments); n > 0 && e.moments[n-1].end.IsZero() {
		if e.moments[n-1].what == what {
			return
		}
		e.moments[n-1].end = since
	}
	if what != "" {
		e.moments = append(e.moments, &moment{what: what, begin: since})
	}
	close(e.changed)
	e.changed = make(chan struct{})
}

// heard is what was heard, in order; what was heard twice in a row is there once.
func (e *ear) heard() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, m := range e.moments {
		out = append(out, m.what)
	}
	return slices.Compact(out)
}

// await waits until something is heard, or over, that is not one of the first
// from moments. It gives since when, and how many to leave out the next time.
func (e *ear) await(ctx context.Context, c *testphone.Call, what string, over bool, from int) (since time.Time, next int, ok bool) {
	for {
		e.mu.Lock()
		for i := from; i < len(e.moments); i++ {
			if m := e.moments[i]; m.what == what && (!over || !m.end.IsZero()) {
				since = m.begin
				if over {
					since = m.end
				}
				e.mu.Unlock()
				return since, i + 1, true
			}
		}
		changed := e.changed
		e.mu.Unlock()
		select {
		case <-changed:
		case <-c.Done():
			return since, from, false
		case <-ctx.Done():
			return since, from, false
		}
	}
}

const (
	// How often in a row something must be heard to count: a mixture of two tones
	// that follow each other is no sound.
	sure    = 3
	surer   = 5
	glance  = 40 * time.Millisecond // from one time to the next
	silence = 100.0                 // root mean square

	shortest = 200 * time.Millisecond // of what counts as heard
)

// listen notes what the caller hears; known are the timbres that may be.
func (e *ear) listen(ctx context.Context, c *testphone.Call, known []timbre, tasks *sync.WaitGroup) {
	tasks.Go(func() {
		if !c.Rings(ctx) {
			return
		}
		soon, cancel := context.WithTimeout(ctx, shortest)
		defer cancel()
		if !c.Up(soon) && !c.Ended() {
			e.begins("ringing", time.Now())
		}
	})
	const pause = 300 * time.Millisecond // without any audio is silence, too
	last, times := "", 0
	var mu sync.Mutex // guards last and times
	pauses := time.AfterFunc(pause, func() {
		mu.Lock()
		defer mu.Unlock()
		last, times = "", 0
		e.begins("", time.Now().Add(-pause))
	})
	defer pauses.Stop()
	c.Listen(ctx, func(pcm []int16) {
		mu.Lock()
		defer mu.Unlock()
		pauses.Reset(pause)
		what, needed, since := "", sure, time.Now()
		if testphone.RMS(pcm) > silence {
			what, needed = sound, surer
			if i := slices.IndexFunc(known, func(t timbre) bool { return t.in(pcm) }); i >= 0 {
				what, needed, since = known[i].name, sure, since.Add(-known[i].lead)
			}
		}
		if what != last {
			last, times = what, 0
		}
		if times++; times == needed {
			e.begins(what, since.Add(-time.Duration(times)*glance))
		}
	})
}

// press presses keys, as the caller of a test does.
func press(ctx context.Context, c *testphone.Call, e *ear, begin time.Time, keys []plantest.Pressing) {
	heard := 0
	for _, k := range keys {
		what, ok := k.During+k.After, true
		var due time.Time
		switch {
		case k.At != nil:
			due = begin.Add(*k.At - plantest.Reaction)
		case what != "":
			due, heard, ok = e.await(ctx, c, audible(what), k.After != "", heard)
		default:
			ok = c.Agrees(ctx)
			due = time.Now()
		}
		if !ok || ended(ctx, c, time.After(time.Until(due.Add(plantest.Reaction)))) {
			return
		}
		c.SendDTMF(k.Keys)
		if ended(ctx, c, time.After(time.Duration(len(k.Keys))*plantest.KeyTime)) {
			return
		}
	}
}
