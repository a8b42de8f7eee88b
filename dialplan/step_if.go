package dialplan

import "context"

// If takes one of two ways.
type If struct {
	Placed
	// Condition is an expression that is true or false.
	Condition Text `yaml:"if" main:"true"`
	// Then are the steps when it is true.
	Then Steps `yaml:"then"`
	// Else are the steps when it is not.
	Else Steps `yaml:"else"`

	test *expression
}

// String implements Step.
func (s *If) String() string { return "if " + s.Condition.Value }

// Run implements Step.
func (s *If) Run(ctx context.Context, r *Run) error {
	yes, err := s.test.holds(r)
	switch {
	case err != nil:
		r.note("taken as false: " + err.Error())
	case yes:
		r.note("true")
	default:
		r.note("false")
	}
	if yes {
		return r.take(ctx, s.Then)
	}
	return r.take(ctx, s.Else)
}

func (s *If) check(c *checker) {
	s.test = c.condition(s.Condition, "if")
	if len(s.Then) == 0 && len(s.Else) == 0 {
		c.fail(s.Where(), "if without steps", "write then: with the steps to take")
	}
	c.within("then", s.Then)
	c.within("else", s.Else)
}

func (s *If) branches() []branch { return []branch{{"then", s.Then}, {"else", s.Else}} }
func (s *If) final() bool        { return endsWith(s.Then) && endsWith(s.Else) }
