package call

import (
	"cmp"
	"fmt"
	"sync"

	"dialtone/dialplan"
)

// What the attribute event says in the log of what an operator must learn of.
const (
	EventEmergency       = "emergency-call"
	EventEmergencyFailed = "emergency-failed"
)

// payer is the extension on whose permission o is called; "" is nobody.
func (c *Call) payer(o *dialplan.Outside) string {
	return cmp.Or(o.As, c.facts.Extension)
}

// reachOutside asks the guard and finds the way to a number outside.
func (f *forking) reachOutside(t *rung) ([]Contact, error) {
	c, o := f.call, *t.Outside
	if n := c.facts.Forwards; n >= maxDiversions && c.facts.Extension == "" {
		return nil, &dialplan.Ended{Cause: dialplan.CauseLoop, Detail: fmt.Sprintf("%s: the call came here forwarded %d times, no more", o.Number, n)}
	}
	o.As = c.payer(t.Outside)
	if o.Emergency {
		c.log.Warn("emergency call", "number", o.Number, "from", c.facts.From, "source", c.facts.Source, "event", EventEmergency)
	}
	toll := Toll{CallID: c.id, Caller: c.facts.Extension, Extension: o.As, From: c.facts.From, Outside: o}
	permit, err := c.board.permit(toll)
	if err != nil {
		return nil, err
	}
	t.release = sync.OnceFunc(permit.Release)
	redirected := func(number string) (emergency bool, err error) {
		to := toll
		to.Number = number
		to.Emergency = o.Emergency && (number == o.Number || c.board.plan().Emergency(number))
		return to.Emergency, permit.Move(to)
	}
	out := Outgoing{Outside: o, Forwards: c.facts.Forwards, Diversions: t.way, Anonymous: c.facts.Anonymous, Redirected: redirected}
	if o.CallerID == dialplan.AnonymousNumber {
		out.Anonymous, out.CallerID = true, ""
	}
	if c.facts.Extension == "" {
		out.Diverted = c.facts.To
	}
	contact, err := c.board.dialer.Outside(out)
	if err != nil {
		return nil, err
	}
	return []Contact{contact}, nil
}

// permit asks the guard. Without one there is no call to the outside but that of an
// extension in an emergency.
func (s *Switchboard) permit(t Toll) (Permit, error) {
	if s.guard != nil {
		return s.guard.Permit(t)
	}
	p := unguarded{}
	if err := p.Move(t); err != nil {
		return nil, err
	}
	return p, nil
}

// unguarded is the permit of a switchboard without a guard.
type unguarded struct{}

// Move implements Permit.
func (unguarded) Move(t Toll) error {
	if t.Emergency && t.Caller != "" {
		return nil
	}
	return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "no calls to the outside are allowed here"}
}

// Release implements Permit.
func (unguarded) Release() {}

// lost tells the operator that an emergency call reached nobody. A caller who hung
// up needs no help of theirs.
func (f *forking) lost(e *dialplan.Ended) {
	c := f.call
	for _, t := range f.started {
		if t.Outside != nil && t.Outside.Emergency && c.ctx.Err() == nil {
			c.log.Error("emergency call reached nobody", "number", t.Outside.Number, "from", c.facts.From, "tried", t.Outside.Via,
				"error", e, "event", EventEmergencyFailed)
			return
		}
	}
}
