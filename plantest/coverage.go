package plantest

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"dialtone/dialplan"
)

// Coverage is which parts of plans were used by tests.
type Coverage struct {
	units []*unit
	known map[place]*unit
}

// place is where a step or route stands, and its name: several can stand in one
// line.
type place struct {
	file string
	line int
	name string
}

// unit is a route, a subplan, or a way within a step.
type unit struct {
	at    dialplan.Pos
	route bool
	text  string
	taken bool
}

// NewCoverage is that of no test yet.
func NewCoverage() *Coverage { return &Coverage{known: map[place]*unit{}} }

// Add counts what the results of a suite used.
func (c *Coverage) Add(s *Suite, results []*Result) {
	for _, context := range s.Plan.Contexts() {
		for _, r := range s.Plan.Routes(context) {
			if r.At.File == "" {
				continue // built in
			}
			c.unit(place{r.At.File, r.At.Line, context + "/" + r.Name}, &unit{at: r.At, route: true, text: "the route " + context + "/" + r.Name})
			c.steps(r.Steps())
		}
	}
	subplans := s.Plan.Subplans()
	for _, name := range slices.Sorted(maps.Keys(subplans)) {
		c.way(subplans[name], "the subplan "+name)
		c.steps(subplans[name])
	}
	menus := s.Plan.Menus()
	for _, name := range slices.Sorted(maps.Keys(menus)) {
		for _, w := range menus[name] {
			c.way(w.Do, w.Key+" of the menu "+name)
			c.steps(w.Do)
		}
	}
	for _, r := range results {
		if r.Observed == nil {
			continue
		}
		c.take(r.Observed.Trace)
		for _, t := range r.Observed.others {
			c.take(t)
		}
	}
}

func (c *Coverage) unit(at place, u *unit) {
	if c.known[at] == nil {
		c.known[at] = u
		c.units = append(c.units, u)
	}
}

// steps adds the ways within steps.
func (c *Coverage) steps(steps dialplan.Steps) {
	for _, s := range steps {
		for _, w := range dialplan.Ways(s) {
			c.way(w.Do, w.Key+" of "+s.String())
			c.steps(w.Do)
		}
	}
}

// way adds steps that are taken when the first of them is.
func (c *Coverage) way(steps dialplan.Steps, text string) {
	if len(steps) == 0 {
		return
	}
	at := steps[0].Where()
	c.unit(place{at.File, at.Line, steps[0].String()}, &unit{at: at, text: text})
}

func (c *Coverage) take(t dialplan.Trace) {
	for _, e := range t.Events {
		at := place{e.File, e.Line, e.Name}
		switch {
		case e.Kind == dialplan.EventRoute && e.Fits:
			at.name = e.Context + "/" + e.Name
		case e.Kind != dialplan.EventStep:
			continue
		}
		if u := c.known[at]; u != nil {
			u.taken = true
		}
	}
}

// Routes are how many routes were taken, of how many.
func (c *Coverage) Routes() (taken, all int) { return c.count(true) }

// Ways are how many ways within steps, and subplans, were taken, of how many.
func (c *Coverage) Ways() (taken, all int) { return c.count(false) }

func (c *Coverage) count(route bool) (taken, all int) {
	for _, u := range c.units {
		if u.route != route {
			continue
		}
		all++
		if u.taken {
			taken++
		}
	}
	return taken, all
}

// Write writes the figures, and what no test uses.
func (c *Coverage) Write(w io.Writer) {
	routes, ofRoutes := c.Routes()
	ways, ofWays := c.Ways()
	fmt.Fprintf(w, "coverage: %d of %s, %d of %s\n", routes, count(ofRoutes, "route"), ways, count(ofWays, "branch"))
	slices.SortStableFunc(c.units, func(a, b *unit) int {
		return cmp.Or(cmp.Compare(a.at.File, b.at.File), cmp.Compare(a.at.Line, b.at.Line), cmp.Compare(a.at.Column, b.at.Column))
	})
	for _, u := range c.units {
		if !u.taken {
			fmt.Fprintf(w, "  not tested: %s: %s\n", u.at, u.text)
		}
	}
}

// count is a number of things, in words.
func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what == "branch":
		return fmt.Sprint(n, " branches")
	}
	return fmt.Sprint(n, " ", what, "s")
}
