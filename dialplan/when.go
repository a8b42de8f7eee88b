package dialplan

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dialtone/dialplan/pattern"
)

// condition is one key of when, compiled.
type condition struct {
	key  string
	text string // key and values as written, the same for equal conditions
	test func(*Run) (ok bool, why string)
}

// choice is one value of a list of which one must fit; negated, it must not.
type choice struct {
	text string
	not  bool
	fits func(*Run) bool
}

// oneOf is a condition over choices. actual is what they are compared with, for
// people.
func oneOf(key string, list []choice, actual func(*Run) string) condition {
	c := condition{key: key}
	var texts []string
	for _, x := range list {
		texts = append(texts, x.written())
	}
	c.text = key + ": " + strings.Join(texts, " or ")
	c.test = func(r *Run) (bool, string) {
		wanted, found := false, false
		for _, x := range list {
			fits := x.fits(r)
			if x.not && fits {
				return false, fmt.Sprintf("%s: %s, but it must be %s", key, actual(r), x.written())
			}
			wanted, found = wanted || !x.not, found || fits && !x.not
		}
		if wanted && !found {
			return false, fmt.Sprintf("%s: %s, but it must be %s", key, actual(r), strings.Join(texts, " or "))
		}
		return true, fmt.Sprintf("%s: %s", key, actual(r))
	}
	return c
}

func (x choice) written() string {
	if x.not {
		return notPrefix + x.text
	}
	return x.text
}

// choices makes one of each text; make gives nil for what is wrong.
func (c *checker) choices(list Texts, of func(text string, at Pos) func(*Run) bool) []choice {
	var out []choice
	for _, t := range list {
		text, not := negated(t.Value)
		at := t.At
		if not {
			at.Column += len(t.Value) - len(text)
		}
		if fits := of(text, at); fits != nil {
			out = append(out, choice{text, not, fits})
		}
	}
	return out
}

// conditions compiles when.
func (c *checker) conditions(w *When) []condition {
	var out []condition
	add := func(key string, list Texts, of func(string, Pos) func(*Run) bool, actual func(*Run) string) {
		if len(list) == 0 {
			return
		}
		c.in(key)
		defer c.out()
		choices := c.choices(list, of)
		if contradicts(choices) {
			c.fail(list[0].At, "this never holds: what it asks for it also refuses", "remove one of them")
		}
		out = append(out, oneOf(key, choices, actual))
	}
	c.in("when")
	defer c.out()
	add("time", w.Time, c.scheduled, func(r *Run) string { return r.whenOpen(w.Time) })
	add("extension", w.Extension, c.caller, func(r *Run) string { return "the caller is " + orNobody(r.Facts.Extension) })
	add("trunk", w.Trunk, c.trunk, func(r *Run) string { return "the call comes " + onTrunk(r.Facts.Trunk) })
	add("from", w.From, c.callerNumber, func(r *Run) string { return "the caller's number is " + said(r.Facts.From) })
	add("from_name", w.FromName, c.callerName, func(r *Run) string { return "the caller's name is " + quote(r.Facts.FromName) })
	if w.Anonymous != nil {
		out = append(out, anonymous(*w.Anonymous))
	}
	if w.Verified != nil {
		out = append(out, verified(*w.Verified))
	}
	add("country", w.Country, c.callerCountry, func(r *Run) string { return "the caller is from " + orUnknown(r.fromCountry()) })
	add("network", w.Network, c.network, func(r *Run) string { return "the call comes from " + orUnknown(r.source()) })
	add("list", w.List, c.listed, func(r *Run) string { return r.whichLists(w.List) })
	add("busy", w.Busy, c.busy, func(r *Run) string { return states(w.Busy, r.Phones.Busy, "in a call") })
	add("registered", w.Registered, c.registered, func(r *Run) string { return states(w.Registered, r.Phones.Registered, "registered") })
	for _, name := range keys(w.Header) {
		c.headerKnown(name, w)
		add("header."+name, w.Header[name], c.headerValue(name), func(r *Run) string { return "it is " + quote(r.Facts.Headers[name]) })
	}
	for _, name := range keys(w.Var) {
		c.in("var")
		c.variable(name, firstAt(w.Var[name], w.Where()))
		c.out()
		add("var."+name, w.Var[name], equals(name), func(r *Run) string { return "it is " + quote(r.lookup(name)) })
	}
	if w.If.Value != "" {
		out = append(out, c.ifCondition(w.If))
	}
	if wants(w.Extension) && wants(w.Trunk) {
		c.fail(w.Trunk[0].At, "this never holds: a call on a trunk is not one of an extension", "remove trunk or extension")
	}
	if wants(w.Extension) && w.Verified != nil && !*w.Verified {
		c.fail(w.Extension[0].At, "this never holds: an extension that calls is verified", "remove extension or verified")
	}
	return out
}

