package call

import (
	"context"
	"errors"
	"sync"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/conference"
)

// pageRoom is the conference of a page; none of the configuration can have that name.
const pageRoom = "a page"

// pageSettings are those of the room of a page: silent, and without keys.
func pageSettings() conference.Settings {
	return conference.Settings{Announce: conference.AnnounceNone, Music: conference.NoMusic}
}

// page is a page in progress; only the call's goroutine uses what has no lock.
type page struct {
	call    *Call
	room    string
	talk    bool
	ctx     context.Context //nolint:containedctx // ends when the caller or the last phone leaves
	stop    context.CancelCauseFunc
	ringing context.Context //nolint:containedctx // ends when phones have rung for long enough
	tasks   sync.WaitGroup

	mu       sync.Mutex
	answered int
	pending  int // attempts that have not ended
}

// Page implements dialplan.Session.
func (c *Call) Page(ctx context.Context, p dialplan.Paging) (heard int, err error) {
	if err := c.person(); err != nil {
		return 0, err
	}
	if p.Talk && c.taker() == "" {
		return 0, &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "only extensions may hear those whom they page"}
	}
	g := &page{call: c, room: pageRoom + " " + c.id, talk: p.Talk}
	calls := g.reach(p.Extensions)
	if len(calls) == 0 {
		return 0, &dialplan.Ended{Cause: dialplan.CauseBusy, Detail: "no phone can be paged now"}
	}
	seat, err := c.board.rooms.Join(conference.Joining{
		Conference: pageRoom, Room: g.room, ID: c.id, Party: c.facts.From, Name: c.facts.FromName, Leader: true, Ours: true, Private: true,
	})
	if err == nil {
		if err = c.mixed(ctx); err != nil {
			seat.Leave()
		}
	}
	if err != nil {
		for _, t := range calls {
			t.release()
		}
		return 0, err
	}
	c.listen()
	g.ctx, g.stop = context.WithCancelCause(ctx)
	defer g.stop(nil)
	var done context.CancelFunc
	g.ringing, done = context.WithTimeoutCause(g.ctx, p.Timeout, &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: "did not answer by itself"})
	defer done()
	g.pending = len(calls)
	for _, t := range calls {
		g.tasks.Go(func() { g.one(t) })
	}
	err = c.sit(g.ctx, seat)
	g.stop(&dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "the page is over"})
	g.tasks.Wait()
	return g.answered, err
}

// paged is one phone that is to be paged.
type paged struct {
	extension string
	contact   Contact
	headers   map[string]string
	release   func() // once all phones of the extension have gone
}

// reach are the phones of those extensions that can be paged now.
func (g *page) reach(extensions []string) (list []paged) {
	c := g.call
	for _, e := range extensions {
		headers := c.board.config().Extensions[e].AutoAnswerHeaders()
		if len(headers) == 0 || c.board.Busy(e) || c.board.settings(e).DND {
			continue
		}
		contacts, err := c.board.dialer.Contacts(e)
		if err != nil {
			continue
		}
		release, err := c.board.reserve(e)
		if err != nil {
			continue
		}
		left := len(contacts)
		var mu sync.Mutex
		for _, contact := range contacts {
			list = append(list, paged{e, contact, headers, sync.OnceFunc(func() {
				mu.Lock()
				defer mu.Unlock()
				if left--; left == 0 {
					release()
				}
			})})
		}
	}
	return list
}

// one pages one phone, until it hangs up or the page is over.
func (g *page) one(t paged) {
	defer t.release()
	c := g.call
	p := c.party(nil, t.contact)
	p.dialled(c, &rung{Target: dialplan.Target{Extension: t.extension}}, t.contact)
	c.mu.Lock()
	p.paged = true
	c.mu.Unlock()
	leg, err := c.board.dialer.Dial(g.ringing, t.contact, Invitation{
		CallID: c.id, From: c.facts.From, FromName: c.facts.FromName, To: t.extension, Headers: t.headers,
		Near: Want{Formats: mixable(c.caller.Far().Formats), Direction: media.SendRecv}, MaxForwards: c.facts.MaxForwards,
	}, func(Progress) { p.rang(c) })
	if err != nil {
		p.ended(c, c.ended(err))
		g.gone()
		return
	}
	p.answered(c, leg)
	g.mu.Lock()
	g.answered++
	g.mu.Unlock()
	err = g.hears(leg, t.extension)
	e := &dialplan.Ended{Cause: dialplan.CauseNormal}
	errors.As(err, &e)
	leg.Hangup(onBehalf(e))
	g.gone()
}

// hears lets a phone hear the page until it hangs up or that is over.
func (g *page) hears(leg Leg, extension string) error {
	c := g.call
	seat, err := c.board.rooms.Join(conference.Joining{
		Conference: pageRoom, Room: g.room, ID: leg.ID(), Party: extension, Muted: !g.talk, Untold: true, Ours: true, Called: true,
		Private: c.rule(extension) == config.RecordNever,
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(g.ctx)
	defer stop(nil)
	defer context.AfterFunc(leg.Context(), func() { stop(context.Cause(leg.Context())) })()
	return seat.Sit(ctx, leg.Media(), media.NewKeys())
}

// gone notes that a phone does not take part any more, or has not begun to; without
// phones, the page is over.
func (g *page) gone() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending--
	if g.pending == 0 {
		e := &dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "all who were paged have gone"}
		if g.answered == 0 {
			e = &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: "no phone has answered by itself"}
		}
		g.stop(e)
	}
}
