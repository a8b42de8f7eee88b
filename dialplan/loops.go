package dialplan

import (
	"fmt"
	"slices"
	"strings"
)

// loop finds a way from route r back to a place where the call was already, with
// nothing on it that takes time: for the numbers of r, as far as steps are taken
// whatever happens.
func (c *checker) loop(r *Route) {
	number := ""
	if len(r.to.positive) > 0 {
		number = r.to.positive[0].Example()
	}
	type place struct{ route, number string }
	holds := slices.Clone(r.when)
	var way []string
	var first *Goto
	seen := map[place]bool{}
	for at := r; at != nil; {
		here := place{at.Context + "/" + at.Name, number}
		if seen[here] {
			if at == r {
				c.fail(first.Where(), "this goes round without end: "+strings.Join(append(way, at.Context+"/"+at.Name), " -> "),
					"let a route on the way ring, wait or hang up")
			}
			return
		}
		seen[here] = true
		way = append(way, here.route)
		g := leaves(at.steps)
		if g == nil || g.Target.parts != nil || g.To.parts != nil {
			return
		}
		if first == nil {
			first = g
		}
		if g.To.Value != "" {
			number = g.To.Value
		}
		at = c.certain(g.Target.Value, number, &holds)
	}
}

// leaves gives the goto that steps come to whatever happens, without anything
// that takes time before it; nil when there is none.
func leaves(steps Steps) *Goto {
	for _, s := range steps {
		if g, ok := s.(*Goto); ok {
			return g
		}
		if waits(s) || isFinal(s) {
			return nil
		}
		if _, ok := s.(branching); ok {
			return nil
		}
		if _, ok := s.(*CallSubplan); ok {
			return nil
		}
	}
	return nil
}

// certain is the route that a call goes to when only the conditions of holds do;
// nil when that is not certain.
func (c *checker) certain(target, number string, holds *[]condition) *Route {
	context, name, named := strings.Cut(target, "/")
	rs := c.plan.contexts[context]
	if rs == nil {
		return nil
	}
	for _, r := range rs.list {
		switch {
		case named && r.Name != name, !named && !r.to.fits(number):
			continue
		case named || implied(r.when, *holds):
			return r
		case slices.ContainsFunc(r.when, func(w condition) bool { return w.key == "if" || strings.HasPrefix(w.key, "var.") }):
			return nil
		}
	}
	return nil
}

// recursions finds subplans that call themselves whatever happens.
func (c *checker) recursions() {
	c.in("subplans")
	defer c.out()
	for _, name := range keys(c.spec.Subplans) {
		way := []string{name}
		var first *CallSubplan
		for at := c.spec.Subplans[name]; at != nil; {
			call := calls(at.Do)
			if call == nil {
				break
			}
			if first == nil {
				first = call
			}
			next := call.Name.Value
			if next == name {
				c.in(name)
				c.fail(first.Name.At, fmt.Sprintf("subplan %s calls itself without end: %s", name, strings.Join(append(way, name), " -> ")),
					"call it in one branch of an if only")
				c.out()
			}
			if slices.Contains(way, next) {
				break
			}
			way = append(way, next)
			at = c.spec.Subplans[next]
		}
	}
}

// calls gives the first call that steps come to whatever happens.
func calls(steps Steps) *CallSubplan {
	for _, s := range steps {
		if call, ok := s.(*CallSubplan); ok {
			return call
		}
		if isFinal(s) {
			return nil
		}
	}
	return nil
}
