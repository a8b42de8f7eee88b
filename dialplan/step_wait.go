package dialplan

import (
	"context"
	"time"
)

// Wait lets time pass.
type Wait struct {
	Placed
	// For is how long.
	For time.Duration `yaml:"wait" main:"true" min:"100ms" max:"1d"`
}

// String implements Step.
func (s *Wait) String() string { return "wait " + s.For.String() }

// Run implements Step.
func (s *Wait) Run(ctx context.Context, r *Run) error { return r.Session.Wait(ctx, s.For) }

func (*Wait) check(*checker) {}
func (*Wait) waits() bool    { return true }
