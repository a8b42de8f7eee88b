package dialplan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dialtone/dialplan/pattern"
)

// Strangers must not make calls that somebody else pays. A stranger walks here
// through the plan as a caller from outside could, by every route that may fit and
// every branch, and each dial over a trunk on the way must say who pays.

// paid finds the ways from outside to a trunk.
func (c *checker) paid() {
	free, set, slashed, asking := c.chosenByCallers(), c.setBySteps(), c.slashed(), c.asking()
	found, begin := map[*Dial]bool{}, map[string][]beginning{}
	for _, trunk := range c.spec.Trunks {
		w := &stranger{
			checker: c, trunk: trunk, free: free, set: set, slashed: slashed, asking: asking,
			found: found, seen: map[string]bool{}, begin: begin,
		}
		w.context(c.plan.lines.entries[trunk].context, nil, nil)
	}
	c.everyStep(func(s Step) {
		if d, ok := s.(*Dial); ok && len(d.Via) > 0 {
			d.shown(c)
		}
	})
}

// stranger is a caller from outside, on a trunk.
type stranger struct {
	*checker
	trunk string
	free  map[string]bool // variables that callers choose
	found map[*Dial]bool  // that were reported
	seen  map[string]bool // what was walked
	begin map[string][]beginning
	work  int
	known bool // has entered a PIN, so that nobody else chooses what is called
	// args are those of the subplans on the way that nothing else sets, and whether
	// the stranger chooses their values.
	args map[string]bool
	set  map[string]bool // variables that steps set
	// dialled is what the caller may have dialled, once a goto went on with another
	// number; "" before.
	dialled string
	// barred is behind a route that keeps strangers out, to which only the value of
	// a variable leads.
	barred  bool
	slashed map[string]bool // variables that may name a route
	asking  map[string]bool // subplans that ask for a PIN
	// operator gets the way to a call that nobody pays, when only the way to the operator
	// of a mailbox is walked; nil otherwise.
	operator func(way []string)
}

// Beyond so much work the numbers of calls are not told apart any more: what is
// found then is still all there is.
const maxStrangerWork = 2_000_000

// context walks through what fits numbers in a context; nil is every number. way
// are the routes before.
func (w *stranger) context(name string, numbers []pattern.Pattern, way []string) {
	rs := w.plan.contexts[name]
	if rs == nil || name == ExtensionsContext || len(way) > maxDecisions {
		return
	}
	if w.work > maxStrangerWork {
		numbers = nil
	}
	if !w.first("context "+name, numbers) {
		return
	}
	for _, i := range w.candidates(rs, numbers) {
		r := rs.list[i]
		if w.work++; w.mayCome(&w.spec.Contexts[name][i].When) && r.mayFit(numbers) {
			w.route(r, narrowed(r, numbers), way)
		}
	}
}

// beginning is how all numbers of one pattern of a route begin.
type beginning struct {
	text  string
	route int
}

// beginnings are those of the routes of a context, sorted.
func (w *stranger) beginnings(rs *routes) []beginning {
	if list, made := w.begin[rs.name]; made {
		return list
	}
	var list []beginning
	for i, r := range rs.list {
		if len(r.to.positive) == 0 {
			list = append(list, beginning{"", i})
		}
		for _, p := range r.to.positive {
			list = append(list, beginning{p.Prefix(), i})
		}
	}
	slices.SortFunc(list, func(a, b beginning) int { return cmp.Compare(a.text, b.text) })
	w.begin[rs.name] = list
	return list
}

