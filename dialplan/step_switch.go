package dialplan

import "context"

// Switch takes the way that a value names.
type Switch struct {
	Placed
	// Value is what is looked at, such as ${from_country}.
	Value Text `yaml:"switch" main:"true"`
	// Case has the steps by value.
	Case Cases `yaml:"case"`
	// Else are the steps for every other value.
	Else Steps `yaml:"else"`
}

// String implements Step.
func (s *Switch) String() string { return "switch " + s.Value.Value }

// Run implements Step.
func (s *Switch) Run(ctx context.Context, r *Run) error {
	value := r.expand(&s.Value)
	for _, c := range s.Case {
		if c.Value.Value == value {
			r.note("it is " + quote(value))
			return r.take(ctx, c.Do)
		}
	}
	r.note("it is " + quote(value) + ", which is no case")
	return r.take(ctx, s.Else)
}

func (s *Switch) check(c *checker) {
	c.text(&s.Value)
	if len(s.Case) == 0 {
		c.fail(s.Where(), "switch without cases", "write case: with values and their steps")
	}
	if s.Value.parts == nil && s.Value.Value != "" {
		c.warn(s.Value.At, "the value is always "+quote(s.Value.Value)+", so that one way is taken every time",
			"write a variable, like ${"+s.Value.Value+"}")
	}
	for _, way := range s.Case {
		c.within("case."+way.Value.Value, way.Do)
	}
	c.within("else", s.Else)
}

func (s *Switch) branches() []branch {
	var out []branch
	for _, c := range s.Case {
		out = append(out, branch{"case." + c.Value.Value, c.Do})
	}
	return append(out, branch{"else", s.Else})
}

func (s *Switch) final() bool {
	for _, b := range s.branches() {
		if !endsWith(b.do) {
			return false
		}
	}
	return true
}

// endsWith reports that nothing comes after steps.
func endsWith(steps Steps) bool { return len(steps) > 0 && isFinal(steps[len(steps)-1]) }
