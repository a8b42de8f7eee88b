package dialplan

import (
	"context"
	"time"
)

// Music answers and plays the built-in music.
type Music struct {
	Placed
	// For is how long; without it, until the caller hangs up.
	For time.Duration `yaml:"music" main:"optional" min:"100ms" max:"1d"`
}

// String implements Step.
func (s *Music) String() string { return "music" + during(s.For) }

// Run implements Step.
func (s *Music) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	return r.Session.Music(ctx, s.For)
}

func (*Music) check(*checker) {}
func (s *Music) final() bool  { return s.For == 0 }
func (*Music) waits() bool    { return true }
