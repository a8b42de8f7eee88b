package dialplan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"dialtone/dialplan/pattern"
)

// Compile makes a plan of what is written, and says everything that is wrong
// with it. The plan is of use only when no finding is more than a warning.
func Compile(s Spec) (*Plan, []Finding) {
	c := &checker{
		spec: &s, defined: map[string]bool{}, args: map[string]bool{}, headers: map[string]bool{},
		usedSchedules: map[string]bool{}, usedGroups: map[string]bool{}, usedSubplans: map[string]bool{}, usedMenus: map[string]bool{},
		silent:  map[*SubplanSpec]bool{},
		entered: map[string]bool{PhonesContext: true},
		plan: &Plan{
			zone: time.Local, country: s.Site.Country, groups: s.Groups, subplans: s.Subplans,
			extensions: make(map[string]bool, len(s.Extensions)), contexts: map[string]*routes{}, menus: map[string]*menu{}, speaks: s.Speech, ringTimeout: s.RingTimeout, pins: s.Pins, mailboxes: s.Mailboxes,
		},
	}
	for _, e := range s.Extensions {
		c.plan.extensions[e] = true
	}
	for _, h := range s.Site.Headers {
		c.headers[h] = true
	}
	c.site()
	c.numbering()
	c.lines()
	c.plan.unanswered = map[string]*Dial{}
	for _, e := range s.Mailboxes {
		c.plan.unanswered[e] = c.ringing(e, Text{Value: e})
	}
	c.compileSchedules()
	c.namesOfMenus()
	c.groups()
	c.conferences()
	c.parking()
	numbers := c.numbersOf()
	c.variablesOf()
	c.compileSubplans()
	c.compileMenus()
	c.messageRoutes()
	for _, name := range keys(s.Contexts) {
		c.context(name, s.Contexts[name], numbers[name])
	}
	if c.plan.contexts[PhonesContext] == nil {
		c.context(PhonesContext, nil, nil)
	}
	c.plan.contexts[ExtensionsContext] = c.builtIn()
	c.leaderless()
	c.analyse()
	return c.plan, c.findings
}

func (c *checker) site() {
	if c.spec.Site.Timezone != "" {
		zone, err := time.LoadLocation(c.spec.Site.Timezone)
		if err != nil {
			c.in("site.timezone")
			c.fail(Pos{}, quote(c.spec.Site.Timezone)+" is not a time zone", "write one like Europe/Berlin")
			c.out()
			return
		}
		c.plan.zone = zone
	}
}

// groups need members that are there.
func (c *checker) groups() {
	c.in("groups")
	defer c.out()
	for _, name := range keys(c.spec.Groups) {
		g := c.spec.Groups[name]
		c.in(name)
		if c.plan.extensions[name] {
			c.fail(g.Where(), quote(name)+" is an extension already", "give the group another name")
		}
		if len(g.Members) == 0 {
			c.fail(g.Where(), "the group has no members", `write members: ["101", "102"]`)
		}
		seen := map[string]bool{}
		for i, m := range g.Members {
			c.in(fmt.Sprintf("members.[%d]", i))
			c.extension(m.Extension)
			if seen[m.Extension.Value] {
				c.fail(m.Extension.At, quote(m.Extension.Value)+" is a member twice", "keep one of them")
			}
			if m.Delay > 0 && g.Strategy != "" && g.Strategy != "all" {
				c.fail(m.Where(), "delay has no effect when members ring one after the other", "remove it, or write strategy: all")
			}
			seen[m.Extension.Value] = true
			c.out()
		}
		if g.Each > 0 && (g.Strategy == "" || g.Strategy == "all") {
			c.fail(g.Where(), "each has no effect when all members ring at once", "write strategy: sequential, or remove each")
		}
		c.out()
	}
}

// numbersOf compiles the numbers of all routes, by context.
func (c *checker) numbersOf() map[string][]numbers {
	out := map[string][]numbers{}
	c.in("dialplan")
	defer c.out()
	for _, name := range keys(c.spec.Contexts) {
		c.in(name)
		for i, r := range c.spec.Contexts[name] {
			c.in("[" + strconv.Itoa(i) + "]")
			c.in("to")
			out[name] = append(out[name], c.numbers(r.To))
			c.out()
			c.out()
		}
		c.out()
	}
	return out
}

func (c *checker) numbers(list Texts) numbers {
	var n numbers
	for _, t := range list {
		text, not := negated(t.Value)
		at := t.At
		if not {
			at.Column += len(t.Value) - len(text)
		}
		p, ok := c.number(text, at)
		if !ok {
			n.broken = true
			continue
		}
		for _, g := range p.GroupNames() {
			c.settable(g, at)
			c.defined[g] = true
		}
		if not {
			n.negative = append(n.negative, p)
		} else {
			n.positive = append(n.positive, p)
		}
	}
	return n
}

