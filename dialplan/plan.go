package dialplan

import (
	"fmt"
	"strings"
	"time"

	"dialtone/dialplan/pattern"
	"dialtone/dialplan/schedule"
)

// The contexts that are there without anybody writing them.
const (
	// PhonesContext is where calls of extensions enter. What fits none of its
	// routes goes on in ExtensionsContext.
	PhonesContext = "phones"
	// ExtensionsContext has the built-in routes: the features, and each extension
	// by its number.
	ExtensionsContext = "extensions"
)

// Plan decides where calls go. It is immutable: a reload makes a new one.
type Plan struct {
	// Version is that of the configuration that the plan is part of, for records.
	Version string

	zone        *time.Location
	country     string
	numbering   numbering
	schedules   map[string]*schedule.Schedule
	groups      map[string]*GroupSpec
	subplans    map[string]*SubplanSpec
	menus       map[string]*menu
	speaks      bool // texts can be spoken
	contexts    map[string]*routes
	extensions  map[string]bool
	ringTimeout time.Duration
	pins        map[string]Secret
	mailboxes   []string
	unanswered  map[string]*Dial // how an extension with a mailbox is dialled when a number is its own
	lines       lines
	conferences conferences
	parking     lot
	messages    []messageRoute
}

// Route is one route of a plan.
type Route struct {
	Name    string
	Context string
	At      Pos
	to      numbers
	when    []condition
	steps   Steps
	entries []int // its patterns in the context's Set
}

// routes are those of one context, in their order.
type routes struct {
	name  string
	list  []*Route
	set   *pattern.Set // of all positive patterns
	owner []int        // by pattern of set: the route it belongs to
}

// Routes lists the routes of a context in their order, nil when there is no such
// context.
func (p *Plan) Routes(context string) []*Route {
	if c := p.contexts[context]; c != nil {
		return c.list
	}
	return nil
}

// Contexts are the names of all contexts, sorted.
func (p *Plan) Contexts() []string { return keys(p.contexts) }

// Zone is the zone of the site.
func (p *Plan) Zone() *time.Location { return p.zone }

// Steps are those of the route, in their order.
func (r *Route) Steps() Steps { return r.steps }

// enter looks for a route in a context, or takes the one that is named.
func (r *Run) enter(context, route string) Decision {
	r.plan = r.Plan()
	if r.decisions++; r.decisions > maxDecisions {
		return Decision{Why: &Ended{Cause: CauseLoop, Detail: fmt.Sprintf("more than %d routes one after the other, the last in %s", maxDecisions, context)}}
	}
	if context == NumbersContext {
		if d, ok := r.ownNumber(); ok {
			return d
		}
		return Decision{Why: &Ended{Cause: CauseNotFound, Detail: said(r.To) + " is none of the numbers"}}
	}
	c := r.plan.contexts[context]
	entry := r.entry == context && context != ""
	if c == nil && entry && route == "" {
		c = &routes{name: context, set: pattern.NewSet(nil)}
	}
	if c == nil {
		return Decision{Why: &Ended{Cause: CauseNotFound, Detail: "there is no context " + context}}
	}
	r.Context = context
	r.traceContext(context)
	if route != "" {
		return r.named(c, route)
	}
	if d, ok := r.find(c); ok {
		return d
	}
	return r.behind(c, entry)
}

// behind looks on where a call goes that fits no route of c: among the numbers, when
// a trunk's call entered there, and among extensions.
func (r *Run) behind(c *routes, entry bool) Decision {
	why := fmt.Sprintf("%s fits no route of %s", said(r.To), c.name)
	if entry {
		if d, ok := r.ownNumber(); ok {
			return d
		}
		why = r.unmatched(c)
	}
	if c.name == PhonesContext {
		r.traceContext(ExtensionsContext)
		if d, ok := r.find(r.plan.contexts[ExtensionsContext]); ok {
			return d
		}
		switch {
		case entry:
		case len(c.list) > 0:
			why += ", and is neither an extension nor a feature"
		default:
			why = r.To + " is neither an extension nor a feature"
		}
	}
	return Decision{Why: &Ended{Cause: CauseNotFound, Detail: why}}
}

// said is a number in a sentence.
func said(s string) string {
	if s == "" {
		return "the empty number"
	}
	return s
}

func (r *Run) named(c *routes, name string) Decision {
	for _, route := range c.list {
		if route.Name == name {
			return r.choose(route, pattern.Match{}, "a goto names it")
		}
	}
	return Decision{Why: &Ended{Cause: CauseNotFound, Detail: "there is no route " + name + " in " + c.name}}
}

