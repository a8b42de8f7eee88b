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
	call      *testphone.Call
	begin     time.Time
	end       time.Time // of the ringing
	answered  bool
	shown     string
	sipCallID string
}

// enter registers the phones of a world and lets them act until ctx ends.
func enter(ctx context.Context, t *testing.T, x *exchange, suite *plantest.Suite, world plantest.World) []*actor {
	t.Helper()
	var actors []*actor
	for _, extension := range slices.Sorted(keys(world)) {
		for i, p := range world[extension] {
			a := &actor{label: p.Label(extension, i, len(world[extension])), does: p, hz: float64(700 + 130*len(actors))}
			opt := testphone.Options{
				Extension: extension, Password: string(suite.Config.Extensions[extension].Password),
				Server: x.addr, Codecs: names(p.Codecs), Patience: 20 * time.Second,
			}
			deed, _ := p.Act()
			if deed == "unreachable" {
				opt.Transport = "tcp"
			}
			a.phone = testphone.New(t, opt)
			a.phone.Register(ctx)
			if deed == "unreachable" {
				a.phone.Close()
				actors = append(actors, a)
				continue
			}
			actors = append(actors, a)
		}
	}
	return actors
}

// act answers, refuses or rings, as the test says, each call that comes.
func (a *actor) act(ctx context.Context, tasks *sync.WaitGroup) {
	for ctx.Err() == nil {
		if a.phone.Waiting() == 0 {
			time.Sleep(2 * time.Millisecond)
			continue
		}
		c := a.phone.NextCall(ctx)
		tasks.Go(func() { a.take(ctx, c) })
	}
}

func (a *actor) take(ctx context.Context, c *testphone.Call) {
	deed, after := a.does.Act()
	r := &rang{call: c, begin: time.Now(), shown: displayName(c.Invite("From")), sipCallID: c.Invite("Call-ID")}
	if deed == "answers" || deed == "rings" || after > 0 {
		c.Ring()
		a.mu.Lock()
		a.calls = append(a.calls, r)
		a.mu.Unlock()
	}
	over := until(ctx, c, after, deed == "rings")
	a.mu.Lock()
	r.end = time.Now()
	a.mu.Unlock()
	if over {
		return
	}
	switch deed {
	case "busy":
		c.Busy()
	case "declines":
		c.Decline()
	case "answers":
		if !c.TryAnswer() {
			return
		}
		a.mu.Lock()
		r.answered = true
		a.mu.Unlock()
		c.Speak(a.hz)
		if h := a.does.HangsUp; h > 0 && !until(ctx, c, h, false) {
			c.Hangup()
		}
	}
}

// until waits for d, or for ever, and reports whether the call ended before.
func until(ctx context.Context, c *testphone.Call, d time.Duration, forever bool) bool {
	end := time.Now().Add(d)
	for ctx.Err() == nil && !c.Ended() {
		if !forever && !time.Now().Before(end) {
			return false
		}
		time.Sleep(2 * time.Millisecond)
	}
	return true
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

// own is what callers say, so that an echo is known as one.
const own = 3100.0

// listen notes what the caller hears; names are those of the tones that may be.
func (e *ear) listen(ctx context.Context, c *testphone.Call, names map[float64]string) {
	tones := slices.Collect(maps.Keys(names))
	last, times := "", 0
	for ctx.Err() == nil && !c.Ended() {
		time.Sleep(40 * time.Millisecond)
		if !c.Answered() && slices.Contains(c.Provisionals(), 180) {
			e.add("ringing")
		}
		hz := c.Hearing(tones...)
		if hz == 0 {
			continue
		}
		what := "music"
		if hz > 0 {
			what = names[hz]
		}
		if what != last {
			last, times = what, 0
		}
		if times++; times >= 3 {
			e.add(what)
		}
	}
}
