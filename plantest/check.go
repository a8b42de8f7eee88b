package plantest

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
)

// reader finds what is wrong with tests beyond their form.
type reader struct {
	*Suite
	doc *config.Document
}

func (r reader) file(f *File) {
	if len(f.Tests) == 0 {
		r.doc.Fail(f.Where(), "tests", "there are no tests", "write them under tests:, each in a line that starts with -")
	}
	r.phones(f.World, "world", f.Where())
	r.far(f.Outside, "outside", f.Where())
	r.answers(f.HTTP, "http")
	r.trunks(f.Trunks, "trunks")
	r.lists(f.Lists, "lists")
	r.ownSettings(f.Settings, "settings")
	names := map[string]dialplan.Pos{}
	for i, c := range f.Tests {
		path := fmt.Sprintf("tests[%d]", i)
		if c.Name.Value == "" {
			r.doc.Fail(c.Where(), path+".name", "the test has no name", "write name: and what is tested, in words")
		} else if first, again := names[c.Name.Value]; again {
			r.doc.Fail(c.Name.At, path+".name", "another test has this name, at "+first.String(), "give one another name")
		}
		names[c.Name.Value] = c.Name.At
		r.test(c, path)
	}
	if r.doc.Err() == nil {
		r.expectations(f)
	}
}

// expectations finds tests that cannot fail.
func (r reader) expectations(f *File) {
	for i, c := range f.Tests {
		if c.Expect.nothing() {
			r.doc.Fail(c.Where(), fmt.Sprintf("tests[%d].expect", i), "nothing is expected, so that the test always passes", "write expect: with what must happen, such as {route: day, end: no-answer}")
		}
		if end := c.Expect.End; end == nil || end.Cause.Value != dialplan.CauseForbidden.String() {
			r.wayIn(c.Call, fmt.Sprintf("tests[%d].call", i))
		}
		for n, b := range c.Before {
			r.wayIn(b, fmt.Sprintf("tests[%d].before[%d]", i, n))
		}
	}
}

// wayIn refuses a caller that the plan never sees: whatever is expected not to happen
// would not.
func (r reader) wayIn(c *Caller, path string) {
	known := slices.Sorted(maps.Keys(r.Config.Extensions))
	if c.Trunk.Value != "" || c.Context.Value != "" || slices.Contains(known, c.From.Value) {
		return
	}
	at, who := c.From.At, fmt.Sprintf("%q is no extension", c.From.Value)
	if c.From.Value == "" {
		at, who = c.Where(), "it is not said which extension calls"
	}
	remedy := "write the extension that calls"
	if near := dialplan.Nearest(c.From.Value, known); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	} else if trunks := slices.Sorted(maps.Keys(r.Config.Trunks)); len(trunks) > 0 {
		remedy += ", or trunk: " + trunks[0] + " for a call from outside"
	}
	r.doc.Fail(at, path+".from", who+", and no trunk is named, so that the call is refused before any route is tried",
		remedy+"; a test of just that expects end: "+dialplan.CauseForbidden.String())
}

func (r reader) test(c *Case, path string) {
	if c.At.Value != "" {
		if _, err := r.time(c.At.Value); err != nil {
			r.doc.Fail(c.At.At, path+".at", fmt.Sprintf("%q is no time that can be tested: %v", c.At.Value, err), "write it like 2026-12-24 22:30")
		}
	}
	if c.Call == nil {
		r.doc.Fail(c.Where(), path+".call", "nobody calls", `write call: {from: "100", to: "101"}`)
	} else {
		r.caller(c.Call, path+".call")
	}
	for i, b := range c.Before {
		r.caller(b, fmt.Sprintf("%s.before[%d]", path, i))
	}
	r.phones(c.World, path+".world", c.Where())
	r.far(c.Outside, path+".outside", c.Where())
	r.answers(c.HTTP, path+".http")
	r.trunks(c.Trunks, path+".trunks")
	r.lists(c.Lists, path+".lists")
	r.ownSettings(c.Settings, path+".settings")
	r.expect(&c.Expect, path+".expect")
}

