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
	what string
	over bool
}

func newEar() *ear { return &ear{changed: make(chan struct{})} }

// begins notes that what is heard from now on, instead of what was; "" is silence.
func (e *ear) begins(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.moments); n > 0 && !e.moments[n-1].over {
		if e.moments[n-1].what == what {
			return
		}
		e.moments[n-1].over = true
	}
	if what != "" {
		e.moments = append(e.moments, &moment{what: what})
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
// from moments. It gives how many to leave out the next time.
func (e *ear) await(ctx context.Context, c *testphone.Call, what string, over bool, from int) (next int, ok bool) {
	for {
		e.mu.Lock()
		for i := from; i < len(e.moments); i++ {
			if m := e.moments[i]; m.what == what && (m.over || !over) {
				e.mu.Unlock()
				return i + 1, true
			}
		}
		changed := e.changed
		e.mu.Unlock()
		select {
		case <-changed:
		case <-c.Done():
			return from, false
		case <-ctx.Done():
			return from, false
		}
	}
}

const (
	own = 3100.0 // what callers say, so that an echo is known as one
	// How often in a row something must be heard, each 40 ms, to count: a mixture
	// of two tones that follow each other is no sound.
	sure    = 3
	surer   = 5
	silence = 100.0 // root mean square
	purity  = 0.5   // part of the energy that a tone has

	shortest = 200 * time.Millisecond // of what counts as heard

	// sound is what is no tone that is known: music, or a file.
	sound = "music"
)

// listen notes what the caller hears; names are those of the tones that may be.
func (e *ear) listen(ctx context.Context, c *testphone.Call, names map[float64]string, tasks *sync.WaitGroup) {
	tasks.Go(func() {
		if !c.Rings(ctx) {
			return
		}
		soon, cancel := context.WithTimeout(ctx, shortest)
		defer cancel()
		if !c.Up(soon) && !c.Ended() {
			e.begins("ringing")
		}
	})
	const pause = 300 * time.Millisecond // without any audio is silence, too
	last, times := "", 0
	var mu sync.Mutex // guards last and times
	pauses := time.AfterFunc(pause, func() {
		mu.Lock()
		defer mu.Unlock()
		last, times = "", 0
		e.begins("")
	})
	defer pauses.Stop()
	c.Listen(ctx, func(pcm []int16) {
		mu.Lock()
		defer mu.Unlock()
		pauses.Reset(pause)
		what, needed := "", sure
		if testphone.RMS(pcm) > silence {
			what, needed = sound, surer
			for hz, name := range names {
				if testphone.Share(pcm, hz) > purity {
					what, needed = name, sure
					break
				}
			}
		}
		if what != last {
			last, times = what, 0
		}
		if times++; times == needed {
			e.begins(what)
		}
	})
}

// press presses keys, as the caller of a test does.
func press(ctx context.Context, c *testphone.Call, e *ear, begin time.Time, keys []plantest.Pressing) {
	heard := 0
	for _, k := range keys {
		what, ok := k.During+k.After, true
		wait := plantest.Reaction
		switch {
		case k.At != nil:
			wait = *k.At - time.Since(begin)
		case what != "":
			heard, ok = e.await(ctx, c, audible(what), k.After != "", heard)
		default:
			ok = c.Agrees(ctx)
		}
		if !ok || ended(ctx, c, time.After(wait)) {
			return
		}
		c.SendDTMF(k.Keys)
		if ended(ctx, c, time.After(time.Duration(len(k.Keys))*plantest.KeyTime)) {
			return
		}
	}
}
