package plantest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"dialtone/dialplan"
)

// What a test says, for whoever plays it with other than simulated phones.

// Label is what reports call the n-th of count phones of an extension.
func (p *Phone) Label(extension string, n, count int) string { return p.label(extension, n, count) }

// Act is what the phone does when it is called: answers, busy, declines,
// unreachable or rings, and after how long.
func (p *Phone) Act() (does string, after time.Duration) {
	d := p.act()
	if d.after != nil {
		after = *d.after
	}
	return d.name, after
}

// World is which phones there are in a test: those of all tests, and its own.
func (s *Suite) World(c *Case) World { return both(s.world, c.World) }

// Outside is which numbers outside there are in a test.
func (s *Suite) Outside(c *Case) World { return both(s.outside, c.Outside) }

// Trunks is how trunks are in a test: TrunkUp and so on; the others are up.
func (s *Suite) Trunks(c *Case) map[string]dialplan.Text { return both(s.trunks, c.Trunks) }

// both are those of all tests, and those of one test, which go before.
func both[M ~map[string]V, V any](all, own M) M {
	out := M{}
	maps.Copy(out, all)
	maps.Copy(out, own)
	return out
}

// Listed are the entries of lists that are edited at run time.
func (s *Suite) Listed(c *Case) map[string]dialplan.Texts {
	out := map[string]dialplan.Texts{}
	for _, of := range []map[string]dialplan.Texts{s.lists, c.Lists} {
		for name, entries := range of {
			out[name] = slices.Concat(out[name], entries)
		}
	}
	return out
}

// Time is when the call of a test begins.
func (s *Suite) Time(c *Case) (time.Time, error) {
	return when(cmp.Or(c.At.Value, usual), s.Plan.Zone())
}

// Course is the routes and steps of a trace, in order; refused stands at the end
// of the routes when none fitted.
func Course(t dialplan.Trace) (routes, steps []string) {
	undecided := true
	for _, e := range t.Events {
		switch {
		case e.Kind == dialplan.EventContext:
			undecided = true
		case e.Kind == dialplan.EventRoute && e.Fits:
			routes = append(routes, e.Context+"/"+e.Name)
			undecided = false
		case e.Kind == dialplan.EventStep:
			steps = append(steps, e.Name)
		}
	}
	if undecided {
		routes = append(routes, refused)
	}
	return routes, steps
}
