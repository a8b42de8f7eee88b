package corpus

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"dialtone/internal/testphone"
	"dialtone/plantest"
)

// patient is a phone whose waits end with the test.
const patient = time.Minute

// actor is a real phone that does what a test says of it.
type actor struct {
	label string
	does  *plantest.Phone
	phone *testphone.Phone
	hz    float64 // what it says when it is in a call

	mu    sync.Mutex
	calls []*rang
}

// rang is one call that an actor got.
type rang struct {
	call       *testphone.Call
	begin, end time.Time // of the ringing; it did not ring when begin is zero
	answered   bool
}

// enter registers the phones of a world.
func enter(ctx context.Context, t *testing.T, x *exchange, suite *plantest.Suite, world plantest.World) []*actor {
	t.Helper()
	var actors []*actor
	for _, extension := range slices.Sorted(maps.Keys(world)) {
		for i, p := range world[extension] {
			a := &actor{
				label: p.Label(extension, i, len(world[extension])), does: p,
				hz: 1150 + 110*float64(len(actors)), // above the notes of the music
			}
			actors = append(actors, a)
			opt := testphone.Options{
				Extension: extension, Password: string(suite.Config.Extensions[extension].Password),
				Server: x.addr, Codecs: names(p.Codecs), Patience: patient,
			}
			deed, _ := p.Act()
			if deed == "unreachable" {
				opt.Transport = "tcp"
			}
			a.phone = testphone.New(t, opt)
			a.phone.Register(ctx)
			if deed == "unreachable" {
				a.phone.Close()
			}
		}
	}
	return actors
}

// act answers, refuses or rings, as the test says, each call that comes.
func (a *actor) act(ctx context.Context, tasks *sync.WaitGroup) {
	for {
		c := a.phone.Next(ctx)
		if c == nil {
			return
		}
		tasks.Go(func() { a.take(ctx, c) })
	}
}

func (a *actor) take(ctx context.Context, c *testphone.Call) {
	deed, after := a.does.Act()
	r := &rang{call: c}
	if deed == "answers" || deed == "rings" || after > 0 {
		c.Ring()
		r.begin = time.Now()
	}
	a.mu.Lock()
	a.calls = append(a.calls, r)
	a.mu.Unlock()
	var due <-chan time.Time
	if deed != "rings" {
		due = time.After(after)
	}
	over := ended(ctx, c, due)
	switch {
	case over:
	case deed == "busy":
		c.Busy()
	case deed == "declines":
		c.Decline()
	case deed == "answers":
		over = !c.TryAnswer()
	}
	a.mu.Lock()
	r.end, r.answered = time.Now(), deed == "answers" && !over
	a.mu.Unlock()
	if !r.answered {
		return
	}
	c.Speak(a.hz)
	if h := a.does.HangsUp; h > 0 && !ended(ctx, c, time.After(h)) {
		c.Hangup()
	}
}

// ended waits for the end of the call, or for due, and reports which it was.
func ended(ctx context.Context, c *testphone.Call, due <-chan time.Time) bool {
	select {
	case <-c.Done():
		return true
	case <-ctx.Done():
		return true
	case <-due:
		return false
	}
}

// ear notes what a caller hears, in order, while the call lasts.
type ear struct {
	mu    sync.Mutex
	heard []string
}

func (e *ear) add(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.heard); n == 0 || e.heard[n-1] != what {
		e.heard = append(e.heard, what)
	}
}

const (
	own = 3100.0 // what callers say, so that an echo is known as one
	// How often in a row something must be heard, each 40 ms, to count: a mixture
	// of two tones that follow each other is no music.
	sure    = 3
	surer   = 5
	silence = 100.0 // root mean square

	shortest = 200 * time.Millisecond // of what counts as heard
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
			e.add("ringing")
		}
	})
	last, times := "", 0
	c.Listen(ctx, func(pcm []int16) {
		what := ""
		for hz, name := range names {
			if testphone.HasTone(pcm, hz) {
				what = name
			}
		}
		needed := sure
		if what == "" && testphone.RMS(pcm) > silence {
			what, needed = "music", surer
		}
		if what != last {
			last, times = what, 0
		}
		if times++; what != "" && times == needed {
			e.add(what)
		}
	})
}
