package call

import (
	"context"

	"dialtone/dialplan"
)

// consults reports whether the call is one in which somebody asks before a transfer.
func (o *origin) consults() bool { return o != nil && o.consulting }

// awaited reports whether the call that the origin is of is still waited for.
func (o *origin) awaited() bool {
	if !o.consults() {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.finished
}

// keeps reports whether the call is to go on when a leg ends, because another party takes
// its place.
func (o *origin) keeps(leg string) bool {
	if !o.consults() || leg != o.by {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.forsaken
}

// consulted makes the call in which a party asks somebody.
func (s *Switchboard) consulted(from *Call, by Leg, to string) (*Call, *dialplan.Ended) {
	info := by.Info()
	own := s.config().Extensions[info.Party]
	transport, source := info.whence()
	c := newCall(s, seated{by}, dialplan.Facts{
		CallID: newCallID(), To: to, From: info.Party, FromName: own.Name, Extension: info.Party,
		Language: own.Language, UserAgent: info.UserAgent, SIPCallID: info.SIPCallID, Transport: transport, Source: source,
	}, &origin{call: from.id, by: by.ID(), consulting: true, news: make(chan int, 4), end: make(chan outcome, 1)})
	return c, s.admitTransferred(c)
}

// consult lets the party at at talk with somebody else while the other one waits. Who
// hangs up meanwhile has let those two talk with each other. An error is why the
// conversation is over.
func (v *conversation) consult(ctx context.Context, at int, to string) error {
	c := v.call
	by, party := v.leg(at), v.leg(1-at)
	if at == 0 {
		c.vacate()
	}
	next, e := c.board.consulted(c, by, to)
	if e != nil {
		err := v.back(ctx, at, by)
		v.wrong(ctx, at)
		return err
	}
	c.log.Info("consultation", "by", by.Info().Party, "to", to, "in", next.id)
	v.leaves(by, next.id)
	c.private(1) // what they say is not of this call
	defer c.private(-1)
	music := c.entertain(ctx, party)
	defer music.hush()
	for {
		select {
		case <-ctx.Done():
			return v.forsake(next, by, context.Cause(ctx))
		case <-party.Context().Done():
			return v.forsake(next, by, context.Cause(party.Context()))
		case <-by.Context().Done():
			music.hush()
			return v.passOn(ctx, at, next)
		case out := <-next.origin.end:
			music.hush()
			if out.back == nil {
				return context.Cause(by.Context())
			}
			v.moved = nil
			return v.back(ctx, at, out.back)
		case ch := <-c.changes:
			ch.refuse(errChanging())
		case <-party.Changed():
			c.touched()
		case <-party.Infos():
		}
	}
}

// forsake makes the call of a consultation one like others, because nobody waits for it
// any more, and gives why.
func (v *conversation) forsake(next *Call, by Leg, why error) error {
	o := next.origin
	o.mu.Lock()
	o.forsaken = true
	o.mu.Unlock()
	if !o.claim() {
		v.nobodyThere(<-o.end)
	} else if by.Context().Err() != nil { // at the same moment
		next.end(next.ended(context.Cause(by.Context())))
	}
	return why
}

// passOn lets the party that waits take the place of the one that has hung up.
func (v *conversation) passOn(ctx context.Context, at int, next *Call) error {
	c := v.call
	by, party := v.leg(at), v.leg(1-at)
	why := context.Cause(by.Context())
	if !next.origin.claim() {
		<-next.origin.end // whom it asked has hung up, too
		party.Hangup(onBehalf(c.ended(why)))
		return why
	}
	if at == 1 {
		c.vacate()
	}
	if err := next.request(context.WithoutCancel(ctx), &change{leg: by.ID(), by: party, completes: true, story: c.story()}); err != nil {
		e := onBehalf(c.ended(why))
		next.end(e)
		party.Hangup(e)
		return why
	}
	c.log.Info("transfer", "by", by.Info().Party, "party", party.Info().Party, "to_call", next.id)
	v.leaves(party, next.id)
	return v.parted()
}
