package dialplan

import (
	"context"
	"strings"
)

// Goto leaves this route and looks for one in a context, with the plan that is
// in force then. It does not come back.
type Goto struct {
	Placed
	// Target is a context, or CONTEXT/ROUTE for one route of it whatever its
	// conditions.
	Target Text `yaml:"goto" main:"true"`
	// To is the number to go on with, when it is to be another.
	To Text `yaml:"to"`
}

// jump is the error that ends the steps of a route to go on elsewhere.
type jump struct{ context, route, to string }

func (*jump) Error() string { return "goto" }

// String implements Step.
func (s *Goto) String() string {
	if s.To.Value != "" {
		return "goto " + s.Target.Value + " with " + s.To.Value
	}
	return "goto " + s.Target.Value
}

// Run implements Step.
func (s *Goto) Run(_ context.Context, r *Run) error {
	j := &jump{to: r.To}
	j.context, j.route, _ = strings.Cut(r.expand(&s.Target), "/")
	if s.To.Value != "" {
		j.to = r.expand(&s.To)
	}
	return j
}

func (s *Goto) check(c *checker) {
	c.text(&s.Target)
	c.text(&s.To)
	if s.Target.parts == nil && s.Target.Value != "" {
		c.target(s.Target)
	}
}

func (*Goto) final() bool { return true }
