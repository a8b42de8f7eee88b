package dialplan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MessageRouteSpec says what becomes of messages in writing. The first route that fits and
// says deliver or refuse decides.
type MessageRouteSpec struct {
	Placed
	// To is the number that the message is sent to: patterns like those of routes, one of
	// which must fit. Without it, every number fits.
	To Texts `yaml:"to"`
	// From is the extension that sends it, as patterns. Without it, everybody fits.
	From Texts `yaml:"from"`
	// Deliver are the extensions and groups that get it, instead of the number that it is
	// sent to.
	Deliver Texts `yaml:"deliver"`
	// Refuse is why nobody gets it (403).
	Refuse Text `yaml:"refuse"`
	// Webhook is one of webhooks, which is told of it, and then the next routes are looked
	// at. A message that nobody else gets is taken all the same.
	Webhook Text `yaml:"webhook"`
}

// String says in short what the route is.
func (s *MessageRouteSpec) String() string {
	var parts []string
	for _, p := range []struct {
		key  string
		list Texts
	}{{"from", s.From}, {"to", s.To}, {"webhook", Texts{s.Webhook}}, {"deliver", s.Deliver}, {"refuse", Texts{s.Refuse}}} {
		var values []string
		for _, t := range p.list {
			if t.Value != "" {
				values = append(values, t.Value)
			}
		}
		if len(values) > 0 {
			parts = append(parts, p.key+" "+strings.Join(values, " or "))
		}
	}
	return strings.Join(parts, " ")
}

// messageRoute is a route compiled.
type messageRoute struct {
	spec     *MessageRouteSpec
	to, from numbers
}

// messageRoutes compiles the routes of messages.
func (c *checker) messageRoutes() {
	c.in("messages")
	c.in("routes")
	defer c.out()
	defer c.out()
	for i, s := range c.spec.Messages {
		c.in("[" + strconv.Itoa(i) + "]")
		c.plan.messages = append(c.plan.messages, messageRoute{s, c.messageNumbers("to", s.To), c.messageNumbers("from", s.From)})
		for j, t := range s.Deliver {
			c.in(fmt.Sprintf("deliver.[%d]", j))
			c.callee(t)
			c.out()
		}
		if name := s.Webhook.Value; name != "" && !slices.Contains(c.spec.Webhooks, name) {
			c.in("webhook")
			c.undefined(s.Webhook.At, "webhook", name, c.spec.Webhooks)
			c.out()
		}
		switch {
		case len(s.Deliver) > 0 && s.Refuse.Value != "":
			c.in("refuse")
			c.fail(s.Refuse.At, "a message cannot be delivered and refused", "remove deliver or refuse")
			c.out()
		case len(s.Deliver) == 0 && s.Refuse.Value == "" && s.Webhook.Value == "":
			c.fail(s.Where(), "the route says nothing of what becomes of the message", "write deliver, refuse or webhook")
		}
		c.out()
	}
}

func (c *checker) messageNumbers(key string, list Texts) numbers {
	c.in(key)
	defer c.out()
	return c.numbers(list)
}

// MessageDecision is what becomes of a message in writing.
type MessageDecision struct {
	Deliver  []string // extensions, each once
	Webhooks []string // that are told of it
	Refuse   string   // why nobody gets it; "" is that it is not refused
	// Routes are those that fitted, in order; the last has decided if it says deliver or
	// refuse, else the number did.
	Routes []*MessageRouteSpec
}

// Nobody reports whether there is nobody for the message, and no reason either: the number
// is none of ours.
func (d *MessageDecision) Nobody() bool {
	return len(d.Deliver) == 0 && len(d.Webhooks) == 0 && d.Refuse == ""
}

// Message decides what becomes of a message that an extension sends to a number.
func (p *Plan) Message(from, to string) (d MessageDecision) {
	for i := range p.messages {
		r := &p.messages[i]
		if !r.to.fits(to) || !r.from.fits(from) {
			continue
		}
		d.Routes = append(d.Routes, r.spec)
		if name := r.spec.Webhook.Value; name != "" && !slices.Contains(d.Webhooks, name) {
			d.Webhooks = append(d.Webhooks, name)
		}
		if reason := r.spec.Refuse.Value; reason != "" {
			return MessageDecision{Refuse: reason, Webhooks: d.Webhooks, Routes: d.Routes}
		}
		if len(r.spec.Deliver) > 0 {
			for _, t := range r.spec.Deliver {
				d.add(p.reached(t.Value))
			}
			d.spare(from)
			return d
		}
	}
	if n, ours := p.lines.numbers[p.numbering.e164(to)]; ours && !p.extensions[to] && p.groups[to] == nil {
		to = n.To
	}
	d.add(p.reached(to))
	d.spare(from)
	return d
}

// reached are the extensions behind a number: it itself, or the members of a group.
func (p *Plan) reached(number string) []string {
	if p.extensions[number] {
		return []string{number}
	}
	var out []string
	if g := p.groups[number]; g != nil {
		for _, m := range g.Members {
			if p.extensions[m.Extension.Value] {
				out = append(out, m.Extension.Value)
			}
		}
	}
	return out
}

// add adds those who are not there yet.
func (d *MessageDecision) add(list []string) {
	for _, e := range list {
		if !slices.Contains(d.Deliver, e) {
			d.Deliver = append(d.Deliver, e)
		}
	}
}

// spare leaves out who has written it, unless there is nobody else.
func (d *MessageDecision) spare(from string) {
	if len(d.Deliver) > 1 {
		d.Deliver = slices.DeleteFunc(d.Deliver, func(e string) bool { return e == from })
	}
}
