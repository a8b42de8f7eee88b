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
	// Delay is by how much later, so that one hears one's own voice as others do.
	Delay time.Duration `yaml:"delay" min:"100ms" max:"10s"`
}

// String implements Step.
func (s *Echo) String() string {
	if s.Delay > 0 {
		return "echo" + during(s.For) + ", " + s.Delay.String() + " late"
	}
	return "echo" + during(s.For)
}

// Run implements Step.
func (s *Echo) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	if s.Delay > 0 {
		return r.Session.DelayedEcho(ctx, s.Delay, s.For)
	}
	return r.Session.Echo(ctx, s.For)
}

func (*Echo) check(*checker) {}
func (s *Echo) final() bool  { return s.For == 0 }
func (*Echo) waits() bool    { return true }
