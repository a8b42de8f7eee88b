package dialplan

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// Pickup lets the caller take a call that rings at another phone; the two talk then.
// An extension may take calls that ring at itself, at those with which it shares a group,
// and at those that its own pickup names. Callers from outside may take none.
type Pickup struct {
	Placed
	// Of is where it rings: an extension, a group, or a list of them. Without it, it is
	// every extension whose calls the caller may take. The call that has rung for longest
	// is taken.
	Of Texts `yaml:"pickup" main:"optional"`
	// On are the steps for who gets no call; without them, the call ends.
	On PickupOn `yaml:"on"`
}

// PickupOn are the branches of a pickup.
type PickupOn struct {
	// None is for a caller who may take no call there, or when none rings.
	None Steps `yaml:"none"`
}

// String implements Step.
func (s *Pickup) String() string {
	return strings.TrimSpace("pickup " + strings.Join(values(s.Of), ", "))
}

// Run implements Step.
func (s *Pickup) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	of, err := r.extensionsOf(s.Of)
	what := ""
	if err == nil {
		what, err = r.Session.Pickup(ctx, of)
	}
	if what != "" {
		r.note("takes " + what)
		return cmp.Or(asEnded(err), &Ended{Cause: CauseNormal})
	}
	return r.nobody(ctx, err, s.On.None)
}

// nobody goes on with steps for a caller who did not get whom it wanted; without
// steps, the call ends.
func (r *Run) nobody(ctx context.Context, err error, steps Steps) error {
	if e := asEnded(err); e != nil && ctx.Err() == nil {
		r.note(e.Error())
		if len(steps) > 0 {
			return r.take(ctx, steps)
		}
	}
	return err
}

// extensionsOf are those that names of extensions and groups stand for, each once.
func (r *Run) extensionsOf(names Texts) ([]string, error) {
	var out []string
	for i := range names {
		name := strings.TrimSpace(r.expand(&names[i]))
		g := r.plan.groups[name]
		switch {
		case g != nil:
			for _, m := range g.Members {
				out = append(out, m.Extension.Value)
			}
		case name == "":
		case r.plan.extensions[name]:
			out = append(out, name)
		default:
			return nil, &Ended{Cause: CauseNotFound, Detail: name + " is neither an extension nor a group"}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// phonesOf checks names of extensions and groups.
func (c *checker) phonesOf(names Texts) {
	for i := range names {
		if c.text(&names[i]); names[i].parts == nil && names[i].Value != "" {
			c.callee(names[i])
		}
	}
}

func (s *Pickup) check(c *checker) {
	c.phonesOf(s.Of)
	c.within("on.none", s.On.None)
}

func (s *Pickup) branches() []branch { return []branch{{"none", s.On.None}} }
func (*Pickup) waits() bool          { return true }
