package call

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"dialtone/dialplan"
	"dialtone/storage"
)

// Dial implements dialplan.Session: it rings every phone of the extensions and the
// numbers outside, the first to answer (and to confirm it, when r asks for that)
// wins, the others are told so.
func (c *Call) Dial(ctx context.Context, r dialplan.Ringing) (answeredBy string, err error) {
	if err := c.askFirst(ctx); err != nil {
		return "", err
	}
	letGo(ctx, c.keys)
	c.hide(r.Hidden)
	f := c.newForking(ctx, r)
	leg, winner, err := f.run()
	if err != nil {
		return "", err
	}
	c.urgent = winner.Outside != nil && winner.Outside.Emergency
	if g, calls := c.caller.(*guest); calls && winner.Outside != nil {
		g.reachedOutside()
	}
	return winner.name(), c.converse(ctx, leg, r.Keys, winner.until(leg))
}

// rung is one extension of a dial, or one number outside.
type rung struct {
	dialplan.Target
	release func() // gives back its place among the calls of the extension, once
	stop    context.CancelCauseFunc
	end     time.Time // when it has rung for its time, zero for none and once it is told
	pending int       // attempts that have not ended

	own     storage.Settings  // of the extension
	way     []Diversion       // how the call came to be forwarded here
	instead *dialplan.Ended   // why it was; nil when that does not say
	confirm *dialplan.Playing // not nil when who answers is asked first
	headers map[string]string // instead of those of the dial, where it was forwarded
	worst   *dialplan.Ended   // the refusal of its phones that says most
}

// until gives what gives back the place of t once a conversation with its leg is over. A call
// to the outside counts for as long as the leg is up, wherever a transfer takes it.
func (t *rung) until(leg Leg) (release func()) {
	if t.Outside == nil {
		return t.release
	}
	context.AfterFunc(leg.Context(), t.release)
	return func() {}
}

// name is whom it rings.
func (t *rung) name() string {
	if t.Outside != nil {
		return t.Outside.Number
	}
	return t.Extension
}

// attempt is one contact being rung.
type attempt struct {
	contact Contact
	party   *party
	of      *rung
}

// attemptEvent is news of an attempt: progress, or its end with a leg or an error;
// with a leg that must confirm first, the end is the one in which it was asked.
type attemptEvent struct {
	*attempt
	progress *Progress
	leg      Leg
	err      error
	asked    bool // whether it takes the call
}

// newForking prepares to ring r; nothing rings yet.
func (c *Call) newForking(ctx context.Context, r dialplan.Ringing) *forking {
	f := &forking{
		call: c, timeout: r.Timeout, confirm: r.Confirm, hidden: r.Hidden, single: len(r.Targets) == 1, music: r.Music,
		inv: Invitation{
			CallID: c.id, From: c.facts.From, FromName: cmp.Or(r.FromName, c.facts.FromName), Headers: r.Headers,
			Near: nearFor(c.caller.Far()), ReferredBy: c.facts.TransferredBy, Forwards: c.facts.Forwards,
			MaxForwards: c.facts.MaxForwards, Secure: c.caller.Info().Secure, Voicemail: r.Voicemail,
		},
		events: make(chan attemptEvent),
	}
	f.ctx, f.cancel = context.WithCancelCause(ctx)
	for _, t := range r.Targets {
		f.waiting = append(f.waiting, &rung{Target: t, release: func() {}, confirm: r.Confirm})
	}
	slices.SortStableFunc(f.waiting, sooner)
	return f
}

func sooner(a, b *rung) int { return cmp.Compare(a.After, b.After) }

// run rings and gives the leg that won, and its extension.
func (f *forking) run() (Leg, *rung, error) {
	f.start = time.Now()
	leg, winner, err := f.wait()
	why := &dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere}
	if err != nil {
		why = f.call.ended(err)
		f.lost(why)
	}
	f.closeEarly()
	f.waiter.hush()
	f.cancel(why)
	for _, t := range f.started {
		if t != winner {
			t.release()
		}
	}
	f.call.tasks.Go(func() { f.drain(why) })
	return leg, winner, err
}

// reach finds the phones of an extension, or the way to a number outside, and
// takes a place among the calls that it may have.
func (f *forking) reach(t *rung) ([]Contact, error) {
	c := f.call
	if t.Outside != nil {
		return f.reachOutside(t)
	}
	release, err := c.board.reserve(t.Extension)
	if err != nil {
		return nil, err
	}
	t.release = sync.OnceFunc(release)
	return c.board.dialer.Contacts(t.Extension)
}

// begin rings one extension, or one number outside. What keeps it from ringing is
// a refusal like that of a phone.
func (f *forking) begin(t *rung) {
	c := f.call
	f.started = append(f.started, t)
	if t.Outside == nil && f.consult(t) {
		return
	}
	contacts, err := f.reach(t)
	if err != nil {
		t.release()
		f.unreached(t, c.ended(err))
		return
	}
	ctx, stop := context.WithCancelCause(f.ctx)
	t.stop = stop
	if t.For > 0 {
		t.end = time.Now().Add(t.For)
	}
	inv := f.invitation(t)
	for _, contact := range contacts {
		a := &attempt{contact: contact, party: c.party(nil, contact), of: t}
		a.party.dialled(c, t, contact)
		t.pending++
		f.pending++
		c.tasks.Go(func() { f.try(ctx, a, inv) })
	}
}

// invitation is what the phones of t are told.
func (f *forking) invitation(t *rung) Invitation {
	inv := f.inv
	inv.To, inv.Diversions = t.name(), t.way
	inv.Voicemail = inv.Voicemail && t.Outside == nil && !t.own.Busy.On // which is also for who declines
	if t.headers != nil {
		inv.Headers = t.headers
	}
	if t.confirm != nil {
		inv.Near = askable(inv.Near)
	}
	if f.hidden && t.Outside == nil {
		inv.From, inv.FromName, inv.ReferredBy = "", "", ""
	}
	return inv
}

func (f *forking) try(ctx context.Context, a *attempt, inv Invitation) {
	leg, err := f.call.board.dialer.Dial(ctx, a.contact, inv, func(p Progress) {
		select {
		case f.events <- attemptEvent{attempt: a, progress: &p}:
		case <-ctx.Done():
		}
	})
	f.events <- attemptEvent{attempt: a, leg: leg, err: err}
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