// variablesOf collects the variables that steps set anywhere.
func (c *checker) variablesOf() {
	note := func(s Step) {
		if set, ok := s.(setting); ok {
			for _, v := range set.sets(c) {
				c.defined[v.Name] = true
			}
		}
	}
	c.everyStep(note)
}

// everyStep visits all steps of the plan.
func (c *checker) everyStep(visit func(Step)) {
	for _, name := range keys(c.spec.Contexts) {
		for _, r := range c.spec.Contexts[name] {
			walk(r.Do, visit)
		}
	}
	for _, name := range keys(c.spec.Subplans) {
		walk(c.spec.Subplans[name].Do, visit)
	}
	for _, name := range keys(c.spec.Menus) {
		for _, way := range c.spec.Menus[name].branches() {
			walk(way.do, visit)
		}
	}
}

// walk visits steps and those within them.
func walk(steps Steps, visit func(Step)) {
	for _, s := range steps {
		visit(s)
		if b, ok := s.(branching); ok {
			for _, way := range b.branches() {
				walk(way.do, visit)
			}
		}
	}
}

func (c *checker) compileSubplans() {
	c.in("subplans")
	defer c.out()
	for _, name := range keys(c.spec.Subplans) {
		s := c.spec.Subplans[name]
		c.in(name)
		c.args, c.env = map[string]bool{}, nil
		for _, a := range s.Args {
			c.settable(a.Value, a.At)
			c.args[a.Value] = true
		}
		if len(s.Do) == 0 {
			c.fail(s.Where(), "the subplan has no steps", "write do: with at least one step")
		}
		c.within("do", s.Do)
		c.out()
	}
	c.args, c.env = map[string]bool{}, nil
}

// builtInContexts are those that nobody may write.
var builtInContexts = map[string]string{
	ExtensionsContext: "the built-in routes", NumbersContext: "the numbers", EmergencyContext: "emergency numbers",
}

// context compiles the routes of one context.
func (c *checker) context(name string, list []*RouteSpec, to []numbers) {
	c.in("dialplan")
	c.in(name)
	defer c.out()
	defer c.out()
	if says := builtInContexts[name]; says != "" {
		at := Pos{} // of the context's key
		if len(list) > 0 {
			at = list[0].Where()
		}
		c.fail(at, quote(name)+" is the context of "+says, "give the context another name")
	}
	taken := map[string]Pos{}
	out := &routes{name: name}
	for i, spec := range list {
		c.in("[" + strconv.Itoa(i) + "]")
		r := &Route{Name: nameOf(spec, i), Context: name, At: spec.Where(), to: to[i], steps: spec.Do}
		if first, again := taken[spec.Name.Value]; again && spec.Name.Value != "" {
			c.fail(spec.Name.At, "another route of this context is called "+quote(r.Name)+", at "+first.String(), "give one another name")
		}
		taken[spec.Name.Value] = spec.Name.At
		r.when = c.conditions(&spec.When)
		if len(spec.Do) == 0 {
			c.fail(spec.Where(), "the route has no steps", "write do: with at least one step, such as [{hangup: busy}]")
		}
		c.within("do", spec.Do)
		out.list = append(out.list, r)
		c.out()
	}
	out.index()
	c.plan.contexts[name] = out
}

// index builds what routes are found with.
func (rs *routes) index() {
	var all []pattern.Pattern
	for i, r := range rs.list {
		positive := r.to.positive
		if len(positive) == 0 {
			positive = []pattern.Pattern{pattern.MustParse("!")}
		}
		for _, p := range positive {
			r.entries = append(r.entries, len(all))
			all = append(all, p)
			rs.owner = append(rs.owner, i)
		}
	}
	rs.set = pattern.NewSet(all)
}