// contradicts reports whether each value that is wanted is refused as well.
func contradicts(list []choice) bool {
	wanted := false
	for _, x := range list {
		if x.not {
			continue
		}
		wanted = true
		if !slices.ContainsFunc(list, func(y choice) bool { return y.not && y.text == x.text }) {
			return false
		}
	}
	return wanted
}

// wants reports whether a value of a list is wanted, not refused.
func wants(list Texts) bool {
	return slices.ContainsFunc(list, func(t Text) bool { _, not := negated(t.Value); return !not })
}

func firstAt(list Texts, otherwise Pos) Pos {
	if len(list) > 0 {
		return list[0].At
	}
	return otherwise
}

func orNobody(s string) string {
	if s == "" {
		return "no extension of ours"
	}
	return s
}

func orUnknown(s string) string {
	if s == "" {
		return "nowhere known"
	}
	return s
}

// states says how each extension of a list is.
func states(list Texts, is func(string) bool, what string) string {
	var parts []string
	for _, t := range list {
		name, _ := negated(t.Value)
		if is(name) {
			parts = append(parts, name+" is "+what)
		} else {
			parts = append(parts, name+" is not "+what)
		}
	}
	return strings.Join(parts, ", ")
}

func (c *checker) scheduled(name string, at Pos) func(*Run) bool {
	if c.spec.Schedules[name] == nil {
		c.undefined(at, "schedule", name, keys(c.spec.Schedules))
		return nil
	}
	c.usedSchedules[name] = true
	return func(r *Run) bool { return r.open(name) }
}

// whenOpen says of each schedule whether it is open and why.
func (r *Run) whenOpen(list Texts) string {
	var parts []string
	for _, t := range list {
		name, _ := negated(t.Value)
		s := r.plan.schedules[name]
		if s == nil {
			continue
		}
		open, why := s.Open(r.now())
		state := " is closed"
		if open {
			state = " is open"
		}
		if why != "" {
			state += " (" + why + ")"
		}
		parts = append(parts, name+state)
	}
	return strings.Join(parts, ", ")
}

func (c *checker) caller(name string, at Pos) func(*Run) bool {
	if g := c.spec.Groups[name]; g != nil {
		c.usedGroups[name] = true
		return func(r *Run) bool {
			for _, m := range g.Members {
				if m.Extension.Value == r.Facts.Extension {
					return true
				}
			}
			return false
		}
	}
	if !c.plan.extensions[name] {
		c.undefined(at, "extension or group", name, c.callees())
		return nil
	}
	return func(r *Run) bool { return r.Facts.Extension == name }
}

// anyTrunk stands for every trunk.
const anyTrunk = "any"

func (c *checker) trunk(name string, at Pos) func(*Run) bool {
	switch {
	case name == anyTrunk:
		return func(r *Run) bool { return r.Facts.Trunk != "" }
	case !slices.Contains(c.spec.Trunks, name):
		c.undefined(at, "trunk", name, append(slices.Clone(c.spec.Trunks), anyTrunk))
		return nil
	}
	return func(r *Run) bool { return r.Facts.Trunk == name }
}

func onTrunk(name string) string {
	if name == "" {
		return "on no trunk"
	}
	return "on trunk " + name
}

// number parses a pattern and says what is wrong with it.
func (c *checker) number(text string, at Pos) (pattern.Pattern, bool) {
	p, err := pattern.Parse(text)
	if err == nil {
		return p, true
	}
	reason, remedy := err.Error(), ""
	var e *pattern.Error
	if errors.As(err, &e) {
		at.Column += e.Column - 1
		reason, remedy = quote(text)+" is no pattern: "+e.Reason, e.Remedy
	}
	c.fail(at, reason, remedy)
	return p, false
}

