package call

import (
	"context"
	"errors"
	"time"

	"dialtone/dialplan"
	"dialtone/pbx/voicemail"
)

// Join implements voicemail.Line: the caller of another call is the callee of this one.
func (c line) Join(ctx context.Context, other voicemail.Line) error {
	o, ok := other.(line)
	if !ok {
		return errors.New("the other one is no call of this exchange")
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(o.ctx, func() { stop(context.Cause(o.ctx)) })()
	leg := o.caller
	over := o.lend(leg, c.id)
	c.interrupted(nil) // who takes the caller's place now talks, and leaves no message
	p := c.party(leg, nil)
	c.mu.Lock()
	p.record.Parent, p.record.Trunk, p.record.Answer = c.caller.ID(), leg.Info().Trunk, time.Now()
	c.mu.Unlock()
	err := c.converse(ctx, leg, "", func() {})
	over(onBehalf(c.ended(err)))
	return err
}

// lend lets the caller go on in another call, while the goroutine of this one waits: changes
// find it in that one only. This one ends with over.
func (c line) lend(leg Leg, to string) (over func(*dialplan.Ended)) {
	if c.origin.awaited() { // its caller would not come back to who waits
		return func(*dialplan.Ended) {}
	}
	c.vacate()
	c.leaves(leg, to)
	return c.end
}
