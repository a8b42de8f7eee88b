package dialplan

import (
	"slices"
	"strings"

	"dialtone/dialplan/pattern"
)

// operators checks that callers from outside get through to whom 0 leads in a mailbox.
func (c *checker) operators() {
	if len(c.spec.Operators) == 0 || len(c.spec.Trunks) == 0 {
		return
	}
	slashed, asking := c.slashed(), c.asking()
	for _, path := range keys(c.spec.Operators) {
		number := c.spec.Operators[path]
		p, err := pattern.Parse(literal(number))
		if err != nil {
			continue
		}
		for _, trunk := range c.spec.Trunks {
			w := &stranger{
				checker: c, trunk: trunk, slashed: slashed, asking: asking,
				found: map[*Dial]bool{}, seen: map[string]bool{}, begin: map[string][]beginning{},
			}
			var refused []string
			w.operator = func(way []string) { refused = way }
			w.context(PhonesContext, []pattern.Pattern{p}, []string{"trunk " + trunk, "key 0 in voicemail"})
			if f := w.refusal(number, p, refused); f != nil {
				f.Path = path
				c.add(*f)
				break
			}
		}
	}
}

// refusal says why no caller of the trunk gets through to the operator; nil when it may.
// refused is the way to a call that nobody pays.
func (w *stranger) refusal(number string, p pattern.Pattern, refused []string) *Finding {
	rs, numbers := w.plan.contexts[PhonesContext], []pattern.Pattern{p}
	switch {
	case refused != nil:
		return &Finding{
			Reason: "a caller from outside who presses 0 is refused, since nobody pays for the call: " + strings.Join(refused, " -> "),
			Remedy: "write the number of an extension, or make a route for it in phones whose dial says as: and the extension that pays",
		}
	case w.plan.Takes(ExtensionsContext, number), slices.ContainsFunc(w.candidates(rs, numbers), func(i int) bool {
		return w.mayCome(&w.spec.Contexts[PhonesContext][i].When) && rs.list[i].mayFit(numbers)
	}):
		return nil
	}
	return &Finding{
		Reason: "a caller from outside who presses 0 reaches nobody: " + said(number) + " fits no route of phones that is for callers of trunk " + w.trunk,
		Remedy: "write the number of an extension, or make a route for it in phones, without a condition that keeps such callers out",
	}
}

// ask judges a dial on the way to the operator.
func (w *stranger) ask(d *Dial, way []string) {
	if d.As.Value == "" || d.As.Value == "${extension}" {
		w.operator(way)
	}
}
