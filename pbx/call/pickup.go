package call

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"dialtone/dialplan"
)

// taker is the extension that the caller has proved to be, and that takes calls; "" is
// somebody outside, or no person.
func (c *Call) taker() string {
	info := c.caller.Info()
	if _, ours := c.board.config().Extensions[info.Party]; !ours || info.Trunk != "" {
		return ""
	}
	return info.Party
}

// Pickup implements dialplan.Session.
func (c *Call) Pickup(ctx context.Context, of []string) (what string, err error) {
	by := c.taker()
	theirs := func(extension string) bool {
		return (len(of) == 0 || slices.Contains(of, extension)) && c.board.mayTake(by, extension)
	}
	if by == "" || len(of) > 0 && !slices.ContainsFunc(of, theirs) {
		c.log.Warn("pick-up refused", "extension", by, "of", of, "source", c.facts.Source, "reason", errNotTheirs().Detail)
		return "", errNotTheirs()
	}
	for _, r := range c.board.ringing(c, by, theirs) {
		if taken, err := c.joinOther(ctx, r.call); taken || ctx.Err() != nil {
			return "the call of " + r.from + " that rings at " + r.at, err
		}
	}
	return "", &dialplan.Ended{Cause: dialplan.CauseNoCall, Status: statusNobody, Detail: "no call rings there"}
}

// statusNobody refuses a caller who wanted to take a call that is not there: 481 would
// be of its own.
const statusNobody = 480

// joinOther lets the caller take a call that rings or waits. When it has not, err is why;
// then the caller is still ours.
func (c *Call) joinOther(ctx context.Context, other *Call) (taken bool, err error) {
	err = c.takeOver(ctx, place{call: other})
	var e *dialplan.Ended
	return errors.As(err, &e) && e.Cause == dialplan.CauseTransferred, err
}

// ringingCall is a call that somebody may take.
type ringingCall struct {
	call     *Call
	from, at string
	since    time.Time
}

// ringing are the calls that ring at extensions that fit, the one that rings for longest
// first, but for c and those of an extension's own.
func (s *Switchboard) ringing(c *Call, by string, fits func(extension string) bool) (list []ringingCall) {
	s.mu.Lock()
	var calls []*Call
	for _, other := range s.calls {
		if other != c && other.counts != by {
			calls = append(calls, other)
		}
	}
	s.mu.Unlock()
	for _, other := range calls {
		if r, rings := other.rings(fits); rings {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b ringingCall) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.call.id, b.call.id))
	})
	return list
}

// rings says where the call rings, of the extensions that fit.
func (c *Call) rings(fits func(extension string) bool) (r ringingCall, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.legs[1:] {
		if p.leg == nil && p.record.End.IsZero() && !p.outside && !p.paged && fits(p.record.Party) {
			return ringingCall{call: c, from: c.facts.From, at: p.record.Party, since: p.record.Start}, true
		}
	}
	return r, false
}
