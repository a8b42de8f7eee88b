package asterisk

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dialtone/dialplan/pattern"
)

// exten is an extension of Asterisk's plan: a number or pattern, and what is done.
type exten struct {
	name  string // with _ before a pattern
	from  string // the caller that it is for, "" is all
	steps []priority
	at    place
}

// priority is one line of an exten.
type priority struct {
	number    int
	label     string
	app, args string
	at        place
}

// include is a context that is asked after another.
type include struct {
	context, times string
	at             place
}

// context is a context of Asterisk's plan.
type context struct {
	name     string
	extens   []*exten
	includes []include
	at       place
}

// key is a context as one side reaches it: what callers from outside may do is not
// what phones may.
type key struct {
	context string
	outside bool
}

// made is what becomes of the plan.
type made struct {
	contexts map[string]*context
	used     []key // in the order in which they are met
	both     map[string]bool
	routes   map[string][]route // by the new name of the context
	subplans map[string][]step
	set      map[string]bool // variables that the plan sets
	walked   map[string]bool // contexts that some call reaches
	single   string          // the context that becomes phones, "" when there are several
}

// route is one of Dialtone.
type route struct {
	name, to, from, time string // to is YAML
	steps                []step
	pattern              pattern.Pattern
	known                bool // pattern says what to is
	at                   place
}

// dialplan converts extensions.conf. The first pass finds which contexts are
// reached from where, the second writes them.
func (h *house) dialplan() {
	m := &made{contexts: map[string]*context{}, both: map[string]bool{}, walked: map[string]bool{}}
	h.made = m
	for _, s := range h.plan {
		h.contextOf(s)
	}
	var phones []string
	for _, name := range sorted(h.phones) {
		if c := h.phones[name].context; !slices.Contains(phones, c) {
			phones = append(phones, c)
		}
	}
	slices.Sort(phones)
	if len(phones) == 1 && m.contexts[phones[0]] != nil {
		m.single = phones[0]
	}
	for range 2 {
		h.enter(phones)
	}
	h.dispatch(phones)
	for _, name := range slices.Sorted(maps.Keys(m.contexts)) {
		c := m.contexts[name]
		if len(c.extens) > 0 && !m.walked[name] && m.subplans[nameOf(name)] == nil {
			h.note(c.at, "the context "+name+" was left out, as no call reaches it", "")
		}
	}
}

// enter converts the contexts that calls of phones and trunks enter, and those that
// are reached from there.
func (h *house) enter(phones []string) {
	m := h.made
	m.used, m.routes, m.subplans, m.set = nil, map[string][]route{}, map[string][]step{}, h.variables()
	for _, c := range phones {
		if m.contexts[c] != nil {
			h.use(key{c, false})
		}
	}
	for _, name := range sorted(h.trunks) {
		if t := h.trunks[name]; m.contexts[t.context] != nil {
			h.use(key{t.context, true})
		}
	}
	done := 0
	for done < len(m.used) { // it grows
		h.convert(m.used[done])
		done++
	}
	for _, k := range m.used {
		m.both[k.context] = m.both[k.context] || k.outside && slices.Contains(m.used, key{k.context, false})
	}
}

// dispatch sends calls of phones to the contexts that they had.
func (h *house) dispatch(contexts []string) {
	if h.made.single != "" {
		return
	}
	for _, c := range contexts {
		if h.made.contexts[c] == nil {
			h.note(h.phonesOf(c)[0].at, "the context "+c+" is not there", "its extensions can call each other and the features only")
			continue
		}
		var names []string
		for _, p := range h.phonesOf(c) {
			names = append(names, quote(p.name))
		}
		h.made.routes["phones"] = append(h.made.routes["phones"], route{
			name: "extensions of " + c, from: "extension: [" + strings.Join(names, ", ") + "]",
			steps: []step{{"{goto: " + h.use(key{c, false}) + "}", true}},
		})
	}
}

func (h *house) phonesOf(context string) []*phone {
	var out []*phone
	for _, name := range sorted(h.phones) {
		if h.phones[name].context == context {
			out = append(out, h.phones[name])
		}
	}
	return out
}

// use notes that a context is reached, and gives its new name.
func (h *house) use(k key) string {
	if !slices.Contains(h.made.used, k) {
		h.made.used = append(h.made.used, k)
	}
	if k.context == h.made.single && !k.outside {
		return "phones"
	}
	name := nameOf(k.context)
	if k.outside && h.made.both[k.context] {
		name = nameOf(name[:min(len(name), 24)] + "-outside")
	}
	if name == "extensions" || name == "phones" {
		name = "old-" + name
	}
	return name
}

