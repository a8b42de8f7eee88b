package asterisk

import (
	"cmp"
	"slices"
	"strings"
)

// jump converts a goto: to a label of this exten, to another exten, to another
// context.
func (w *walk) jump(p priority, target string, waited bool) step {
	parts := strings.FieldsFunc(target, func(r rune) bool { return r == ',' || r == '|' })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	switch len(parts) {
	case 1:
		return w.label(p, parts[0], waited)
	case 2:
		if w.subplan {
			return w.refuse(p, "goto within a macro has no counterpart", "the call is refused there; write on: {busy: [...]} or a switch")
		}
		return w.elsewhere(p, w.key.context, parts[0], parts[1])
	case 3:
		return w.elsewhere(p, parts[0], parts[1], parts[2])
	}
	return w.refuse(p, "goto without a target", "")
}

// label writes the steps from a label on where they are wanted.
func (w *walk) label(p priority, label string, waited bool) step {
	list := w.exten.begin(label)
	if list == nil {
		return w.refuse(p, "there is no label "+label, "")
	}
	mark := w.exten.name + "@" + label
	if slices.Contains(w.inside, mark) || len(w.inside) > 6 {
		if waited && w.exten.begin(label)[0].number == 1 && !w.subplan {
			return step{"{goto: " + quote(w.into+"/"+w.name) + "}", true}
		}
		return w.refuse(p, "a loop to "+label, "the call is refused there; write the steps once, with a timeout")
	}
	if list[0].number <= p.number { // backwards
		if waited && list[0].number == 1 && !w.subplan {
			return step{"{goto: " + quote(w.into+"/"+w.name) + "}", true}
		}
		return w.refuse(p, "a loop to "+label, "the call is refused there; write the steps once, with a timeout")
	}
	inner := *w
	inner.inside = append(slices.Clone(w.inside), mark)
	steps := inner.steps(list)
	w.group, w.groupFrom, w.groupTo = inner.group, inner.groupFrom, inner.groupTo
	return step{joined(steps), true}
}

// joined are several steps as the items of a list.
func joined(steps []step) string {
	var parts []string
	for _, s := range steps {
		if s.text != "" {
			parts = append(parts, s.text)
		}
	}
	return strings.Join(parts, ", ")
}

// elsewhere goes to an exten by its context.
func (w *walk) elsewhere(p priority, context, exten, priority string) step {
	c := w.made.contexts[context]
	if c == nil {
		return w.refuse(p, "there is no context "+context, "")
	}
	number, ok := w.value(exten)
	if !ok {
		return w.refuse(p, "where "+cmp.Or(exten, "a goto to nowhere")+" leads cannot be worked out", "the call is refused there; write a switch")
	}
	here := context == w.key.context
	if here && number == w.exten.name && len(w.inside) == 0 && priority != "1" {
		return w.label(p, priority, false)
	}
	if priority != "1" {
		return w.refuse(p, "goto into the middle of "+exten, "the call is refused there; write the steps into a subplan")
	}
	into := w.use(key{context, w.key.outside})
	switch {
	case here && (number == "${to}" || number == w.exten.name):
		return w.refuse(p, "a loop to the same number", "the call is refused there")
	case number == "${to}":
		return step{"{goto: " + into + "}", true}
	case strings.Contains(number, "$"):
		return step{"{goto: " + into + ", to: " + quote(number) + "}", true}
	}
	return w.named(p, context, number, into)
}

// named goes to one number of a context, which is now called into.
func (w *walk) named(p priority, context, number, into string) step {
	x := w.find(context, number, map[string]bool{})
	switch {
	case x == nil:
		return w.refuse(p, "nothing in "+context+" is for "+number, "the call is refused there")
	case special(number) != "":
		return w.refuse(p, special(number), "the call is refused there")
	case x.name == number:
		return step{"{goto: " + quote(into+"/"+number) + "}", true}
	}
	return step{"{goto: " + into + ", to: " + quote(number) + "}", true}
}

// find is the exten of a context, or of what it includes, that is for a number.
func (h *house) find(context, number string, seen map[string]bool) *exten {
	c := h.made.contexts[context]
	if c == nil || seen[context] {
		return nil
	}
	seen[context] = true
	var fits *exten
	for _, x := range c.extens {
		switch {
		case len(x.steps) == 0:
		case x.name == number:
			return x
		case strings.HasPrefix(x.name, "_") && matches(elements(x.name), number):
			fits = x
		}
	}
	for _, inc := range c.includes {
		if fits == nil {
			fits = h.find(inc.context, number, seen)
		}
	}
	return fits
}

// gotoIf is GotoIf(condition?yes:no).
func (w *walk) gotoIf(p priority, waited bool) []step {
	test, targets, _ := strings.Cut(p.args, "?")
	condition, ok := w.condition(test)
	if !ok {
		return []step{w.refuse(p, "the condition "+cmp.Or(clip(test), "of nothing")+" cannot be carried over", "the call is refused there; write an if")}
	}
	return w.branch(p, condition, targets, waited)
}

// branch goes one of two ways; an empty one goes on.
func (w *walk) branch(p priority, condition, targets string, waited bool) []step {
	yes, no, _ := strings.Cut(targets, ":")
	text := "{if: " + quote(condition)
	final := true
	for _, way := range [][2]string{{"then", yes}, {"else", no}} {
		target := strings.TrimSpace(way[1])
		if target == "" {
			final = false
			continue
		}
		s := w.jump(p, target, waited)
		text += ", " + way[0] + ": [" + s.text + "]"
	}
	if !strings.Contains(text, ": [") {
		return nil
	}
	return []step{{text + "}", final}}
}

func (w *walk) gotoIfTime(p priority, waited bool) []step {
	times, targets, _ := strings.Cut(p.args, "?")
	name, ok := w.times(times, p.at)
	switch {
	case !ok:
		return []step{hangup("unreachable")}
	case name == "":
		yes, _, _ := strings.Cut(targets, ":")
		return []step{w.jump(p, yes, waited)}
	}
	return w.branch(p, "open("+quote(name)+")", targets, waited)
}

// execIf is ExecIf(condition?App(args):App(args)).
func (w *walk) execIf(p priority, waited bool) []step {
	test, ways, _ := strings.Cut(p.args, "?")
	condition, ok := w.condition(test)
	if !ok {
		return []step{w.refuse(p, "the condition "+cmp.Or(clip(test), "of nothing")+" cannot be carried over", "the call is refused there; write an if")}
	}
	yes, no := ways, ""
	if i := strings.Index(ways, "):"); i >= 0 {
		yes, no = ways[:i+1], ways[i+2:]
	}
	text := "{if: " + quote(condition)
	for _, way := range [][2]string{{"then", yes}, {"else", no}} {
		if strings.TrimSpace(way[1]) == "" {
			continue
		}
		one := priority{number: p.number, at: p.at}
		one.app, one.args, _ = strings.Cut(strings.TrimSpace(way[1]), "(")
		one.app, one.args = strings.ToLower(one.app), strings.TrimSuffix(one.args, ")")
		if steps := joined(w.line(one, waited)); steps != "" {
			text += ", " + way[0] + ": [" + steps + "]"
		}
	}
	if !strings.Contains(text, ": [") {
		return nil
	}
	return []step{{text: text + "}"}}
}
