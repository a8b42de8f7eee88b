package dialplan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/dialplan/number"
	"dialtone/dialplan/pattern"
)

// The contexts of calls from outside.
const (
	// OutsideContext is where calls of trunks enter that do not say otherwise.
	OutsideContext = "outside"
	// NumbersContext has the numbers of ours. What fits no route of the context in
	// which a trunk's call entered goes on there.
	NumbersContext = "numbers"
	// EmergencyContext is what traces call the place of emergency numbers, which are
	// looked for before all routes. Nothing goes to it.
	EmergencyContext = "emergency"
)

// emergencyTimeout is for how long an emergency call rings: nobody but the caller
// gives up.
const emergencyTimeout = 10 * time.Minute

// lines are what a plan knows of the public network.
type lines struct {
	trunks    []string
	emergency []string // trunks, in the order for emergency calls
	entries   map[string]entrance
	numbers   map[string]Number // ours, by E.164
}

// entrance is how calls of a trunk come in.
type entrance struct {
	context   string
	numbering numbering
}

// lines compiles trunks and numbers.
func (c *checker) lines() {
	l := &c.plan.lines
	l.trunks, l.numbers, l.entries = c.spec.Trunks, c.spec.Numbers, map[string]entrance{}
	for _, name := range c.spec.Trunks {
		entry := c.spec.Entries[name]
		in := entrance{context: entry.Context, numbering: c.plan.numbering}
		if in.context == "" {
			in.context = OutsideContext
		}
		if entry.Country != "" && entry.Country != c.spec.Site.Country {
			if plan, err := number.New(entry.Country); err == nil {
				in.numbering = numbering{plan: plan, known: true}
			}
		}
		c.entrance(name, entry.Context)
		c.entered[in.context] = true
		l.entries[name] = in
	}
	c.in("site")
	for i, name := range c.spec.Site.Emergency {
		c.in(fmt.Sprintf("emergency.[%d]", i))
		if !slices.Contains(c.spec.Trunks, name) {
			c.undefined(Pos{}, "trunk", name, c.spec.Trunks)
		} else {
			l.emergency = append(l.emergency, name)
		}
		c.out()
	}
	c.out()
	for _, name := range c.spec.Trunks {
		if !slices.Contains(l.emergency, name) && !c.spec.Entries[name].Internal {
			l.emergency = append(l.emergency, name)
		}
	}
	if len(l.emergency) == 0 {
		l.emergency = c.spec.Trunks // help from elsewhere is better than none
	}
	c.extensionsForEmergencies()
}

// entrance checks the context that a trunk names.
func (c *checker) entrance(trunk, context string) {
	there := []string{"", OutsideContext, PhonesContext, ExtensionsContext, NumbersContext}
	if c.spec.Contexts[context] != nil || slices.Contains(there, context) {
		return
	}
	c.in("trunks")
	c.in(trunk)
	c.in("context")
	c.undefined(Pos{}, "context", context, append(keys(c.spec.Contexts), OutsideContext))
	c.out()
	c.out()
	c.out()
}

// extensionsForEmergencies warns of extensions and features that nobody can call,
// since their numbers are those of the police.
func (c *checker) extensionsForEmergencies() {
	if len(c.spec.Trunks) == 0 {
		return
	}
	const reason, remedy = " is an emergency number, which goes out before anything else", "give it another number"
	c.in("extensions")
	for _, e := range c.spec.Extensions {
		if number.Emergency(c.plan.country, e) {
			c.in(e)
			c.warn(Pos{}, e+reason, remedy)
			c.out()
		}
	}
	c.out()
	c.in("features")
	for _, f := range c.spec.Features.list() {
		if number.Emergency(c.plan.country, f.number) {
			c.in(f.name)
			c.warn(Pos{}, f.number+reason, remedy)
			c.out()
		}
	}
	c.out()
}

// Emergency reports whether a number that an extension dials goes out as an
// emergency call, before every route.
func (p *Plan) Emergency(dialled string) bool {
	return len(p.lines.trunks) > 0 && number.Emergency(p.country, p.dialled(dialled))
}

// E164 is a number as +, country code and number, read in the site's country; ""
// when it is none of the outside.
func (p *Plan) E164(number string) string { return p.numbering.e164(number) }

// Numbers are ours in the public network.
func (p *Plan) Numbers() []string { return keys(p.lines.numbers) }

// Takes reports whether a call for number that enters a context may fit a route of
// it.
func (p *Plan) Takes(context, number string) bool {
	c := p.contexts[context]
	if c == nil {
		return false
	}
	for at := range c.set.All(number) {
		if to := &c.list[c.owner[at]].to; to.refusedBy(number) == "" {
			return true
		}
	}
	return false
}

