package call

import (
	"context"
	"sync"

	"dialtone/dialplan"
)

// change makes a change of a conversation. An error is why it is over.
func (v *conversation) change(ctx context.Context, ch *change) error {
	at := v.place(ch.leg)
	switch {
	case at < 0:
		ch.refuse(errNoPlace())
		return nil
	case !ch.take():
		return nil
	case ch.merge != nil:
		return v.merge(at, ch)
	case ch.resumes:
		v.resumed(ctx, at, ch.by)
		ch.done <- nil
		return nil
	case ch.by != nil:
		v.call.continues(ch.story)
		ch.done <- nil
		return v.replace(ctx, at, ch.by)
	}
	return v.transfer(ctx, at, ch)
}

// place is which party a leg is, -1 for none.
func (v *conversation) place(leg string) int {
	for i, l := range [...]Leg{v.caller, v.callee} {
		if l.ID() == leg {
			return i
		}
	}
	return -1
}

// replace puts a leg in the place of a party, who is hung up. An error is why the
// conversation is over.
func (v *conversation) replace(ctx context.Context, at int, by Leg) error {
	c := v.call
	v.part()
	if at == 0 {
		c.replaceCaller(by)
		v.caller = c.caller
	} else {
		before := v.callee
		v.releaseCallee()
		v.releaseCallee = c.board.occupy(by)
		c.joins(by, before.ID())
		v.callee = by
		before.Hangup(&dialplan.Ended{Cause: dialplan.CauseTransferred})
	}
	v.listen()
	if v.private {
		v.private = false
		c.private(-1)
	}
	v.introduce()
	if err := v.prepare(ctx, at); err != nil {
		return err
	}
	v.join(ctx)
	return nil
}

// occupy counts a leg as a call of its extension, whatever the limit, until release is
// called.
func (s *Switchboard) occupy(leg Leg) (release func()) {
	info := leg.Info()
	if info.Trunk != "" {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[info.Party]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free(info.Party)
	})
}

// part ends the audio between the two.
func (v *conversation) part() {
	v.mute.Stop()
	for i := range v.music {
		v.music[i].hush()
	}
	if v.bridged != nil {
		v.bridged.Close()
		v.bridged = nil
	}
	v.screening.Close()
	v.screening = nil
	for _, k := range v.keyed {
		k.tap.SetSink(nil)
	}
}

// transfer lets the party that is not at go on elsewhere. What happens meanwhile is not
// recorded here.
func (v *conversation) transfer(ctx context.Context, at int, ch *change) error {
	v.call.private(1)
	err := v.sendOn(ctx, at, ch)
	if err == nil {
		v.call.private(-1)
	}
	return err
}

func (v *conversation) sendOn(ctx context.Context, at int, ch *change) error {
	c := v.call
	by, party := v.leg(at), v.leg(1-at)
	v.part()
	if 1-at == 0 {
		c.vacate()
	}
	if ch.to.Replaces != "" {
		return v.handOver(ctx, at, ch)
	}
	c.log.Info("transfer", "by", by.Info().Party, "party", party.Info().Party, "to", ch.to.To)
	next, e := c.board.transferred(c, party, by, ch.to.To)
	if e != nil {
		ch.done <- e
		return v.back(ctx, 1-at, party)
	}
	v.leaves(party, next.id)
	ch.done <- nil
	return v.await(ctx, at, next.origin, ch.to)
}

// leg is one of the two.
func (v *conversation) leg(at int) Leg {
	if at == 1 {
		return v.callee
	}
	if s, ok := v.caller.(seated); ok {
		return s.Leg
	}
	return v.caller
}

// leaves notes that a party goes on in another call.
func (v *conversation) leaves(party Leg, to string) {
	v.call.leaves(party, to)
	v.moved = party
}

// handOver lets a party take the place that the one who transfers has in another call.
func (v *conversation) handOver(ctx context.Context, at int, ch *change) error {
	c, by, party := v.call, v.leg(at), v.leg(1-at)
	other := c.board.of(ch.to.Replaces)
	if other == nil || other == c {
		ch.done <- errNoPlace()
		return v.back(ctx, 1-at, party)
	}
	c.log.Info("transfer", "by", by.Info().Party, "party", party.Info().Party, "to_call", other.id)
	asking := make(chan error, 1)
	c.tasks.Go(func() {
		// Who transfers may hang up at once.
		asking <- other.request(context.WithoutCancel(ctx), &change{leg: ch.to.Replaces, by: party, story: c.story()})
	})
	var err error
	for {
		select {
		case err = <-asking:
		case mine := <-c.changes: // the other call may ask us at the same moment
			mine.refuse(errChanging())
			continue
		}
		break
	}
	if err != nil {
		ch.done <- err
		return v.back(ctx, 1-at, party)
	}
	v.leaves(party, other.id)
	ch.done <- nil
	ch.to.report(200)
	return v.parted()
}

// parted ends the call, whose other party goes on elsewhere.
func (v *conversation) parted() error {
	e := &dialplan.Ended{Cause: dialplan.CauseTransferred}
	v.call.end(e)
	return e
}

// await waits for what becomes of a transfer. Who comes back is joined again.
func (v *conversation) await(ctx context.Context, at int, o *origin, t *Transfer) error {
	c, by := v.call, v.leg(at)
	for {
		select {
		case <-ctx.Done():
			return v.abandon(o, context.Cause(ctx))
		case <-by.Context().Done():
			return v.abandon(o, context.Cause(by.Context()))
		case status := <-o.news:
			t.report(status)
		case out := <-o.end:
			v.tellSlot(ctx, by, out.say)
			t.report(out.status)
			if out.back == nil {
				return v.parted()
			}
			v.moved = nil
			return v.back(ctx, 1-at, out.back)
		case ch := <-c.changes:
			ch.refuse(errChanging())
		case <-by.Changed():
			c.touched()
		case <-by.Infos():
		}
	}
}

// abandon says that nobody waits for the outcome any more, because of why.
func (v *conversation) abandon(o *origin, why error) error {
	if !o.claim() {
		v.nobodyThere(<-o.end)
	}
	return why
}

// nobodyThere hangs up a party that has come back.
func (v *conversation) nobodyThere(out outcome) {
	if out.back != nil {
		v.call.joins(out.back, "")
		out.back.Hangup(&dialplan.Ended{Cause: dialplan.CauseTransferred, Detail: "nobody is there to return to"})
	}
}

// back joins a party that has come back, or has not gone, with the one who stayed: it is
// another leg when that has taken its place elsewhere. An error is why the conversation is
// over.
func (v *conversation) back(ctx context.Context, at int, party Leg) error {
	c := v.call
	if at == 0 {
		c.mu.Lock()
		c.left = false
		c.mu.Unlock()
	}
	if party.ID() != v.leg(at).ID() {
		return v.replace(ctx, at, party)
	}
	if at == 0 {
		c.seat(seated{party})
		v.caller = c.caller
	}
	c.mu.Lock()
	gone := c.here(party.ID()) == nil
	c.mu.Unlock()
	if gone {
		c.joins(party, "")
	}
	v.listen()
	v.introduce()
	v.join(ctx)
	return nil
}