var extenLine = regexp.MustCompile(`^([0-9]+|n|hint)(?:\+[0-9]+)?(?:\(([^)]*)\))?$`)

// contextOf reads one section of extensions.conf.
func (h *house) contextOf(s *section) {
	if s.name == "globals" {
		for _, e := range s.entries {
			h.globals[e.key] = e.value
		}
		return
	}
	if s.name == "general" {
		return
	}
	c := h.made.contexts[s.name]
	if c == nil {
		c = &context{name: s.name, at: s.at}
		h.made.contexts[s.name] = c
	}
	var last *exten
	for _, e := range s.entries {
		switch strings.ToLower(e.key) {
		case "exten":
			name, rest, _ := strings.Cut(e.value, ",")
			last = c.exten(strings.TrimSpace(name), e.at)
			h.priority(last, rest, e.at)
		case "same":
			if last == nil {
				h.note(e.at, "same without an exten above it", "")
				continue
			}
			h.priority(last, e.value, e.at)
		case "include":
			name, times, _ := strings.Cut(e.value, ",")
			c.includes = append(c.includes, include{strings.TrimSpace(name), times, e.at})
		case "ignorepat":
		case "":
			h.note(e.at, "a value without a key", "it was left out")
		default:
			h.note(e.at, e.key+" has no counterpart", "")
		}
	}
}

func (c *context) exten(name string, at place) *exten {
	name, from, _ := strings.Cut(name, "/")
	for _, x := range c.extens {
		if x.name == name && x.from == from {
			return x
		}
	}
	x := &exten{name: name, from: from, at: at}
	c.extens = append(c.extens, x)
	return x
}

// priority reads priority,App(args).
func (h *house) priority(x *exten, text string, at place) {
	number, call, _ := strings.Cut(text, ",")
	m := extenLine.FindStringSubmatch(strings.TrimSpace(number))
	if m == nil {
		h.note(at, fmt.Sprintf("%q is no priority that can be read", clip(number)), "")
		return
	}
	if m[1] == "hint" {
		return
	}
	p := priority{label: m[2], at: at}
	if p.number, _ = strconv.Atoi(m[1]); m[1] == "n" {
		p.number = 1
		if n := len(x.steps); n > 0 {
			p.number = x.steps[n-1].number + 1
		}
	}
	p.app, p.args, _ = strings.Cut(strings.TrimSpace(call), "(")
	p.args = strings.TrimSuffix(strings.TrimSpace(p.args), ")")
	p.app = strings.ToLower(strings.TrimSpace(p.app))
	x.steps = append(x.steps, p)
	slices.SortStableFunc(x.steps, func(a, b priority) int { return a.number - b.number })
}

// from gives the steps from a label or number on; nil when there is none.
func (x *exten) begin(label string) []priority {
	n, err := strconv.Atoi(label)
	for i, p := range x.steps {
		if p.label != "" && p.label == label || err == nil && p.number == n {
			return x.steps[i:]
		}
	}
	return nil
}

// convert makes the routes of a context, then those of what it includes: Asterisk
// takes the most specific number of the context first.
func (h *house) convert(k key) {
	name := h.use(k)
	if h.made.routes[name] != nil {
		return
	}
	h.made.routes[name] = []route{}
	h.routesOf(k, k.context, name, "", map[string]bool{})
}

func (h *house) routesOf(k key, from, into, time string, seen map[string]bool) {
	c := h.made.contexts[from]
	if c == nil || seen[from] {
		return
	}
	seen[from], h.made.walked[from] = true, true
	extens := slices.Clone(c.extens)
	slices.SortStableFunc(extens, func(a, b *exten) int { return strings.Compare(specific(a), specific(b)) })
	for _, x := range extens {
		h.route(k, x, into, time)
	}
	for _, inc := range c.includes {
		if h.made.contexts[inc.context] == nil {
			h.note(inc.at, "the context "+inc.context+" is not there", "")
			continue
		}
		when := time
		if inc.times != "" {
			var ok bool
			if when, ok = h.times(inc.times, inc.at); !ok {
				continue
			}
			if time != "" && when != "" {
				h.note(inc.at, "an include with times within another was left out", "write both schedules into when: {time: ...}")
				continue
			}
		}
		h.routesOf(k, inc.context, into, first([]string{when}, time), seen)
	}
}

// specific sorts extens as Asterisk looks at them: those for one caller first,
// numbers before patterns, few choices before many, the rest of a number last.
func specific(x *exten) string {
	out := "1"
	if x.from != "" {
		out = "0"
	}
	if !strings.HasPrefix(x.name, "_") {
		return out + "0" + x.name
	}
	out += "1"
	for _, e := range elements(x.name) {
		out += e.order
	}
	return out + "~"
}
