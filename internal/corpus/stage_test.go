package corpus

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/internal/testphone"
	"dialtone/plantest"
)

// patient is a phone whose waits end with the test.
const patient = time.Minute

// What phones say when they are in a call, above the notes of the music: those of
// extensions from nearest up, those outside from farthest down.
const (
	nearest  = 1150.0
	farthest = 2900.0
	spacing  = 110.0
)

// actor is somebody who does what a test says of them when they are called.
type actor struct {
	label string
	does  *plantest.Phone
	phone *testphone.Phone // of an extension
	hz    float64          // what it says when it is in a call
	late  time.Duration    // keeps those in order who answer at the same moment

	mu    sync.Mutex
	calls []*rang
}

// rang is one call that an actor got.
type rang struct {
	call       *testphone.Call
	trunk      string    // over which it came, "" for none
	begin, end time.Time // of the ringing; it did not ring when begin is zero
	answered   bool
}

// enter registers the phones of a world.
func enter(ctx context.Context, t *try, x *exchange, suite *plantest.Suite, world plantest.World) []*actor {
	t.Helper()
	var actors []*actor
	for _, extension := range slices.Sorted(maps.Keys(world)) {
		for i, p := range world[extension] {
			a := &actor{
				label: p.Label(extension, i, len(world[extension])), does: p,
				hz: nearest + spacing*float64(len(actors)),
			}
			if x.scene.hears(inConference) && !x.scene.hears(a.label) {
				a.hz = others
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

// queue has those who answer at the same moment do so in the order in which they
// rang when they were simulated.
func queue(actors []*actor, virtual []plantest.Moment) {
	const between = 150 * time.Millisecond
	at := map[time.Duration]time.Duration{}
	for _, m := range virtual {
		for _, a := range actors {
			what, _, _ := strings.Cut(m.What, via)
			if deed, after := a.does.Act(); a.label == what && deed == "answers" {
				when := (m.After + after).Round(time.Millisecond)
				a.late = at[when]
				at[when] += between
			}
		}
	}
}

// serve takes each call that comes to the phone of an actor.
func (a *actor) serve(ctx context.Context, tasks *sync.WaitGroup) {
	for c := a.phone.Next(ctx); c != nil; c = a.phone.Next(ctx) {
		tasks.Go(func() { a.take(ctx, c, "") })
	}
}

// take answers, refuses or rings, as the test says.
func (a *actor) take(ctx context.Context, c *testphone.Call, trunk string) {
	deed, after := a.does.Act()
	r := &rang{call: c, trunk: trunk}
	if deed == "answers" || deed == "rings" || after > 0 {
		c.Ring()
		r.begin = time.Now()
	}
	a.mu.Lock()
	a.calls = append(a.calls, r)
	a.mu.Unlock()
	var due <-chan time.Time
	if deed != "rings" {
		due = time.After(after + a.late)
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
	if keys := a.does.Keys.Value; keys != "" && !ended(ctx, c, time.After(plantest.Reaction)) {
		c.SendDTMF(keys)
	}
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
