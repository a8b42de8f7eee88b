package dialplan

import (
	"context"
	"time"
)

// Ring lets the caller hear that it rings, without a phone that does.
type Ring struct {
	Placed
	// For is how long to wait then; without it the next step is taken at once.
	For time.Duration `yaml:"ring" main:"optional" min:"100ms" max:"1h"`
	// Own plays the ringing tone of site.country ourselves, before the answer, instead
	// of leaving it to the caller's phone. A caller that takes no audio before the answer
	// hears what its phone makes.
	Own *bool `yaml:"own"`
}

func (s *Ring) own() bool { return s.Own != nil && *s.Own }

// String implements Step.
func (s *Ring) String() string {
	if s.own() {
		return "ring with our own tone" + during(s.For)
	}
	return "ring" + during(s.For)
}

// Run implements Step.
func (s *Ring) Run(ctx context.Context, r *Run) error {
	if s.own() {
		if err := r.Session.Progress(ctx); err == nil || ctx.Err() != nil {
			return r.Session.Signal(ctx, "ringback", s.For)
		}
		r.note("the caller takes no audio before the answer")
	}
	if err := r.Session.Ring(ctx); err != nil || s.For == 0 {
		return err
	}
	return r.Session.Wait(ctx, s.For)
}

func (s *Ring) check(c *checker) {
	if s.own() && s.For == 0 {
		c.fail(s.Where(), "it is not said for how long the tone is played", "write ring: 10s")
	}
}

func (s *Ring) waits() bool { return s.For > 0 }

// during is " for 2s", "" without an end.
func during(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " for " + d.String()
}