// candidates are the routes that may be for one of numbers, as far as their
// beginnings tell, in their order.
func (w *stranger) candidates(rs *routes, numbers []pattern.Pattern) []int {
	var out []int
	list := w.beginnings(rs)
	take := func(text string, fits func(string) bool) {
		i, _ := slices.BinarySearchFunc(list, text, func(b beginning, text string) int { return cmp.Compare(b.text, text) })
		for ; i < len(list) && fits(list[i].text); i++ {
			out = append(out, list[i].route)
		}
	}
	if len(numbers) == 0 {
		take("", func(string) bool { return true })
	}
	for _, p := range numbers {
		prefix := p.Prefix()
		for n := range len(prefix) {
			take(prefix[:n], func(text string) bool { return text == prefix[:n] })
		}
		take(prefix, func(text string) bool { return strings.HasPrefix(text, prefix) })
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// first reports whether something was not walked yet with these numbers.
func (w *stranger) first(what string, numbers []pattern.Pattern) bool {
	if w.known {
		what += " with PIN"
	}
	if w.barred {
		what += " barred"
	}
	what += " " + w.dialled
	for _, name := range keys(w.args) {
		what += fmt.Sprintf(" %s:%t", name, w.args[name])
	}
	key := what
	for _, p := range numbers {
		key += " " + p.String()
	}
	if w.seen[key] || w.seen[what] {
		return false
	}
	w.seen[key] = true
	return true
}

// mayCome reports whether the conditions let callers of the trunk in, as far as
// they say who calls.
func (w *stranger) mayCome(when *When) bool {
	wanted, found := false, false
	for _, t := range when.Trunk {
		name, not := negated(t.Value)
		is := name == anyTrunk || name == w.trunk
		if not && is {
			return false
		}
		wanted, found = wanted || !not, found || is && !not
	}
	if wanted && !found {
		return false
	}
	return !wants(when.Extension)
}

// mayFit reports whether the route may be for one of numbers.
func (r *Route) mayFit(numbers []pattern.Pattern) bool {
	if numbers == nil || len(r.to.positive) == 0 || r.to.broken {
		return true
	}
	for _, p := range numbers {
		for _, q := range r.to.positive {
			if p.IsRegexp() || q.IsRegexp() || p.Overlaps(q) {
				return true
			}
		}
	}
	return false
}

// narrowed are the numbers of a call that fitted r.
func narrowed(r *Route, numbers []pattern.Pattern) []pattern.Pattern {
	switch to := r.to.positive; {
	case numbers == nil, slices.ContainsFunc(numbers, open) && len(to) > 0:
		return to
	case anyOf(numbers) && len(to) > 0 && !anyOf(to):
		return to
	}
	return numbers
}

// open reports whether a pattern stands for any number of numbers.
func open(p pattern.Pattern) bool {
	s := p.String()
	return p.IsRegexp() || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!")
}

func (w *stranger) route(r *Route, numbers []pattern.Pattern, way []string) {
	w.steps(r.steps, numbers, append(slices.Clip(way), r.Context+"/"+r.Name))
}

func (w *stranger) steps(steps Steps, numbers []pattern.Pattern, way []string) {
	before := w.known
	defer func() { w.known = before }()
	for _, s := range steps {
		w.work++
		switch s := s.(type) {
		case *Dial:
			w.dial(s, numbers, way)
		case *Goto:
			w.leave(s, numbers, way)
		case leaving:
			for _, g := range s.gotos() {
				w.leave(g, numbers, way)
			}
		case *CallSubplan:
			w.subplan(s, numbers, way)
			w.known = w.known || w.asking[s.Name.Value]
		case *Menu:
			w.menu(s, numbers, way)
		}
		if b, ok := s.(branching); ok {
			for _, branch := range b.branches() {
				w.steps(branch.do, numbers, way)
			}
		}
		if _, ok := s.(*Pin); ok {
			w.known = true
		}
	}
}

// menu walks behind every key of a menu. Who comes back out of it may have entered no
// PIN there.
func (w *stranger) menu(s *Menu, numbers []pattern.Pattern, way []string) {
	m := w.spec.Menus[s.Name.Value]
	if m == nil || !w.first("menu "+s.Name.Value, numbers) {
		return
	}
	for _, b := range m.branches() {
		w.steps(b.do, numbers, append(slices.Clip(way), "menu "+s.Name.Value+" "+b.key))
	}
}

// asking are the subplans to whose end nobody comes without a PIN.
func (c *checker) asking() map[string]bool {
	out := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for name, sub := range c.spec.Subplans {
			if !out[name] && slices.ContainsFunc(sub.Do, func(s Step) bool {
				_, asks := s.(*Pin)
				call, is := s.(*CallSubplan)
				return asks || is && out[call.Name.Value]
			}) {
				out[name], changed = true, true
			}
		}
	}
	return out
}

// subplan walks through the steps of a subplan with the values that this call of it
// gives.
func (w *stranger) subplan(s *CallSubplan, numbers []pattern.Pattern, way []string) {
	sub := w.spec.Subplans[s.Name.Value]
	if sub == nil {
		return
	}
	before, args := w.args, maps.Clone(w.args)
	if args == nil {
		args = map[string]bool{}
	}
	for _, v := range s.With {
		if !w.set[v.Name] {
			args[v.Name] = w.chosen(&v.Text, numbers) != ""
		}
	}
	w.args = args
	defer func() { w.args = before }()
	if w.first("subplan "+s.Name.Value, numbers) {
		w.steps(sub.Do, numbers, append(slices.Clip(way), "subplan "+s.Name.Value))
	}
}

// leave follows a goto; one whose target is made of variables may go anywhere.
func (w *stranger) leave(g *Goto, numbers []pattern.Pattern, way []string) {
	args, dialled := w.args, w.dialled
	defer func() { w.args, w.dialled = args, dialled }()
	if w.dialled == "" && (g.To.parts != nil || g.To.Value != "") {
		if w.dialled = dialledKnown; anyOf(numbers) {
			w.dialled = dialledAny
		}
	}
	switch {
	case g.To.parts != nil:
		numbers = nil
	case g.To.Value != "":
		if p, err := pattern.Parse(literal(g.To.Value)); err == nil {
			numbers = []pattern.Pattern{p}
		}
	}
	w.args = nil // they end with their subplan
	if g.Target.parts != nil {
		w.wherever(&g.Target, numbers, way)
		return
	}
	context, name, named := strings.Cut(g.Target.Value, "/")
	if !named {
		w.context(context, numbers, way)
		return
	}
	if rs := w.plan.contexts[context]; rs != nil && w.first("route "+g.Target.Value, numbers) {
		for _, r := range rs.list {
			if r.Name == name {
				w.route(r, numbers, way)
			}
		}
	}
}

// dial judges a dial that a caller from outside comes to.
func (w *stranger) dial(d *Dial, numbers []pattern.Pattern, way []string) {
	if len(d.Via) == 0 || w.found[d] {
		return
	}
	if w.operator != nil {
		w.ask(d, way)
		return
	}
	if d.As.Value == "" {
		if w.barred {
			return // the call is refused, and nobody meant it to get so far
		}
		w.found[d] = true
		w.add(Finding{
			At: d.Via[0].At, Path: d.path,
			Reason: "a caller from outside comes to this trunk, and nobody is said to pay: trunk " + w.trunk + " -> " + strings.Join(way, " -> "),
			Remedy: "write as: and the extension that pays, as: ${extension} to let only extensions through, or keep such callers out with when: {trunk: not any}",
		})
		return
	}
	if d.As.Value == "${extension}" {
		return // of a caller from outside it is nobody, whose call is refused
	}
	if name := w.chosen(&d.As, numbers); name != "" {
		w.found[d] = true
		w.add(Finding{
			At: d.As.At, Path: d.path, Warning: true,
			Reason: "a caller from outside chooses with ${" + name + "} who pays: trunk " + w.trunk + " -> " + strings.Join(way, " -> "),
			Remedy: "write the extension that pays, or ask for a PIN and write as: ${pin}",
		})
		return
	}
	if w.known {
		return
	}
	for i := range d.To {
		if name := w.chosen(&d.To[i], numbers); name != "" {
			w.found[d] = true
			w.add(Finding{
				At: d.To[i].At, Path: d.path, Warning: true,
				Reason: "a caller from outside chooses the number with ${" + name + "}, and " + d.As.Value + " pays for it: trunk " +
					w.trunk + " -> " + strings.Join(way, " -> "),
				Remedy: "write the number, or let only certain numbers in with to",
			})
			return
		}
	}
}
