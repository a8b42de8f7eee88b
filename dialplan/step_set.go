package dialplan

import (
	"context"
	"strings"
)

// Set gives variables values, from here on for the rest of the call.
type Set struct {
	Placed
	// Values are the variables, by name, and their values.
	Values Values `yaml:"set" main:"true"`
}

// String implements Step.
func (s *Set) String() string {
	var parts []string
	for _, v := range s.Values {
		parts = append(parts, v.Name+" = "+v.Text.Value)
	}
	return "set " + strings.Join(parts, ", ")
}

// Run implements Step.
func (s *Set) Run(_ context.Context, r *Run) error {
	for i := range s.Values {
		v := &s.Values[i]
		value := r.expand(&v.Text)
		r.vars[v.Name] = value
		r.note(v.Name + " = " + value)
	}
	return nil
}

func (s *Set) check(c *checker) {
	for i := range s.Values {
		v := &s.Values[i]
		c.settable(v.Name, v.At)
		c.text(&v.Text)
	}
}
