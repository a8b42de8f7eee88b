package dialplan

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// targets are whom a name or number of the step stands for.
func (s *Dial) targets(name string, r *Run) ([]Target, error) {
	switch {
	case s.emergency:
		return r.emergencyTarget(name), nil
	case len(s.Via) == 0:
		return r.plan.members(name, r)
	}
	return s.outside(name, r)
}

func (r *Run) emergencyTarget(number string) []Target {
	return []Target{{Outside: &Outside{Number: number, Via: slices.Clone(r.plan.lines.emergency), Emergency: true}}}
}

// outside is a number outside, at the cost of the caller or of who is named.
func (s *Dial) outside(dialled string, r *Run) ([]Target, error) {
	dialled = strings.TrimSpace(dialled)
	if !dialable.MatchString(dialled) {
		return nil, &Ended{Cause: CauseNotFound, Detail: quote(dialled) + " is no number that a trunk could call"}
	}
	if r.Facts.Extension != "" && r.plan.Emergency(dialled) {
		return r.emergencyTarget(r.plan.dialled(dialled)), nil
	}
	o := &Outside{Number: dialled, Via: values(s.Via), As: r.expand(&s.As), CallerID: r.expand(&s.CallerID)}
	switch {
	case s.As.Value != "" && !r.plan.extensions[o.As]:
		return nil, &Ended{Cause: CauseForbidden, Detail: "as names " + quote(o.As) + ", which is no extension, so nobody pays for " + dialled}
	case o.As == "" && r.Facts.Extension == "":
		return nil, &Ended{Cause: CauseForbidden, Detail: "a caller from outside may call " + dialled + " only where the step says as, and it does not"}
	}
	if o.CallerID != "" {
		o.CallerID = cmp.Or(r.plan.E164(o.CallerID), o.CallerID)
	}
	return []Target{{Outside: o}}, nil
}

// dialable is what a trunk can be asked for; letters are for other exchanges.
var dialable = regexp.MustCompile(`^[+0-9A-Za-z*#][0-9A-Za-z*#()./ _-]{0,39}$`)

var (
	looksOutside = regexp.MustCompile(`^(\+|0)[0-9 ()./-]{3,}$|^[0-9 ()./-]{7,}$`)
	someNumber   = regexp.MustCompile(`^[+0-9*#][0-9*#()./ -]{0,39}$`)
	fullNumber   = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
)

// checkTarget checks one of those that the step calls.
func (s *Dial) checkTarget(c *checker, t Text) {
	switch {
	case c.uri(t, s.Via), t.parts != nil, t.Value == "":
	case len(s.Via) == 0 && !c.plan.extensions[t.Value] && c.spec.Groups[t.Value] == nil && looksOutside.MatchString(t.Value):
		remedy := "write via: and the trunk over which it is to be called; there is none yet, see trunks"
		if trunks := c.spec.Trunks; len(trunks) > 0 {
			remedy = "write via: " + trunks[0] + " beside it, for a number outside"
		}
		c.fail(t.At, quote(t.Value)+" is neither an extension nor a group", remedy)
	case len(s.Via) == 0:
		c.callee(t)
	case s.names(c) && dialable.MatchString(t.Value):
	case s.names(c):
		c.fail(t.At, quote(t.Value)+" is no name that a trunk could call", "write the user of the URI alone, such as sales: letters, digits and ._-/*#()")
	case !someNumber.MatchString(t.Value):
		remedy := "write a number, such as +4930123456, or internal: true at the trunk, if names are called there"
		if c.plan.extensions[t.Value] || c.spec.Groups[t.Value] != nil {
			remedy = "remove via, or write a number"
		}
		c.fail(t.At, quote(t.Value)+" is no number that a trunk could call", remedy)
	}
}

// names reports whether all trunks of the step lead to exchanges where people are
// called by names, too.
func (s *Dial) names(c *checker) bool {
	return !slices.ContainsFunc(s.Via, func(t Text) bool { return !c.spec.Entries[t.Value].Internal })
}

// checkOutside checks what has to do with trunks.
func (s *Dial) checkOutside(c *checker) {
	c.text(&s.As)
	c.text(&s.CallerID)
	s.checkVia(c)
	if len(s.Via) == 0 {
		return
	}
	if s.As.Value != "" && s.As.parts == nil {
		c.extension(s.As)
	}
	if no := s.On.NotRegistered; len(no) > 0 {
		c.fail(no[0].Where(), "the branch not-registered is never taken: numbers outside do not register here", "write failed: instead, or remove it")
	}
	if id := s.CallerID; id.Value != "" && id.parts == nil && id.Value != AnonymousNumber && !fullNumber.MatchString(id.Value) {
		c.fail(id.At, quote(id.Value)+" is not a number of the public network", "write it with + and its country code, like +4930123456, or anonymous to hide it")
	}
}

// checkVia checks the trunks, and that nothing stands there for want of them.
func (s *Dial) checkVia(c *checker) {
	seen := map[string]bool{}
	for _, t := range s.Via {
		switch {
		case !slices.Contains(c.spec.Trunks, t.Value):
			c.undefined(t.At, "trunk", t.Value, c.spec.Trunks)
		case seen[t.Value]:
			c.fail(t.At, quote(t.Value)+" is given twice", "keep one of them")
		}
		seen[t.Value] = true
	}
	for _, k := range [...]struct {
		key  string
		text Text
	}{{"as", s.As}, {"caller_id", s.CallerID}} {
		if len(s.Via) == 0 && k.text.Value != "" {
			c.fail(k.text.At, k.key+" has no effect without via", "write via: and a trunk, or remove it")
		}
	}
}

// shown warns of a number that callees see and cannot call back.
func (s *Dial) shown(c *checker) {
	id := s.CallerID
	if id.parts != nil || !fullNumber.MatchString(id.Value) {
		return
	}
	_, reached := c.spec.Numbers[id.Value]
	for _, in := range c.plan.lines.entries {
		reached = reached || c.plan.Takes(in.context, id.Value)
	}
	if !reached {
		c.add(Finding{
			At: id.At, Path: s.path, Reason: id.Value + " is shown to who is called, but a call to it reaches nobody",
			Remedy: "add it to numbers, or show another", Warning: true,
		})
	}
}