func (r reader) caller(c *Caller, path string) {
	if c.To.Value == "" {
		r.doc.Fail(c.Where(), path+".to", "no number is dialled", `write to: "101"`)
	}
	if c.Source.Value != "" {
		if _, err := netip.ParseAddr(c.Source.Value); err != nil {
			r.doc.Fail(c.Source.At, path+".source", fmt.Sprintf("%q is not an address", c.Source.Value), "write one like 192.0.2.7")
		}
	}
	if t := c.Trunk.Value; t != "" {
		if known := slices.Sorted(maps.Keys(r.Config.Trunks)); !slices.Contains(known, t) {
			r.undefined(c.Trunk, path+".trunk", "trunk", known)
		}
	}
	if c.Verified && (c.Trunk.Value == "" || c.Anonymous) {
		r.doc.Fail(c.Where(), path+".verified", "only a trunk vouches for a number, and for none that is hidden",
			"write trunk and from, or leave verified out; an extension is verified in any case")
	}
	if ctx := c.Context.Value; ctx != "" && !slices.Contains(r.Plan.Contexts(), ctx) {
		r.undefined(c.Context, path+".context", "context", r.Plan.Contexts())
	}
	for _, name := range slices.Sorted(maps.Keys(c.Header)) {
		if !slices.Contains(r.Config.Site.Headers, name) {
			t := c.Header[name]
			t.Value = name
			r.undefined(t, path+".header", "header in site.headers", r.Config.Site.Headers)
		}
	}
	for i, t := range c.Keys {
		if _, err := parsePressing(t); err != nil {
			r.doc.Fail(t.At, fmt.Sprintf("%s.keys[%d]", path, i), err.Error(), `write it like "1234#", "1 during file menu" or "1 after 3s"`)
		}
	}
	r.codecs(c.Codecs, path)
}

func (r reader) undefined(t dialplan.Text, path, what string, known []string) {
	r.doc.Fail(t.At, path, fmt.Sprintf("there is no %s %q", what, t.Value), dialplan.Instead(t.Value, known))
}

func (r reader) codecs(list dialplan.Texts, path string) {
	for i, t := range list {
		if len(formatsOf(t.Value)) == 0 {
			r.doc.Fail(t.At, fmt.Sprintf("%s.codecs[%d]", path, i), fmt.Sprintf("%q is no codec that is known here", t.Value), "write one like PCMA")
		}
	}
}

func (r reader) phones(w World, path string, at dialplan.Pos) {
	known := slices.Sorted(maps.Keys(r.Config.Extensions))
	for _, name := range slices.Sorted(maps.Keys(w)) {
		if len(w[name]) > 0 {
			at = w[name][0].Where()
		}
		if !slices.Contains(known, name) {
			r.undefined(dialplan.Text{Value: name, At: at}, path, "extension", known)
		}
		seen := map[string]bool{}
		for i, p := range w[name] {
			at := fmt.Sprintf("%s.%s[%d]", path, name, i)
			r.phone(p, at)
			if seen[p.Phone.Value] && p.Phone.Value != "" {
				r.doc.Fail(p.Phone.At, at+".phone", "another phone of "+name+" has this name", "give one another name")
			}
			seen[p.Phone.Value] = true
		}
	}
}

// far checks numbers outside.
func (r reader) far(w World, path string, at dialplan.Pos) {
	known := slices.Sorted(maps.Keys(r.Config.Extensions))
	for _, number := range slices.Sorted(maps.Keys(w)) {
		if len(w[number]) > 0 {
			at = w[number][0].Where()
		}
		switch {
		case slices.Contains(known, number) && !r.Plan.Emergency(number):
			r.doc.Fail(at, path, number+" is an extension of ours", "write it in world")
		case len(w[number]) != 1:
			r.doc.Fail(at, path, "a number outside does one thing", "write one, like "+number+": [{answers: 5s}]")
		}
		for i, p := range w[number] {
			r.phone(p, fmt.Sprintf("%s.%s[%d]", path, number, i))
		}
	}
}

// trunks checks how trunks are said to be.
func (r reader) trunks(states map[string]dialplan.Text, path string) {
	known := slices.Sorted(maps.Keys(r.Config.Trunks))
	for _, name := range slices.Sorted(maps.Keys(states)) {
		state := states[name]
		if !slices.Contains(known, name) {
			r.undefined(dialplan.Text{Value: name, At: state.At}, path, "trunk", known)
		}
		if !slices.Contains(trunkStates[:], state.Value) {
			r.doc.Fail(state.At, path+"."+name, fmt.Sprintf("a trunk is not %q", state.Value), "write "+strings.Join(trunkStates[:], ", "))
		}
	}
}

