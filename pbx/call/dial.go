package call

import (
	"context"
	"errors"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

// Dial implements dialplan.Session: it rings every phone of the extension, the
// first to answer wins, the others are told so.
func (c *Call) Dial(ctx context.Context, extension string, timeout time.Duration) error {
	release, err := c.board.reserve(extension)
	if err != nil {
		return err
	}
	defer release()
	contacts, err := c.board.dialer.Contacts(extension)
	if err != nil {
		return err
	}
	callee, err := c.fork(ctx, contacts, timeout)
	if err != nil {
		return err
	}
	return c.converse(ctx, callee)
}

// attempt is one contact being rung.
type attempt struct {
	contact Contact
	party   *party
}

// attemptEvent is news of an attempt: progress, or its end with a leg or an error.
type attemptEvent struct {
	*attempt
	progress *Progress
	leg      Leg
	err      error
}

// fork rings all contacts at once and returns the leg that answered first.
func (c *Call) fork(ctx context.Context, contacts []Contact, timeout time.Duration) (Leg, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	events := make(chan attemptEvent, len(contacts))
	inv := Invitation{
		CallID: c.id, From: c.facts.From, FromName: c.facts.FromName, To: c.facts.To,
		Near: nearFor(c.caller.Far()), MaxForwards: c.facts.MaxForwards, Secure: c.caller.Info().Secure,
	}
	for _, contact := range contacts {
		a := &attempt{contact: contact, party: c.party(nil, contact)}
		c.tasks.Go(func() { c.try(ctx, a, inv, events) })
	}
	f := &forking{call: c, pending: len(contacts), events: events}
	leg, err := f.wait(ctx, timeout)
	why := &dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere}
	if err != nil {
		why = c.ended(err)
	}
	f.closeEarly()
	cancel(why)
	c.tasks.Go(func() { f.drain(why) })
	return leg, err
}

func (c *Call) try(ctx context.Context, a *attempt, inv Invitation, events chan<- attemptEvent) {
	leg, err := c.board.dialer.Dial(ctx, a.contact, inv, func(p Progress) {
		select {
		case events <- attemptEvent{attempt: a, progress: &p}:
		case <-ctx.Done():
		}
	})
	events <- attemptEvent{attempt: a, leg: leg, err: err}
}

// forking is the course of one fork; only the call's goroutine uses it until
// drain takes over what is left.
type forking struct {
	call    *Call
	events  chan attemptEvent
	pending int             // attempts that have not ended
	rang    bool            // a phone rings; the caller knows unless it hears early
	early   *media.Bridged  // the caller hears a phone that has not answered
	heard   *attempt        // that phone
	worst   *dialplan.Ended // the refusal to report when nobody answers
}

func (f *forking) wait(ctx context.Context, timeout time.Duration) (Leg, error) {
	ring := time.NewTimer(timeout)
	defer ring.Stop()
	for f.pending > 0 {
		select {
		case ev := <-f.events:
			leg, err := f.take(ev)
			if leg != nil || err != nil {
				return leg, err
			}
		case <-ring.C:
			return nil, &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: "rang for " + timeout.String()}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, f.worst
}

// take handles one event: a leg when somebody answered, an error when the whole
// fork is over.
func (f *forking) take(ev attemptEvent) (Leg, error) {
	switch {
	case ev.progress != nil:
		f.progress(ev)
		return nil, nil
	case ev.err == nil:
		f.pending--
		ev.party.answered(f.call, ev.leg)
		return ev.leg, nil
	}
	f.pending--
	e := f.call.ended(ev.err)
	ev.party.ended(f.call, e)
	if f.worst == nil || rank(e) > rank(f.worst) {
		f.worst = refusal(e)
	}
	if e.Status >= 600 {
		return nil, f.worst // RFC 3261 §16.7 step 5: nobody else may answer
	}
	if ev.attempt == f.heard && f.pending > 0 {
		f.closeEarly()
		if f.rang {
			f.call.caller.Ring()
		}
	}
	return nil, nil
}

func (f *forking) progress(ev attemptEvent) {
	c, p := f.call, ev.progress
	ev.party.rang(c)
	if p.Early != nil && f.early == nil {
		if err := c.caller.Progress(nearFor(p.Far)); err != nil {
			c.log.Debug("early media not passed on", "error", err)
		} else if b, err := media.Bridge(c.caller.Media(), p.Early); err == nil {
			f.early, f.heard = b, ev.attempt
		}
	}
	if p.Status != 183 {
		if !f.rang && f.early == nil {
			c.caller.Ring()
		}
		f.rang = true
	}
	c.setState(Ringing)
}

func (f *forking) closeEarly() {
	if f.early != nil {
		f.early.Close()
		f.early, f.heard = nil, nil
	}
}

// drain takes what the attempts that lost still have to say: a phone that
// answered at the same moment is told why it was too late.
func (f *forking) drain(why *dialplan.Ended) {
	for f.pending > 0 {
		ev := <-f.events
		if ev.progress != nil {
			continue
		}
		f.pending--
		e := why
		if ev.leg != nil {
			ev.party.attach(f.call, ev.leg)
			ev.leg.Hangup(why)
		} else if !errors.As(ev.err, &e) {
			e = &dialplan.Ended{Cause: dialplan.CauseInternal, Detail: ev.err.Error()}
		}
		ev.party.ended(f.call, e)
	}
}

// rank orders refusals by what they tell the caller (RFC 3261 §16.7 step 6).
func rank(e *dialplan.Ended) int {
	switch {
	case e.Status >= 600:
		return 6
	case e.Cause == dialplan.CauseBusy, e.Cause == dialplan.CauseDoNotDisturb:
		return 5
	case e.Cause == dialplan.CauseNoCommonCodec:
		return 4
	case e.Cause == dialplan.CauseNoAnswer:
		return 3
	case e.Cause == dialplan.CauseUnreachable, e.Cause == dialplan.CauseGone:
		return 1
	}
	return 2
}

// refusal is what the caller is told when a phone refused with e: the phone's
// own status only when it speaks of the callee, never of how we reached it. With
// a 487 that nobody asked for, or a challenge to us, the caller has nothing to do.
func refusal(e *dialplan.Ended) *dialplan.Ended {
	r := *e
	switch e.Status {
	case 404, 410, 480, 484, 486, 488, 600, 603, 604, 606, 607, 608:
	default:
		r.Status = 0
	}
	if e.Cause == dialplan.CauseCancelled || e.Status == 401 || e.Status == 407 {
		r.Cause = dialplan.CauseRejected
	}
	return &r
}

// nearFor is what the other side of a bridge can be given, when this one is as
// far says: the same formats, and those that can be converted into one of them.
func nearFor(far Want) Want {
	near := Want{Direction: far.Direction}
	if len(far.Formats) == 0 {
		near.Direction = media.SendRecv
		return near
	}
	near.Formats = append(near.Formats, far.Formats...)
	for _, f := range far.Formats {
		for _, g := range [...]codec.Format{codec.PCMA, codec.PCMU} {
			if codec.Convertible(f, g) && !contains(near.Formats, g) {
				near.Formats = append(near.Formats, g)
			}
		}
	}
	return near
}

func contains(list []codec.Format, f codec.Format) bool {
	for _, g := range list {
		if f.Same(g) {
			return true
		}
	}
	return false
}
