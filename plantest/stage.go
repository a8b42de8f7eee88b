package plantest

import (
	"cmp"
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
func (s *Suite) World(c *Case) World {
	out := World{}
	for _, of := range []World{s.world, c.World} {
		for extension, phones := range of {
			out[extension] = phones
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
