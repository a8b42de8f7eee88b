package dialplan

import (
	"context"
	"time"
)

// Echo answers and sends back what it hears.
type Echo struct {
	Placed
	// For is how long; without it, until the caller hangs up.
	For time.Duration `yaml:"echo" main:"optional" min:"100ms" max:"1d"`
}

// String implements Step.
func (s *Echo) String() string { return "echo" + during(s.For) }

// Run implements Step.
func (s *Echo) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	return r.Session.Echo(ctx, s.For)
}

func (*Echo) check(*checker) {}
func (s *Echo) final() bool  { return s.For == 0 }
func (*Echo) waits() bool    { return true }
