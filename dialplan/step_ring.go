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
}

// String implements Step.
func (s *Ring) String() string { return "ring" + during(s.For) }

// Run implements Step.
func (s *Ring) Run(ctx context.Context, r *Run) error {
	if err := r.Session.Ring(ctx); err != nil || s.For == 0 {
		return err
	}
	return r.Session.Wait(ctx, s.For)
}

func (*Ring) check(*checker) {}
func (s *Ring) waits() bool  { return s.For > 0 }

// during is " for 2s", "" without an end.
func during(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " for " + d.String()
}
