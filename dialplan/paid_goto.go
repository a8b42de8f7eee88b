package dialplan

import (
	"regexp"
	"slices"
	"strings"

	"dialtone/dialplan/pattern"
)

// wherever follows a goto whose target is made of variables: into every context
// that it may name, and, when there may be a / in it, to every route, whatever its
// conditions. Where the call was already comes last, so that the way that is found
// is short.
func (w *stranger) wherever(target *Text, numbers []pattern.Pattern, way []string) {
	if w.work > maxStrangerWork {
		numbers = nil
	}
	if !w.first("goto "+target.Value, numbers) {
		return
	}
	may, named := w.mayBe(target)
	for _, again := range []bool{false, true} {
		for _, name := range keys(w.plan.contexts) {
			was := slices.ContainsFunc(way, func(place string) bool { return strings.HasPrefix(place, name+"/") })
			if may(name) && was == again {
				w.context(name, numbers, way)
			}
			if !named {
				continue
			}
			for i, spec := range w.spec.Contexts[name] {
				r := w.plan.contexts[name].list[i]
				w.work++
				if place := name + "/" + r.Name; may(place) && slices.Contains(way, place) == again {
					w.anyway(r, &spec.When, numbers, way)
				}
			}
		}
	}
}

// anyway takes a route whatever its conditions.
func (w *stranger) anyway(r *Route, when *When, numbers []pattern.Pattern, way []string) {
	before := w.barred
	defer func() { w.barred = before }()
	w.barred = before || !w.mayCome(when)
	if w.first("route "+r.Context+"/"+r.Name, numbers) {
		w.route(r, numbers, way)
	}
}

// mayBe is a test of what a text may become, and whether a / may be in it.
func (w *stranger) mayBe(t *Text) (may func(string) bool, slash bool) {
	if slices.Equal(t.parts, unknown) {
		return func(string) bool { return true }, true
	}
	var b strings.Builder
	b.WriteString("(?s)^")
	for _, p := range t.parts {
		b.WriteString(regexp.QuoteMeta(p.words))
		slash = slash || strings.Contains(p.words, "/") || w.slashed[p.variable]
		if p.variable != "" {
			b.WriteString(".*")
		}
	}
	e, err := regexp.Compile(b.String() + "$")
	if err != nil { // longer than expressions may be
		return func(string) bool { return true }, slash
	}
	return e.MatchString, slash
}

// slashed are the variables in whose value there may be a /.
func (c *checker) slashed() map[string]bool {
	out := c.arriving()
	for _, name := range []string{"to", "dialled", "did"} {
		out[name] = true
	}
	for changed := true; changed; {
		changed = false
		given := func(values Values) {
			for _, v := range values {
				if strings.Contains(v.Text.Value, "/") || slices.ContainsFunc(v.Text.parts, func(p part) bool { return out[p.variable] }) {
					changed = release(out, Values{v}) || changed
				}
			}
		}
		c.everyStep(func(s Step) {
			switch s := s.(type) {
			case *Set:
				given(s.Values)
			case *CallSubplan:
				given(s.With)
			case *Gather: // keys
			case setting:
				changed = release(out, s.sets(c)) || changed
			}
		})
	}
	return out
}
