package dialplan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dialtone/dialplan/pattern"
)

// analyse finds what is wrong with routes together.
func (c *checker) analyse() {
	c.in("dialplan")
	for _, name := range keys(c.spec.Contexts) {
		rs := c.plan.contexts[name]
		c.in(name)
		for j := range rs.list {
			c.in("[" + strconv.Itoa(j) + "]")
			c.shadowed(rs, j)
			c.loop(rs.list[j])
			c.out()
		}
		c.out()
	}
	c.clashes()
	c.unentered()
	c.out()
	c.recursions()
	c.menuLoops()
	c.paid()
	c.operators()
}

// shadowed says which numbers of route j never reach it, since a route above
// takes them.
func (c *checker) shadowed(rs *routes, j int) {
	r := rs.list[j]
	if r.to.broken {
		return
	}
	patterns := r.to.positive
	if len(patterns) == 0 {
		patterns = []pattern.Pattern{pattern.MustParse("!")}
	}
	var by []*Route
	var covered []int
	for k, q := range patterns {
		if above := rs.covering(q, r, j); above != nil {
			covered = append(covered, k)
			if !slices.Contains(by, above) {
				by = append(by, above)
			}
		}
	}
	switch {
	case c.entered[rs.name+"/"+r.Name]: // a goto takes it, whatever is above
	case len(covered) == len(patterns):
		c.fail(r.At, fmt.Sprintf("the route %s is never reached: %s", quote(r.Name), takers(by)), remedyFor(by[0], r))
	case len(r.to.positive) > 0:
		for _, k := range covered {
			above := rs.covering(patterns[k], r, j)
			c.in("to")
			c.warn(c.patternAt(rs.name, j, k), fmt.Sprintf("%s never reaches this route: %s", patterns[k], takers([]*Route{above})),
				"remove it here, or move this route above the other")
			c.out()
		}
	}
}

// patternAt is where the k-th positive pattern of a route stands.
func (c *checker) patternAt(context string, j, k int) Pos {
	spec := c.spec.Contexts[context][j]
	for _, t := range spec.To {
		if _, not := negated(t.Value); not {
			continue
		}
		if k == 0 {
			return t.At
		}
		k--
	}
	return spec.Where()
}

// takers says which routes take the calls.
func takers(by []*Route) string {
	var parts []string
	for i, r := range by {
		if i == 3 {
			parts = append(parts, "others")
			break
		}
		parts = append(parts, fmt.Sprintf("%s above it (%s, to %s)", quote(r.Name), r.At, r.to.String()))
	}
	verb := " takes its calls"
	if len(by) > 1 {
		verb = " take its calls"
	}
	return strings.Join(parts, " and ") + verb
}

func remedyFor(above, r *Route) string {
	if above.Covers(r) && !r.Covers(above) {
		return "move it above, the narrower before the wider, or remove it"
	}
	return "remove one of them, or give the one above a condition"
}

// Covers reports whether every number of q is one of r, as far as patterns tell.
func (r *Route) Covers(q *Route) bool {
	if len(r.to.positive) == 0 && len(r.to.negative) == 0 {
		return true
	}
	for _, p := range q.to.positive {
		if !r.takes(p) {
			return false
		}
	}
	return len(q.to.positive) > 0
}

// takes reports whether every number that p matches is one of r.
func (r *Route) takes(p pattern.Pattern) bool {
	if r.to.broken {
		return false
	}
	for _, n := range r.to.negative {
		if n.IsRegexp() || p.IsRegexp() || n.Overlaps(p) {
			return false
		}
	}
	if len(r.to.positive) == 0 {
		return true
	}
	return slices.ContainsFunc(r.to.positive, func(q pattern.Pattern) bool { return q.Covers(p) })
}

// covering is the first route above j that takes every call with a number of q
// that would reach r, nil when there is none.
func (rs *routes) covering(q pattern.Pattern, r *Route, j int) *Route {
	sample := q.Example()
	if sample == "" && q.String() != "!" {
		return nil
	}
	for at := range rs.set.All(sample) {
		i := rs.owner[at]
		if i >= j {
			return nil
		}
		if above := rs.list[i]; above.takes(q) && implied(above.when, r.when) {
			return above
		}
	}
	return nil
}