// builtIn is the context of the features and extensions, in the structs that
// YAML would give:
//
//	extensions:
//	  - {name: echo, to: "600", do: [echo]}
//	  - {name: tone, to: "601", do: [tone]}
//	  - {name: music, to: "602", do: [music]}
//	  - {name: block, to: "*60!", do: [{block: "${rest}"}]}
//	  - {name: unblock, to: "*61!", do: [{unblock: "${rest}"}]}
//	  - {name: voicemail, to: "*97", do: [mailbox]}
//	  - {name: voicemail_pick_up, to: "*96", do: [{mailbox: , pick_up: true}]}
//	  - {name: voicemail_any, to: "*98", do: [{mailbox: , ask: true}]}
//	  - {name: voicemail_leave, to: "*99.", do: [{voicemail: "${rest}"}]}
//	  - {name: pickup, to: "*8", do: [pickup]}
//	  - {name: conference team, to: 850, do: [{conference: team}]}   # of each that has dial
//	  - {name: park, to: "700", do: [park, park, park]}
//	  - {name: parking slots, to: ["701", "702"], do: [{park: "${to}"}, {park: "${to}"}, {park: "${to}"}]}
//	  - {name: extension 101, to: "101", do: [{dial: "${to}"}]}   # of each
//	  - {name: intercom, to: "*80.", do: [{page: "${rest}", talk: true}]}
//	  - {name: pickup, to: "*8.", do: [{pickup: "${rest}"}]}
//
// An extension that has a mailbox is dialled with
//
//	timeout: 30s, on: {busy: [{voicemail: "${to}"}]}, and the same for no-answer,
//	not-registered and declined
func (c *checker) builtIn() *routes {
	out := &routes{name: ExtensionsContext}
	add := func(name string, number string, s Step) {
		p, err := pattern.Parse(number)
		if number == "" || err != nil {
			return
		}
		s.check(&checker{spec: c.spec, plan: c.plan})
		out.list = append(out.list, &Route{
			Name: name, Context: ExtensionsContext, to: numbers{positive: []pattern.Pattern{p}}, steps: Steps{s},
		})
	}
	for _, f := range c.spec.Features.list() {
		add(f.name, literal(f.number), f.take())
	}
	for _, f := range c.spec.Features.codes() {
		add(f.name, literal(f.number)+f.behind, f.step)
	}
	for _, name := range keys(c.plan.conferences) {
		if e := c.plan.conferences[name]; e.Rooms != "" {
			add("conference "+name, e.Dial, &Conference{Room: Text{Value: "${to}"}})
		} else {
			add("conference "+name, e.Dial, &Conference{Room: Text{Value: name}})
		}
	}
	out.list = append(out.list, c.parkingRoutes()...)
	for _, e := range slices.Sorted(slices.Values(c.spec.Extensions)) {
		add(extensionRoute+e, literal(e), c.ringing(e, Text{Value: "${to}"}))
	}
	for _, f := range c.spec.Features.desk() {
		add(f.name, literal(f.number)+f.behind, f.step)
	}
	out.index()
	c.hiddenCodes(out)
	return out
}

// extensionRoute begins the names of the routes to extensions.
const extensionRoute = "extension "

// ringing dials an extension, and takes a message when it has a mailbox.
func (c *checker) ringing(extension string, to Text) *Dial {
	d := &Dial{To: Texts{to}}
	if slices.Contains(c.spec.Mailboxes, extension) {
		d.Timeout = c.spec.VoicemailDelay
		message := func() Steps { return Steps{&Voicemail{Mailbox: to}} }
		d.On = On{Busy: message(), NoAnswer: message(), NotRegistered: message(), Declined: message()}
	}
	return d
}

// literal is the pattern of exactly that number.
func literal(number string) string {
	if number == "" {
		return ""
	}
	return `"` + number + `"`
}

type feature struct{ name, number string }

// delayOfEcho is by how much the feature delay is late.
const delayOfEcho = 2 * time.Second

// take is the step that a feature takes.
func (f feature) take() Step {
	switch f.name {
	case "milliwatt", "silence", "sweep":
		return &Tone{What: Text{Value: f.name}}
	case "delay":
		return &Echo{Delay: delayOfEcho}
	case "keys":
		return new(KeyEcho)
	case "voicemail":
		return new(Mailbox)
	case "voicemail_pick_up":
		return &Mailbox{PickUp: true}
	case "voicemail_any":
		return &Mailbox{Ask: true}
	}
	return NewStep(f.name)
}

// list are the features that take no number, by name.
func (f Features) list() []feature {
	return []feature{
		{"echo", f.Echo},
		{"tone", f.Tone},
		{"music", f.Music},
		{"milliwatt", f.Milliwatt},
		{"delay", f.Delay},
		{"silence", f.Silence},
		{"sweep", f.Sweep},
		{"keys", f.Keys},
		{"voicemail", f.Voicemail},
		{"voicemail_any", f.VoicemailAny},
		{"voicemail_pick_up", f.VoicemailPickUp},
		{"pickup", f.Pickup},
	}
}

// code is a feature behind whose number another one may be dialled.
type code struct {
	feature
	behind string // pattern of what may be dialled behind it
	step   Step
}

// codes are the features that take a number, the longest first so that none takes
// the calls of another.
func (f Features) codes() []code {
	var out []code
	for _, c := range []code{
		{feature{"block", f.Block}, "!", &Block{Number: Text{Value: "${rest}"}}},
		{feature{"unblock", f.Unblock}, "!", &Unblock{Number: Text{Value: "${rest}"}}},
		{feature{"voicemail_leave", f.VoicemailLeave}, ".", &Voicemail{Mailbox: Text{Value: "${rest}"}}},
	} {
		if c.number != "" {
			out = append(out, c)
		}
	}
	for _, c := range f.Settings.List() {
		out = append(out, code{feature{c.Name, c.Number}, c.behind, c.step})
	}
	slices.SortStableFunc(out, func(a, b code) int { return cmp.Compare(len(b.number), len(a.number)) })
	return out
}