func (c *checker) callerNumber(text string, at Pos) func(*Run) bool {
	p, ok := c.number(text, at)
	if !ok {
		return nil
	}
	return func(r *Run) bool { _, fits := p.Match(r.Facts.From); return fits }
}

func (c *checker) callerName(text string, _ Pos) func(*Run) bool {
	text = strings.ToLower(text)
	return func(r *Run) bool { return strings.Contains(strings.ToLower(r.Facts.FromName), text) }
}

func anonymous(want bool) condition {
	return condition{
		key: "anonymous", text: fmt.Sprint("anonymous: ", want),
		test: func(r *Run) (bool, string) {
			if r.Facts.Anonymous {
				return want, "anonymous: the caller hides the number"
			}
			return !want, "anonymous: the caller does not hide the number"
		},
	}
}

func verified(want bool) condition {
	return condition{
		key: "verified", text: fmt.Sprint("verified: ", want),
		test: func(r *Run) (bool, string) {
			why := "nobody vouches for the caller's number"
			switch {
			case r.Facts.Extension != "":
				why = "the caller proved to be extension " + r.Facts.Extension
			case r.verified():
				why = "trunk " + r.Facts.Trunk + " vouches for the caller's number"
			case r.Facts.Trunk != "":
				why = "trunk " + r.Facts.Trunk + " does not vouch for the caller's number"
			}
			return r.verified() == want, "verified: " + why
		},
	}
}

// verified reports whether the caller has the number that it shows.
func (r *Run) verified() bool {
	return r.Facts.Extension != "" || r.Facts.Trunk != "" && r.Facts.Verified
}

func (c *checker) callerCountry(text string, at Pos) func(*Run) bool {
	if !isCountry(text) {
		c.fail(at, quote(text)+" is not a country", "write two capital letters, like DE")
		return nil
	}
	return func(r *Run) bool { return r.fromCountry() == text }
}

// isCountry reports whether s is written like an ISO 3166 code.
func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func (c *checker) network(text string, at Pos) func(*Run) bool {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil {
			c.fail(at, quote(text)+" is not a network", "write one like 192.168.2.0/24, or one address")
			return nil
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	return func(r *Run) bool { return p.Contains(r.Facts.Source.Addr().Unmap()) }
}

func (c *checker) busy(name string, at Pos) func(*Run) bool {
	c.extension(Text{Value: name, At: at})
	return func(r *Run) bool { return r.Phones.Busy(name) }
}

func (c *checker) registered(name string, at Pos) func(*Run) bool {
	c.extension(Text{Value: name, At: at})
	return func(r *Run) bool { return r.Phones.Registered(name) }
}

// headerKnown refuses headers that site.headers does not name.
func (c *checker) headerKnown(name string, w *When) {
	if c.headers[name] {
		return
	}
	c.in("header")
	defer c.out()
	remedy := "write site: {headers: [" + name + "]}"
	if near := Nearest(name, c.spec.Site.Headers); near != "" {
		remedy = fmt.Sprintf("did you mean %q? Else ", near) + remedy
	}
	c.fail(firstAt(w.Header[name], w.Where()), "site.headers does not name the header "+name, remedy)
}

func (c *checker) headerValue(name string) func(string, Pos) func(*Run) bool {
	return func(text string, _ Pos) func(*Run) bool {
		return func(r *Run) bool { return strings.EqualFold(strings.TrimSpace(r.Facts.Headers[name]), text) }
	}
}

func equals(name string) func(string, Pos) func(*Run) bool {
	return func(text string, _ Pos) func(*Run) bool {
		return func(r *Run) bool { return r.lookup(name) == text }
	}
}

func (c *checker) ifCondition(t Text) condition {
	test := c.condition(t, "if")
	return condition{
		key: "if", text: "if: " + strings.Join(strings.Fields(t.Value), " "),
		test: func(r *Run) (bool, string) {
			yes, err := test.holds(r)
			switch {
			case err != nil:
				return false, "if: " + t.Value + " cannot be worked out: " + err.Error()
			case yes:
				return true, "if: " + t.Value + " is true"
			}
			return false, "if: " + t.Value + " is false"
		},
	}
}
