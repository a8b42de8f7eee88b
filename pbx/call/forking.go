package call

import (
	"cmp"
	"context"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
)

// forking is the course of one dial; only the call's goroutine uses it until
// drain takes over what is left.
type forking struct {
	call    *Call
	ctx     context.Context //nolint:containedctx // it ends when the dial does
	cancel  context.CancelCauseFunc
	inv     Invitation
	timeout time.Duration
	end     time.Time         // of the ringing, zero once it is over
	confirm *dialplan.Playing // not nil when who answers is asked first
	hidden  bool              // the caller's number
	start   time.Time
	mailbox *dialplan.ForwardedError // where the call is forwarded to, and this is over
	single  bool                     // one extension or number only
	waiting []*rung                  // not begun, the next first
	started []*rung
	events  chan attemptEvent
	pending int            // attempts that have not ended
	asked   int            // of them, those that answered and are asked whether they take the call
	rang    bool           // a phone rings; the caller knows unless it hears early
	music   string         // what the caller hears instead of a ringing tone
	waiter  waiting        // what the caller hears from us
	early   *media.Bridged // the caller hears a phone that has not answered
	seen    *media.Screening
	heard   *attempt        // that phone
	worst   *dialplan.Ended // the refusal to report when nobody answers
}

// wait begins what is due and takes events until somebody takes the call, whose leg
// and rung it gives, or nobody will.
func (f *forking) wait() (Leg, *rung, error) {
	f.end = f.start.Add(f.timeout)
	clock := time.NewTimer(f.timeout)
	defer clock.Stop()
	for {
		f.beginDue()
		if err := f.nobody(); err != nil {
			return nil, nil, err
		}
		clock.Stop()
		if at := f.nextDue(); !at.IsZero() {
			clock.Reset(time.Until(at))
		}
		select {
		case ev := <-f.events:
			leg, err := f.take(ev)
			switch {
			case leg != nil:
				return leg, ev.of, nil
			case err != nil:
				return nil, nil, err
			}
		case ch := <-f.call.changes:
			if leg, won := f.change(ch); leg != nil {
				return leg, won, nil
			}
		case <-f.call.caller.Changed():
			f.call.touched()
		case <-clock.C:
			if err := f.endDue(); err != nil {
				return nil, nil, err
			}
		case <-f.ctx.Done():
			return nil, nil, context.Cause(f.ctx)
		}
	}
}

// beginDue begins the extensions whose time has come, and the next one when no
// other rings.
func (f *forking) beginDue() {
	for len(f.waiting) > 0 && (f.pending == 0 || time.Since(f.start) >= f.waiting[0].After) {
		t := f.waiting[0]
		f.waiting = f.waiting[1:]
		f.begin(t)
	}
}

// nextDue is when something begins or ends next, zero for nothing.
func (f *forking) nextDue() time.Time {
	next := f.end
	earlier := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if len(f.waiting) > 0 {
		earlier(f.start.Add(f.waiting[0].After))
	}
	for _, t := range f.started {
		earlier(t.end)
	}
	return next
}

// endDue ends what has rung for its time; the end of the whole comes before that of an
// extension in the same moment. It gives why nobody will take the call, if so.
func (f *forking) endDue() error {
	now := time.Now()
	due := func(at time.Time) bool { return !at.IsZero() && !now.Before(at) }
	if due(f.end) && !f.late() {
		if f.asked == 0 {
			return f.timedOut()
		}
		f.end = time.Time{}
		f.stopRinging(f.timedOut())
	}
	for _, t := range f.started {
		if due(t.end) {
			t.end = time.Time{}
			t.stop(&dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: t.name() + " rang for " + t.For.String()})
		}
	}
	return nil
}

// nobody is why nobody will take the call, nil while somebody may.
func (f *forking) nobody() error {
	switch {
	case f.mailbox != nil:
		return f.mailbox
	case f.pending == 0 && len(f.waiting) == 0:
		return cmp.Or(f.worst, &dialplan.Ended{Cause: dialplan.CauseNoAnswer})
	}
	return nil
}