// Inbound reads a number of a call of a trunk. What cannot be read stays as it is.
func (p *Plan) Inbound(trunk, dialled string) string {
	if fullNumber.MatchString(dialled) {
		return dialled
	}
	n := p.lines.entries[trunk].numbering
	if e164 := n.e164(dialled); e164 != "" {
		return e164
	}
	if _, ours := p.lines.numbers["+"+dialled]; ours {
		return "+" + dialled
	}
	return dialled
}

// comeIn reads the numbers of a call of a trunk.
func (r *Run) comeIn() {
	r.To = r.plan.Inbound(r.Facts.Trunk, r.To)
	r.did = r.To
	if !r.Facts.Anonymous {
		r.Facts.From = r.plan.Inbound(r.Facts.Trunk, r.Facts.From)
	}
	r.language = r.plan.lines.numbers[r.did].Language
	if r.entry = r.Facts.Context; r.entry == "" {
		r.entry = r.plan.lines.entries[r.Facts.Trunk].context
	}
}

// isEmergency reports whether the call is one that goes before all routes.
func (r *Run) isEmergency() bool {
	return r.Facts.Extension != "" && r.Facts.Trunk == "" && r.plan.Emergency(r.Facts.To)
}

// emergencyCall is the decision for an emergency number.
func (r *Run) emergencyCall() Decision {
	r.Context = EmergencyContext
	r.traceContext(r.Context)
	dial := &Dial{To: Texts{{Value: r.To}}, emergency: true}
	for _, name := range r.plan.lines.emergency {
		dial.Via = append(dial.Via, Text{Value: name})
	}
	route := &Route{Name: r.To, Context: r.Context, steps: Steps{dial}}
	return r.choose(route, pattern.Match{}, "to: "+r.To+" is an emergency number, which goes before all routes and permissions")
}

// ownNumber looks for the number among ours.
func (r *Run) ownNumber() (Decision, bool) {
	ours := r.plan.lines.numbers
	if len(ours) == 0 {
		return Decision{}, false
	}
	r.traceContext(NumbersContext)
	to := r.To
	n, found := ours[to]
	if !found {
		to = r.plan.E164(r.To)
		n, found = ours[to]
	}
	if !found {
		r.traceEvent(Event{Kind: EventRoute, Context: NumbersContext, Name: plural(len(ours), "number"), Text: said(r.To) + " is none of them"})
		return Decision{}, false
	}
	if n.Language != "" {
		r.language = n.Language
	}
	dial := &Dial{To: Texts{{Value: n.To}}, FromName: Text{Value: r.nameOn(n)}}
	if steps := r.plan.unanswered[n.To]; steps != nil {
		dial.Timeout, dial.On = steps.Timeout, steps.On
	}
	dial.SetPos(n.At)
	r.Context = NumbersContext
	route := &Route{Name: to, Context: NumbersContext, At: n.At, steps: Steps{dial}}
	return r.choose(route, pattern.Match{}, "to: it is "+to), true
}

// nameOn is what phones show of a call to n; "" is the caller's name.
func (r *Run) nameOn(n Number) string {
	if n.Name == "" || r.Facts.FromName == "" {
		return n.Name
	}
	return n.Name + ": " + r.Facts.FromName
}

// unmatched says in one line what a call of a trunk was compared with.
func (r *Run) unmatched(c *routes) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of trunk %s", said(r.To), r.Facts.Trunk)
	if r.To != r.Facts.To {
		fmt.Fprintf(&b, " (dialled %s)", said(r.Facts.To))
	}
	switch {
	case len(c.list) == 0:
		fmt.Fprintf(&b, " finds no routes in context %s", r.entry)
	case len(c.list) == 1:
		fmt.Fprintf(&b, " does not fit the one route of context %s", c.name)
	default:
		fmt.Fprintf(&b, " fits none of the %d routes of context %s", len(c.list), c.name)
	}
	if len(c.list) > 0 {
		const shown = 4
		for i, route := range c.list {
			if i == shown {
				b.WriteString(", ...")
				break
			}
			before := ", "
			if i == 0 {
				before = " ("
			}
			b.WriteString(before + route.Name + ": " + route.to.String())
		}
		b.WriteString(")")
	}
	if len(r.missed) > 0 {
		b.WriteString("; " + strings.Join(r.missed, "; "))
	}
	const named = 5
	switch n := len(r.plan.lines.numbers); {
	case n == 0:
		b.WriteString(", and there are no numbers")
	case n <= named:
		b.WriteString(", and none of the numbers " + strings.Join(r.plan.Numbers(), ", "))
	default:
		fmt.Fprintf(&b, ", and none of the %d numbers", n)
	}
	return b.String()
}

// plural is a number of things.
func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}
