package dialplan

import (
	"slices"

	"dialtone/dialplan/pattern"
)

// chosen is the variable in a text that callers choose, "" when there is none.
func (w *stranger) chosen(t *Text, numbers []pattern.Pattern) string {
	for _, p := range t.parts {
		switch name := p.variable; {
		case name == "to" || name == "dialled" || name == "to_e164" || name == "did":
			if numbers == nil || slices.ContainsFunc(numbers, open) {
				return name
			}
		case name != "" && w.free[name]:
			return name
		}
	}
	return ""
}

// chosenByCallers are the variables whose value a caller from outside chooses:
// numbers and names, headers, keys that are pressed, and what is made of those.
func (c *checker) chosenByCallers() map[string]bool {
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
			case setting:
				for _, v := range s.sets(c) {
					changed = changed || !free[v.Name]
					free[v.Name] = true
				}
			}
		})
	}
	return free
}

// passOn makes variables free whose values have free ones in them, and reports
// whether there were new ones.
func passOn(free map[string]bool, values Values) (changed bool) {
	for _, v := range values {
		for _, p := range v.Text.parts {
			if p.variable != "" && (free[p.variable] || p.variable == "to" || p.variable == "dialled") && !free[v.Name] {
				free[v.Name], changed = true, true
			}
		}
	}
	return changed
}
