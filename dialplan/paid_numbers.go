package dialplan

import (
	"slices"

	"dialtone/dialplan/pattern"
)

// chosen is the variable in a text that callers choose, "" when there is none.
func (w *stranger) chosen(t *Text, numbers []pattern.Pattern) string {
	for _, p := range t.parts {
		switch name := p.variable; name {
		case "to", "to_e164":
			if anyOf(numbers) {
				return name
			}
		case "dialled", "did": // whatever a goto made of it
			if w.dialled == dialledAny || w.dialled == "" && anyOf(numbers) {
				return name
			}
		case "":
		default:
			chosen, is := w.args[name]
			if chosen || !is && w.free[name] {
				return name
			}
		}
	}
	return ""
}

// What callers may have dialled, once a goto went on with another number.
const (
	dialledAny   = "any"
	dialledKnown = "known"
)

// manyNumbers is how many a pattern has that lets callers choose, however it ends.
const manyNumbers = 100_001

// anyOf reports whether numbers are so many that callers choose among them.
func anyOf(numbers []pattern.Pattern) bool {
	return numbers == nil || slices.ContainsFunc(numbers, many)
}

func many(p pattern.Pattern) bool { return p.Numbers(manyNumbers) == manyNumbers }

// setBySteps are the variables that steps set, besides the args of subplans.
func (c *checker) setBySteps() map[string]bool {
	out := map[string]bool{}
	c.everyStep(func(s Step) {
		if _, is := s.(*CallSubplan); is {
			return
		}
		if s, is := s.(setting); is {
			release(out, s.sets(c))
		}
	})
	return out
}

// chosenByCallers are the variables whose value a caller from outside chooses:
// numbers and names, headers, keys that are pressed, and what is made of those.
func (c *checker) chosenByCallers() map[string]bool {
	free := c.arriving()
	for changed := true; changed; {
		changed = false
		c.everyStep(func(s Step) {
			switch s := s.(type) {
			case *Set:
				changed = passOn(free, s.Values) || changed
			case *CallSubplan:
				changed = passOn(free, s.With) || changed
			case *HTTP:
				// the server says, not the caller
			case *Gather:
				changed = !s.few() && release(free, s.sets(c)) || changed
			case *Script:
				if s.reads(free) {
					changed = release(free, s.sets(c)) || changed
				}
			case setting:
				changed = release(free, s.sets(c)) || changed
			}
		})
	}
	return free
}

// fewNumbers is how many a pattern of match has at most that leaves callers little to
// choose.
const fewNumbers = 100

// few reports whether match lets only a few numbers through.
func (s *Gather) few() bool {
	return len(s.numbers.positive) > 0 && !slices.ContainsFunc(s.numbers.positive, func(p pattern.Pattern) bool {
		return p.Numbers(fewNumbers+1) > fewNumbers
	})
}

// arriving are those that a call brings with it.
func (c *checker) arriving() map[string]bool {
	free := map[string]bool{"rest": true, "from": true, "from_name": true, "user_agent": true}
	for _, h := range c.spec.Site.Headers {
		free[headerPrefix+h] = true
	}
	for _, rs := range c.plan.contexts {
		for _, r := range rs.list {
			for _, p := range r.to.positive {
				for _, g := range p.GroupNames() {
					free[g] = true
				}
			}
		}
	}
	return free
}

// release makes variables free, and reports whether there were new ones.
func release(free map[string]bool, values Values) (changed bool) {
	for _, v := range values {
		changed = changed || !free[v.Name]
		free[v.Name] = true
	}
	return changed
}

// passOn makes variables free whose values have free ones in them, or themselves:
// who goes round makes them longer and longer. It reports whether there were new
// ones.
func passOn(free map[string]bool, values Values) (changed bool) {
	for _, v := range values {
		if slices.ContainsFunc(v.Text.parts, func(p part) bool {
			return p.variable == v.Name && v.Text.Value != "${"+v.Name+"}" || isFree(free, p.variable)
		}) {
			changed = release(free, Values{v}) || changed
		}
	}
	return changed
}

// isFree reports whether callers choose a variable; the number that they dial is
// one that they do.
func isFree(free map[string]bool, name string) bool {
	return free[name] || slices.Contains([]string{"to", "dialled", "to_e164", "did"}, name)
}

// reads reports whether the script looks at one of the variables that callers
// choose.
func (s *Script) reads(free map[string]bool) bool {
	return s.program != nil && (s.program.ReadsAny || slices.ContainsFunc(s.program.Reads, func(name string) bool { return isFree(free, name) }))
}