func (f *forking) timedOut() error {
	return &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: "rang for " + f.timeout.String()}
}

// take handles one event: a leg when somebody took the call, an error when the whole
// fork is over.
func (f *forking) take(ev attemptEvent) (Leg, error) {
	switch {
	case ev.progress != nil:
		f.progress(ev)
		return nil, nil
	case ev.err == nil && ev.of.confirm != nil && !ev.asked:
		f.ask(ev)
		return nil, nil
	case ev.err == nil:
		f.pending--
		if !ev.asked {
			ev.party.answered(f.call, ev.leg)
		}
		return ev.leg, nil
	case ev.asked:
		f.asked--
	}
	return nil, f.lose(ev)
}

// lose notes that an attempt has failed, and gives why the whole fork is over, if it is.
func (f *forking) lose(ev attemptEvent) error {
	f.pending--
	if ev.of.pending--; ev.of.pending == 0 {
		ev.of.release()
	}
	e := f.call.ended(ev.err)
	ev.party.ended(f.call, e)
	if t := ev.of; t.worst == nil || rank(e) > rank(t.worst) {
		t.worst = e
	}
	if e.Status >= 600 {
		if f.single && !ev.of.own.Busy.On {
			f.refused(e)
			return f.worst // RFC 3261 §16.7 step 5: nobody else may answer
		}
		ev.of.stop(e) // no other phone of this extension
	}
	if ev.of.pending == 0 {
		f.fails(ev.of, ev.of.worst)
	}
	if ev.attempt == f.heard && f.pending+len(f.waiting) > 0 {
		f.fallSilent()
	}
	return nil
}

// fallSilent ends the early media that the caller hears: it hears the others ring.
func (f *forking) fallSilent() {
	f.closeEarly()
	if f.rang {
		f.comfort()
	}
}

// refused keeps the refusal that says most.
func (f *forking) refused(e *dialplan.Ended) {
	if f.worst == nil || rank(e) > rank(f.worst) {
		f.worst = refusal(e)
	}
}

func (f *forking) progress(ev attemptEvent) {
	c, p := f.call, ev.progress
	if p.Over {
		if ev.attempt == f.heard {
			f.fallSilent()
		}
		return
	}
	ev.party.rang(c)
	c.origin.rings()
	if p.Early != nil && f.early == nil && f.music == "" {
		f.waiter.hush()
		if err := c.progress(nearFor(p.Far)); err != nil {
			c.log.Debug("early media not passed on", "error", err)
			if f.rang {
				f.comfort()
			}
		} else if b, err := media.Bridge(c.caller.Media(), p.Early); err == nil {
			f.early, f.heard = b, ev.attempt
			f.seen = media.Screen(nil, c.caller.Media(), p.Early)
		}
	}
	if p.Status != 183 {
		if !f.rang && f.early == nil {
			f.comfort()
		}
		f.rang = true
	}
	if !c.accepted {
		c.setState(Ringing)
	}
}

// change makes a change while it rings: another leg takes the caller's place, or the
// call.
func (f *forking) change(ch *change) (Leg, *rung) {
	c := f.call
	switch {
	case ch.by == nil || ch.leg != "" && ch.leg != c.caller.ID():
		ch.refuse(errNoPlace())
	case !ch.take():
	case ch.leg == "":
		c.joins(ch.by, "")
		ch.done <- nil
		return ch.by, &rung{Target: dialplan.Target{Extension: ch.by.Info().Party}, release: c.board.occupy(ch.by)}
	default:
		heard := f.early != nil
		f.closeEarly()
		f.waiter.hush()
		c.succeed(ch)
		f.inv.From, f.inv.FromName, f.inv.Near = c.facts.From, c.facts.FromName, nearFor(c.caller.Far())
		ch.done <- nil
		if f.rang || heard { // not everybody who is heard early has rung
			f.comfort()
		}
	}
	return nil, nil
}

func (f *forking) closeEarly() {
	if f.early != nil {
		f.early.Close()
		f.seen.Close()
		f.early, f.heard, f.seen = nil, nil, nil
	}
}