// implied reports whether the conditions of when hold whenever those of others
// do: each of them stands among those.
func implied(when, others []condition) bool {
	for _, w := range when {
		if !slices.ContainsFunc(others, func(o condition) bool { return o.text == w.text }) {
			return false
		}
	}
	return true
}

// codesNamed is how many numbers of features.settings a warning names.
const codesNamed = 3

// clashes warns of routes that take the number of a feature. A route that takes all by
// which extensions set things, and the one of pick-up, is meant to.
func (c *checker) clashes() {
	rs := c.plan.contexts[PhonesContext]
	taken, codes, all := c.taken(rs)
	c.in(PhonesContext)
	defer c.out()
	for i, r := range rs.list {
		if number := c.onlyEmergency(r); number != "" {
			c.in("[" + strconv.Itoa(i) + "]")
			c.warn(r.At, fmt.Sprintf("the route %s is never reached: %s is an emergency number, which goes out before every route", quote(r.Name), number),
				"remove it; site.emergency says over which trunks such calls go")
			c.out()
		}
		if n := len(codes[i]); n < all {
			taken[i] = append(taken[i], codes[i][:min(n, codesNamed)]...)
			if n > codesNamed {
				taken[i] = append(taken[i], fmt.Sprintf("%d more of such codes", n-codesNamed))
			}
		}
		if taken[i] != nil {
			c.in("[" + strconv.Itoa(i) + "]")
			c.warn(r.At, fmt.Sprintf("the route %s takes %s", quote(r.Name), strings.Join(taken[i], ", and ")),
				`turn the feature off with "", or keep the number out with "not NUMBER"`)
			c.out()
		}
	}
}

// taken are the numbers of features that routes take, by the index of the route: the codes
// of which there are all, and the others.
func (c *checker) taken(rs *routes) (taken, codes map[int][]string, all int) {
	taken, codes, all = map[int][]string{}, map[int][]string{}, len(c.spec.Features.Settings.List())
	features := append(c.spec.Features.list(), feature{"intercom", c.spec.Features.Intercom})
	for _, f := range c.spec.Features.codes() {
		features = append(features, f.feature)
	}
	withPickup := all > 0 && c.spec.Features.Pickup != ""
	if withPickup {
		all++
	}
	for _, f := range features {
		if f.number == "" {
			continue
		}
		into := taken
		if strings.HasPrefix(f.name, settingsKey) || withPickup && f.name == "pickup" {
			into = codes
		}
		for at := range rs.set.All(f.number) {
			i := rs.owner[at]
			if to := &rs.list[i].to; !to.broken && to.refusedBy(f.number) == "" {
				into[i] = append(into[i], fmt.Sprintf("%s, which is features.%s", f.number, f.name))
				break
			}
		}
	}
	return taken, codes, all
}

// onlyEmergency gives the first number of a route that is for emergency numbers
// alone.
func (c *checker) onlyEmergency(r *Route) string {
	first := ""
	for _, p := range r.to.positive {
		number, single := p.Literal()
		if !single || !c.plan.Emergency(number) {
			return ""
		}
		first = cmp.Or(first, number)
	}
	return first
}

// unentered warns of contexts that nothing goes to.
func (c *checker) unentered() {
	anywhere := false
	note := func(s Step) {
		if g, ok := s.(*Goto); ok && g.Target.parts != nil {
			anywhere = true
		}
		if l, ok := s.(leaving); ok && slices.ContainsFunc(l.gotos(), func(g *Goto) bool { return g.Target.parts != nil }) {
			anywhere = true
		}
	}
	c.everyStep(note)
	if anywhere {
		return
	}
	for _, name := range keys(c.spec.Contexts) {
		if list := c.spec.Contexts[name]; !c.entered[name] && builtInContexts[name] == "" && len(list) > 0 {
			c.in(name)
			c.warn(list[0].Where(), "nothing enters the context "+quote(name), "go to it with goto: "+name+", or remove it")
			c.out()
		}
	}
}
