package call

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
)

// ParkedCall is a call that waits in a slot.
type ParkedCall struct {
	Slot, Call     string
	From, FromName string
	By             string // the extension that has parked it, "" for none
	Since          time.Time
}

// parkedIn is how a call is parked; the mutex of its Switchboard guards it.
type parkedIn struct {
	call  *Call
	by    string
	since time.Time
}

// Parked are the calls that wait in slots, by slot.
func (s *Switchboard) Parked() []ParkedCall {
	s.mu.Lock()
	list := make([]ParkedCall, 0, len(s.parked))
	calls := make([]*Call, 0, len(s.parked))
	for slot, p := range s.parked {
		list = append(list, ParkedCall{Slot: slot, Call: p.call.id, By: p.by, Since: p.since})
		calls = append(calls, p.call)
	}
	s.mu.Unlock()
	for i, c := range calls {
		c.mu.Lock()
		list[i].From, list[i].FromName = c.facts.From, c.facts.FromName
		c.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b ParkedCall) int { return cmp.Compare(a.Slot, b.Slot) })
	return list
}

// occupySlot parks c in the first of slots that is free, in the one where it was before if it
// can; "" is none.
func (s *Switchboard) occupySlot(c *Call, slots []string, by string) (slot string, release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	free := func(slot string) bool { return s.parked[slot].call == nil }
	if slot = c.slot; !slices.Contains(slots, slot) || !free(slot) {
		i := slices.IndexFunc(slots, free)
		if i < 0 {
			return "", nil
		}
		slot = slots[i]
	}
	if s.parked == nil {
		s.parked = map[string]parkedIn{}
	}
	c.slot = slot
	s.parked[slot] = parkedIn{c, by, time.Now()}
	defer s.touched()
	return slot, sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.parked, slot)
		defer s.touched()
	})
}

// Park implements dialplan.Session.
func (c *Call) Park(ctx context.Context, w dialplan.Waiting) (slot, by string, err error) {
	if err := c.person(); err != nil {
		return "", "", err
	}
	var say *dialplan.Playing
	first := c.slot == ""
	if first {
		c.parker = cmp.Or(c.facts.TransferredBy, c.facts.Extension)
	}
	slot, release := c.board.occupySlot(c, w.Slots, c.parker)
	if slot == "" {
		return "", "", &dialplan.Ended{Cause: dialplan.CauseBusy, Detail: "no slot of " + strings.Join(shortened(w.Slots), ", ") + " is free"}
	}
	defer release()
	c.log.Info("parked", "slot", slot, "from", c.facts.From, "by", c.parker)
	if first && w.Say != nil && c.parker != "" {
		p := w.Say(slot)
		if c.origin.hint(&p); c.facts.TransferredBy == "" {
			say = &p
		}
	}
	if err := c.askFirst(ctx); err != nil {
		return slot, "", err
	}
	if err := c.accept(ctx, playable(c.caller.Far().Formats)); err != nil {
		return slot, "", err
	}
	leg, free, err := c.inSlot(ctx, w, say)
	if err == nil && leg == nil {
		leg, free, err = c.ringBack(ctx, slot, w)
	}
	if leg == nil {
		return slot, "", err
	}
	release()
	by = leg.Info().Party
	return slot, by, c.converse(ctx, leg, "", free)
}

// shortened is the first and last of many.
func shortened(slots []string) []string {
	if len(slots) > 2 {
		return []string{slots[0] + " to " + slots[len(slots)-1]}
	}
	return slots
}

