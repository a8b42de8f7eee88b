package dialplan

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
)

// Webhook tells a server of yours about the call, and goes on at once. The
// message is JSON, is signed, and is tried several times.
type Webhook struct {
	Placed
	// Name is one of webhooks.
	Name Text `yaml:"webhook" main:"true"`
	// Event is what the message is about; the default is call.
	Event Text `yaml:"event"`
	// With are values of your own to send.
	With Values `yaml:"with"`
}

// told are the variables that every message has.
var told = [...]string{
	"call_id", "from", "from_name", "extension", "dialled", "to", "context", "source", "outcome", "answered_by",
}

// String implements Step.
func (s *Webhook) String() string {
	return strings.TrimSpace("webhook " + s.Name.Value + " " + s.Event.Value)
}

// Run implements Step.
func (s *Webhook) Run(_ context.Context, r *Run) error {
	n := Notice{
		Webhook: s.Name.Value, Event: cmp.Or(r.expand(&s.Event), "call"), At: r.now(),
		Call: map[string]string{}, Values: map[string]string{},
	}
	for _, name := range told {
		n.Call[name] = r.lookup(name)
	}
	if r.route != nil {
		n.Call["route"] = r.route.Name
	}
	for i := range s.With {
		n.Values[s.With[i].Name] = r.expand(&s.With[i].Text)
	}
	return r.post(func(o Outbox) error { return o.Webhook(n) })
}

// post hands a message over. That it is lost is no reason to end the call.
func (r *Run) post(send func(Outbox) error) error {
	err := errors.New("nothing is sent from here")
	if r.Outbox != nil {
		err = send(r.Outbox)
	}
	how := "on its way"
	if err != nil {
		how = "lost: " + err.Error()
	}
	r.note(how)
	return nil
}

func (s *Webhook) check(c *checker) {
	c.text(&s.Event)
	for i := range s.With {
		c.text(&s.With[i].Text)
	}
	if s.Name.Value != "" && !slices.Contains(c.spec.Webhooks, s.Name.Value) {
		c.undefined(s.Name.At, "webhook", s.Name.Value, c.spec.Webhooks)
	}
}
