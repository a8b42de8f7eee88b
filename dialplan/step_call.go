package dialplan

import (
	"context"
	"strconv"
)

// CallSubplan takes the steps of a subplan, then goes on here.
type CallSubplan struct {
	Placed
	// Name is that of the subplan.
	Name Text `yaml:"call" main:"true"`
	// With are the values of its args.
	With Values `yaml:"with"`
}

const maxCalls = 16 // subplans within subplans

// String implements Step.
func (s *CallSubplan) String() string { return "call " + s.Name.Value }

// Run implements Step.
func (s *CallSubplan) Run(ctx context.Context, r *Run) error {
	sub := r.plan.subplans[s.Name.Value]
	if r.calls >= maxCalls || sub == nil {
		return &Ended{Cause: CauseLoop, Detail: "call " + s.Name.Value + ": more than " + strconv.Itoa(maxCalls) + " subplans within each other"}
	}
	values := map[string]string{}
	for i := range s.With {
		values[s.With[i].Name] = r.expand(&s.With[i].Text)
	}
	old := map[string]*string{}
	for _, a := range sub.Args {
		if v, ok := r.vars[a.Value]; ok {
			old[a.Value] = &v
		}
		r.vars[a.Value] = values[a.Value]
	}
	r.calls++
	err := r.take(ctx, sub.Do)
	r.calls--
	for _, a := range sub.Args {
		delete(r.vars, a.Value)
		if v := old[a.Value]; v != nil {
			r.vars[a.Value] = *v
		}
	}
	return err
}

func (s *CallSubplan) check(c *checker) {
	for i := range s.With {
		c.text(&s.With[i].Text)
	}
	sub := c.spec.Subplans[s.Name.Value]
	if s.Name.Value == "" {
		return
	}
	if sub == nil {
		c.undefined(s.Name.At, "subplan", s.Name.Value, keys(c.spec.Subplans))
		return
	}
	given := map[string]bool{}
	for _, v := range s.With {
		given[v.Name] = true
		if !has(sub.Args, v.Name) {
			c.undefined(v.At, "argument of subplan "+s.Name.Value, v.Name, values(sub.Args))
		}
	}
	for _, a := range sub.Args {
		if !given[a.Value] {
			c.fail(s.Name.At, "the argument "+a.Value+" of subplan "+s.Name.Value+" has no value", "write with: {"+a.Value+": ...}")
		}
	}
}