// inSlot lets the caller hear music until somebody takes the call, whose leg it gives, or
// until the time is over. Say is played to who parks a caller first.
func (c *Call) inSlot(ctx context.Context, w dialplan.Waiting, say *dialplan.Playing) (leg Leg, free func(), err error) {
	for {
		playing, stop := context.WithCancel(ctx)
		over := make(chan struct{})
		c.listen()
		c.tasks.Go(func() {
			defer close(over)
			if say != nil {
				c.files(playing, c.caller.Media(), *say, nil)
			}
			if err := c.board.music.Play(playing, c.caller.Media(), w.Music); err != nil && playing.Err() == nil {
				c.log.Warn("no music for a caller who is parked", "error", err)
			}
		})
		ch, err := c.parked(ctx, w.Timeout)
		stop()
		<-over
		if ch == nil {
			return nil, nil, err
		}
		if ch.leg == "" {
			c.joins(ch.by, "")
			ch.done <- nil
			return ch.by, c.board.occupy(ch.by), nil
		}
		say = nil // who parked it has gone, and the caller is in its place
		c.succeed(ch)
		ch.done <- nil
		c.accept(ctx, playable(c.caller.Far().Formats)) //nolint:errcheck // it was answered
	}
}

// parked gives a change that is made: a leg takes the call, or the caller's place. Nil and
// no error is that the time is over.
func (c *Call) parked(ctx context.Context, timeout time.Duration) (*change, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	var quiet silence
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-timer.C:
			return nil, nil
		case i := <-c.caller.Infos():
			c.pressed(i)
		case <-c.caller.Changed():
			c.touched()
		case ch := <-c.changes:
			switch {
			case ch.by == nil || ch.leg != "" && ch.leg != c.caller.ID():
				ch.refuse(errNoPlace())
			case ch.take():
				return ch, nil
			}
		case <-watch.C:
			if e := quiet.check(c.caller, c.board.config().Media.Timeout.D()); e != nil {
				return nil, e
			}
		}
	}
}

// ringBack rings who has parked the caller, who hears music and may still be fetched.
func (c *Call) ringBack(ctx context.Context, slot string, w dialplan.Waiting) (Leg, func(), error) {
	to := cmp.Or(w.ReturnTo, c.parker)
	if _, ours := c.board.config().Extensions[to]; !ours || to == c.taker() {
		return nil, nil, &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: "nobody has fetched the caller from " + slot}
	}
	c.log.Info("rings back", "slot", slot, "extension", to)
	leg, winner, err := c.newForking(ctx, dialplan.Ringing{
		Targets: []dialplan.Target{{Extension: to}}, Timeout: w.RingBack, Music: cmp.Or(w.Music, config.DefaultMusic),
		FromName: slot + ": " + cmp.Or(c.facts.FromName, c.facts.From),
	}).run()
	if err != nil {
		return nil, nil, err
	}
	return leg, winner.until(leg), nil
}

// Unpark implements dialplan.Session.
func (c *Call) Unpark(ctx context.Context, slot string) (what string, err error) {
	if c.taker() == "" {
		c.log.Warn("fetching refused", "slot", slot, "source", c.facts.Source)
		return "", &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "only extensions fetch who is parked"}
	}
	nobody := &dialplan.Ended{Cause: dialplan.CauseNoCall, Status: statusNobody, Detail: "nobody is parked in " + slot}
	c.board.mu.Lock()
	other := c.board.parked[slot].call
	c.board.mu.Unlock()
	if other == nil {
		return "", nobody
	}
	other.mu.Lock()
	from := other.facts.From
	other.mu.Unlock()
	if taken, err := c.joinOther(ctx, other); taken || ctx.Err() != nil {
		return "the call of " + from + " from slot " + slot, err
	}
	return "", nobody
}

// hint is for who transfers: what it hears before it has gone.
func (o *origin) hint(say *dialplan.Playing) {
	if o != nil {
		o.say = say
	}
}

// hintPatience bounds how long who transfers hears where the other one is.
const hintPatience = 15 * time.Second

// tellSlot lets who transfers hear where the other one is, if it still listens.
func (v *conversation) tellSlot(ctx context.Context, by Leg, say *dialplan.Playing) {
	if say == nil || !by.Far().Direction.Recv {
		return
	}
	ctx, stop := context.WithTimeout(ctx, hintPatience)
	defer stop()
	defer context.AfterFunc(by.Context(), stop)()
	v.call.files(ctx, by.Media(), *say, nil)
}