func (r reader) phone(p *Phone, path string) {
	r.codecs(p.Codecs, path)
	var does []string
	if p.Does.Value != "" {
		does = append(does, p.Does.Value)
	}
	for _, d := range p.deeds() {
		if d.after != nil {
			does = append(does, d.name)
		}
	}
	switch {
	case p.Does.Value != "" && !slices.Contains(words[:], p.Does.Value):
		remedy := "write " + strings.Join(words[:], ", ") + ", or {answers: 5s}"
		if near := dialplan.Nearest(p.Does.Value, words[:]); near != "" {
			remedy = fmt.Sprintf("did you mean %q?", near)
		}
		r.doc.Fail(p.Does.At, path, fmt.Sprintf("%q is nothing that a phone does", p.Does.Value), remedy)
	case len(does) > 1:
		r.doc.Fail(p.Where(), path, "a phone does one thing only", "keep one of "+strings.Join(does, ", "))
	case len(does) == 0:
		r.doc.Fail(p.Where(), path, "it is not said what the phone does", "write rings, or {answers: 5s}")
	case p.HangsUp > 0 && p.act().name != "answers":
		r.doc.Fail(p.Where(), path+".hangs_up", "a phone that does not answer cannot hang up", "add answers: 5s, or remove hangs_up")
	case strings.Trim(p.Keys.Value, media.Keypad) != "":
		r.doc.Fail(p.Keys.At, path+".keys", fmt.Sprintf("%q are no keys of a phone", p.Keys.Value), `write some of 0 to 9, * and #, such as "1"`)
	case p.Keys.Value != "" && p.act().name != "answers":
		r.doc.Fail(p.Where(), path+".keys", "a phone that does not answer cannot press keys", "add answers: 5s, or remove keys")
	}
}

func (r reader) expect(e *Expect, path string) {
	if e.End != nil && e.End.Cause.Value != "" && dialplan.CauseOf(e.End.Cause.Value) == dialplan.CauseNone {
		var slugs []string
		for c := dialplan.CauseNormal; c <= dialplan.CauseInternal; c++ {
			slugs = append(slugs, c.String())
		}
		r.undefined(e.End.Cause, path+".end.cause", "cause", slugs)
	}
	for _, list := range []struct {
		name  string
		texts dialplan.Texts
	}{{"rang", e.Rang}, {"heard", e.Heard}} {
		for i, t := range list.texts {
			if _, err := parseMoment(t.Value); err != nil {
				r.doc.Fail(t.At, fmt.Sprintf("%s.%s[%d]", path, list.name, i), err.Error(), "write it like 101 after 5s for 20s")
			}
		}
	}
	r.calls(e.Outside, path+".outside")
	routes := e.Routes
	if e.Route.Value != "" {
		routes = append(routes[:len(routes):len(routes)], e.Route)
	}
	for _, t := range routes {
		emergency := r.Plan.Emergency(strings.TrimPrefix(t.Value, dialplan.EmergencyContext+"/"))
		if known := r.routes(); t.Value != refused && !emergency && !slices.Contains(known, t.Value) {
			r.undefined(t, path+".route", "route", r.names())
		}
	}
}

var callText = regexp.MustCompile(`^\S+(?: via (\S+)(?: from \S+)?)?$`)

// calls checks calls that trunks are expected to take.
func (r reader) calls(list dialplan.Texts, path string) {
	known := slices.Sorted(maps.Keys(r.Config.Trunks))
	for i, t := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		m := callText.FindStringSubmatch(t.Value)
		switch {
		case m == nil:
			r.doc.Fail(t.At, at, fmt.Sprintf("%q is no call over a trunk", t.Value), "write it like +49301112222 via provider from +4930123450")
		case m[1] != "" && !slices.Contains(known, m[1]):
			r.undefined(dialplan.Text{Value: m[1], At: t.At}, at, "trunk", known)
		}
	}
}

// refused stands for the route of a call that fits none.
const refused = "none"

// names are those of all routes of the file.
func (s *Suite) names() []string {
	var out []string
	for _, c := range s.Plan.Contexts() {
		for _, route := range s.Plan.Routes(c) {
			out = append(out, route.Name)
		}
	}
	return append(out, s.Plan.Numbers()...)
}

// routes are all names of routes, alone and with their context.
func (s *Suite) routes() []string {
	var out []string
	for _, c := range s.Plan.Contexts() {
		for _, route := range s.Plan.Routes(c) {
			out = append(out, route.Name, c+"/"+route.Name)
		}
	}
	for _, number := range s.Plan.Numbers() {
		out = append(out, number, dialplan.NumbersContext+"/"+number)
	}
	return out
}