// find gives the first route of c that fits.
func (r *Run) find(c *routes) (Decision, bool) {
	done := 0 // routes before this one have been told of
	for at, m := range c.set.All(r.To) {
		i := c.owner[at]
		if i < done {
			continue
		}
		r.traceSkipped(c, done, i)
		done = i + 1
		route := c.list[i]
		if not := route.to.refusedBy(r.To); not != "" {
			r.traceRoute(route, false, "to: "+r.To+" is one of "+quote("not "+not))
			continue
		}
		// Named groups are variables for the conditions already.
		undo := r.bind(m)
		if why := r.refused(route); why != "" {
			undo()
			r.miss(route, why)
			r.traceRoute(route, false, why)
			continue
		}
		return r.choose(route, m, r.because(route, at)), true
	}
	r.traceSkipped(c, done, len(c.list))
	return Decision{}, false
}

// bind makes what a pattern found into variables, until undo.
func (r *Run) bind(m pattern.Match) (undo func()) {
	rest, old := r.rest, map[string]string(nil)
	r.rest = m.Rest
	for _, g := range m.Groups {
		if old == nil {
			old = map[string]string{}
		}
		old[g.Name] = r.vars[g.Name]
		r.vars[g.Name] = g.Value
	}
	return func() {
		r.rest = rest
		for name, value := range old {
			r.vars[name] = value
		}
	}
}

// miss keeps why a route for the number of a call from outside was not taken, for
// the log.
func (r *Run) miss(route *Route, why string) {
	if r.entry != "" && len(r.missed) < 5 {
		r.missed = append(r.missed, route.Name+": "+why)
	}
}

func (r *Run) choose(route *Route, m pattern.Match, why string) Decision {
	r.bind(m)
	r.route = route
	r.traceRoute(route, true, why)
	return Decision{Route: route}
}

// refused says which condition does not hold, "" when all do.
func (r *Run) refused(route *Route) string {
	for i := range route.when {
		if ok, why := route.when[i].test(r); !ok {
			return why
		}
	}
	return ""
}

// because says why a route fits.
func (r *Run) because(route *Route, at int) string {
	if r.Trace == nil {
		return ""
	}
	parts := []string{"to: any number"}
	if len(route.to.positive) > 0 {
		p := route.to.positive[at-route.entries[0]]
		parts[0] = "to: " + said(r.To) + " fits " + p.String()
		if literal, ok := p.Literal(); ok {
			parts[0] = "to: it is " + literal
		}
	}
	for i := range route.when {
		_, why := route.when[i].test(r)
		parts = append(parts, why)
	}
	return strings.Join(parts, "; ")
}

func (r *Run) traceContext(name string) {
	if r.Trace != nil {
		r.traceEvent(Event{Kind: EventContext, Name: name, Text: "looking for " + said(r.To)})
	}
}

func (r *Run) traceEvent(e Event) {
	if r.Trace != nil {
		e.At = r.Now().Sub(r.start)
		r.Trace.add(e)
	}
}

func (r *Run) traceRoute(route *Route, fits bool, why string) {
	if r.Trace != nil {
		r.Trace.add(Event{
			Kind: EventRoute, At: r.Now().Sub(r.start), Context: route.Context, Name: route.Name, Fits: fits, Text: why,
			File: route.At.File, Line: route.At.Line,
		})
	}
}

// traceSkipped tells of the routes from..to of c, which are for other numbers.
func (r *Run) traceSkipped(c *routes, from, to int) {
	if r.Trace == nil || from >= to {
		return
	}
	if len(c.list) > listedRoutes {
		r.Trace.add(Event{
			Kind: EventRoute, At: r.Now().Sub(r.start), Context: c.name,
			Name: fmt.Sprintf("%d routes", to-from), Text: "to: they are for other numbers",
		})
		return
	}
	if c.name == ExtensionsContext && to-from > 1 {
		r.traceEvent(Event{Kind: EventRoute, Context: c.name, Name: c.counted(from, to), Text: "to: " + said(r.To) + " is none of them"})
		return
	}
	for _, route := range c.list[from:to] {
		r.traceRoute(route, false, "to: "+said(r.To)+" is not "+route.to.String())
	}
}

// counted says how many features and extensions the built-in routes from..to are.
func (c *routes) counted(from, to int) string {
	features := 0
	for _, route := range c.list[from:to] {
		if !strings.HasPrefix(route.Name, extensionRoute) {
			features++
		}
	}
	switch extensions := to - from - features; {
	case features == 0:
		return plural(extensions, "extension")
	case extensions == 0:
		return plural(features, "feature")
	default:
		return plural(features, "feature") + " and " + plural(extensions, "extension")
	}
}
