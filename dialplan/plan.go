package dialplan

import (
	"context"
	"time"
)

// Session is what a step can do with the call it runs in. A verb returns when
// it is over; its error is a *Ended, or the context's.
type Session interface {
	Facts() Facts
	// Dial rings an extension on all its phones for at most timeout and joins the
	// caller with the first that answers. Its error is why nobody did, or why that
	// conversation ended.
	Dial(ctx context.Context, extension string, timeout time.Duration) error
	// Echo answers and sends back what the caller says.
	Echo(ctx context.Context) error
	// Tone answers and plays a tone of hz Hertz.
	Tone(ctx context.Context, hz float64) error
	// Music answers and plays the built-in music.
	Music(ctx context.Context) error
}

// Action is one step of a route.
type Action interface {
	// String is the step as a person would say it: "dial 101".
	String() string
	// Run takes the step. nil goes on to the next one; a *Ended ends the call
	// with that cause.
	Run(ctx context.Context, s Session) error
}

// Route is what was decided for a call.
type Route struct {
	Name    string // for logs and records: "extension 101"
	Actions []Action
}

// Plan decides where calls go. It is immutable: a reload makes a new one.
type Plan struct {
	extensions  map[string]bool
	features    map[string]Route
	ringTimeout time.Duration
}

// BuiltIn describes the plan that works without anybody writing one. A feature
// number that is "" is off.
type BuiltIn struct {
	Extensions        []string
	RingTimeout       time.Duration
	Echo, Tone, Music string
}

// NewPlan builds the plan that b describes.
func NewPlan(b BuiltIn) *Plan {
	p := &Plan{
		extensions:  make(map[string]bool, len(b.Extensions)),
		features:    map[string]Route{},
		ringTimeout: b.RingTimeout,
	}
	for _, e := range b.Extensions {
		p.extensions[e] = true
	}
	for number, a := range map[string]Action{b.Echo: Echo{}, b.Tone: Tone{Hz: ToneHz}, b.Music: Music{}} {
		if number != "" {
			p.features[number] = Route{Name: a.String(), Actions: []Action{a}}
		}
	}
	return p
}

// Route decides what happens to the call that f describes. It always decides:
// what fits nothing is refused.
func (p *Plan) Route(f Facts) Route {
	switch r, feature := p.features[f.To]; {
	case f.Extension == "":
		return refuse(CauseForbidden, "outside callers have no route")
	case feature:
		return r
	case p.extensions[f.To]:
		return Route{Name: "extension " + f.To, Actions: []Action{Dial{Extension: f.To, Timeout: p.ringTimeout}}}
	}
	return refuse(CauseNotFound, f.To+" is neither an extension nor a feature")
}

func refuse(c Cause, why string) Route {
	return Route{Name: "refuse", Actions: []Action{Refuse{Cause: c, Why: why}}}
}
