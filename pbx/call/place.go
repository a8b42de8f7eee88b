package call

import (
	"context"
	"strings"
	"time"

	"dialtone/dialplan"
)

// seated is a leg that was answered in another call, as a caller.
type seated struct{ Leg }

// Ring implements Inbound.
func (seated) Ring() {}

// Progress implements Inbound.
func (s seated) Progress(near Want) error { s.Near(near); return nil }

// Answer implements Inbound.
func (s seated) Answer(_ context.Context, near Want) error { s.Near(near); return nil }

// place is where a party is: in a call, that of a leg; without a leg, that of whoever
// rings or waits there.
type place struct {
	call *Call
	leg  string
}

// TakeOver starts a call for a caller who takes the place of a leg in another call (RFC
// 3891), or a call that rings; or it says why it does not.
func (s *Switchboard) TakeOver(leg Inbound, facts dialplan.Facts, t Taking) *dialplan.Ended {
	if !s.mayTake(facts.Extension, t.Of) {
		s.log.Warn("pick-up refused", "extension", facts.Extension, "of", t.Of, "source", facts.Source, "reason", errNotTheirs().Detail)
		return errNotTheirs()
	}
	s.mu.Lock()
	to := s.calls[t.Call]
	s.mu.Unlock()
	if t.Leg != "" {
		to = s.of(t.Leg)
	}
	if to == nil || t.Leg == "" && !s.Rings(t.Call, t.Of) {
		return errNoPlace()
	}
	if t.Resumes {
		return s.resume(leg, to, t.Leg)
	}
	if facts.CallID == "" {
		facts.CallID = newCallID()
	}
	c := newCall(s, leg, facts, nil)
	c.takes = &place{to, t.Leg}
	return s.admit(c)
}

// takeOver lets the caller take a place in another call, and gives why that is all of
// this one.
func (c *Call) takeOver(ctx context.Context, p place) error {
	if c.origin.awaited() { // its caller would not come back to who waits
		return errChanging()
	}
	if err := c.accept(ctx, c.caller.Far().Formats); err != nil {
		return err
	}
	leg := c.caller
	c.vacate()
	if err := p.call.request(context.WithoutCancel(ctx), &change{leg: p.leg, by: leg}); err != nil {
		c.seat(leg)
		c.mu.Lock()
		c.left = false
		c.mu.Unlock()
		return err
	}
	c.leaves(leg, p.call.id)
	return &dialplan.Ended{Cause: dialplan.CauseTransferred}
}

// seat puts a leg into the caller's place: the call ends with it.
func (c *Call) seat(leg Inbound) {
	c.caller = leg
	c.mu.Lock()
	c.callerID = leg.ID()
	c.mu.Unlock()
	c.unwatch = context.AfterFunc(leg.Context(), func() {
		if !c.origin.keeps(leg.ID()) {
			c.cancel(context.Cause(leg.Context()))
		}
	})
}

// vacate takes the caller out of the call, which does not end with it any more.
func (c *Call) vacate() {
	c.unwatch()
	c.caller.Media().SetSink(nil)
	c.mu.Lock()
	c.left = true
	c.mu.Unlock()
}

// replaceCaller puts a leg that was answered into the place of the caller, who is hung
// up. What the call may do from now on is what the new caller may.
func (c *Call) replaceCaller(by Leg) {
	p := c.joins(by, c.caller.ID())
	before := c.reseat(by)
	c.identify(p)
	c.newcomer()
	if c.origin.consults() {
		c.origin.passedOn = true
	}
	before.Hangup(&dialplan.Ended{Cause: dialplan.CauseTransferred})
}

// reseat puts a leg that was answered into the place of the caller.
func (c *Call) reseat(by Leg) (before Leg) {
	before = c.caller
	c.unwatch()
	before.Media().SetSink(nil)
	c.seat(seated{by})
	c.accepted, c.early = true, false
	c.keys, c.trailing = nil, trailing{}
	return before
}

// identify makes the facts of the call those of its new caller.
func (c *Call) identify(p *party) {
	info := p.leg.Info()
	extension := ""
	if info.Trunk == "" {
		extension = info.Party
	}
	c.board.recount(c, extension)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.touched()
	f := &c.facts
	f.From, f.FromName, f.Extension, f.Trunk = info.Party, "", extension, info.Trunk
	f.Anonymous, f.Verified, f.Headers, f.UserAgent = false, false, nil, info.UserAgent
	if extension != "" {
		own := c.board.config().Extensions[extension]
		f.FromName, f.Language = own.Name, own.Language
	}
	if c.walker != nil {
		c.walker.Facts = *f
	}
}

// joins notes a leg that takes the place of another one.
func (c *Call) joins(by Leg, place string) *party {
	p := &party{}
	p.record.Start, p.record.Replaces = time.Now(), place
	p.record.Answer = p.record.Start
	c.mu.Lock()
	c.legs = append(c.legs, p)
	c.mu.Unlock()
	p.attach(c, by)
	return p
}

// leaves notes that a leg goes on in another call, from where it may come back and leave
// again.
func (c *Call) leaves(leg Leg, to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.here(leg.ID()); p != nil {
		p.measure()
		p.end(&dialplan.Ended{Cause: dialplan.CauseTransferred, Detail: strings.TrimSpace("goes on in " + to)})
		p.record.MovedTo, p.moved = to, true
		c.touched()
	}
}
