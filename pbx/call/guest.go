package call

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/conference"
)

// guest is the leg of a caller that is a conference: it calls somebody, who takes a seat
// when he answers. The call goes by the plan and its permissions, as one of the extension
// does that wants it. It is an Inbound.
type guest struct {
	id      string
	board   *Switchboard
	calling conference.Calling
	call    *Call
	ctx     context.Context //nolint:containedctx // is its life
	cancel  context.CancelCauseFunc
	phone   *media.Pipe // what the call has for the phone of its caller
	chair   *media.Pipe // what the room has for the phone of its member
	keys    *media.Keys
	changed chan struct{}
	over    func(*dialplan.Ended) // once

	mu      sync.Mutex
	joining conference.Joining // of which reachedOutside changes whose he is
	seat    *conference.Seat   // nil before the answer
}

var _ Inbound = (*guest)(nil)

// invite calls somebody into a room, for Rooms.
func (s *Switchboard) invite(ctx context.Context, c conference.Calling) error {
	_, ours := s.config().Extensions[c.Number]
	if c.As == "" && !ours {
		return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "only an extension may call " + c.Number + " into a conference: nobody else pays for it"}
	}
	g := &guest{
		id: strings.ToLower(rand.Text()[:10]), board: s, calling: c, keys: media.NewKeys(), changed: make(chan struct{}, 1),
	}
	var once sync.Once
	g.over = func(why *dialplan.Ended) { once.Do(func() { c.Over(why) }) }
	g.ctx, g.cancel = context.WithCancelCause(context.Background())
	g.phone, g.chair = media.NewPipe()
	facts := dialplan.Facts{
		CallID: newCallID(), To: c.Number, From: c.As, FromName: c.Name, Extension: c.As, Language: c.Language,
	}
	if c.As == "" {
		facts.From, facts.Context = c.Party, dialplan.ExtensionsContext
	}
	g.joining = conference.Joining{
		Conference: c.Conference, Room: c.Room, ID: facts.CallID, Party: c.Number, Language: c.Language,
		Ours: ours, Paid: !ours, Called: true,
	}
	if ours {
		g.joining.Name = s.config().Extensions[c.Number].Name
		g.joining.Private = s.config().Extensions[c.Number].Record == config.RecordNever
	}
	g.call = newCall(s, g, facts, nil)
	g.call.counts = "" // whoever wants it may go on calling
	stop := context.AfterFunc(ctx, func() {
		g.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "conference " + c.Room + " is over"})
	})
	context.AfterFunc(g.ctx, func() { stop() })
	if e := s.admit(g.call); e != nil {
		g.cancel(e)
		return e
	}
	return nil
}

// ID implements Leg.
func (g *guest) ID() string { return g.id }

// Info implements Leg.
func (g *guest) Info() LegInfo { return LegInfo{Inbound: true, Party: "conference " + g.calling.Room} }

// Context implements Leg.
func (g *guest) Context() context.Context { return g.ctx }

// Media implements Leg.
func (g *guest) Media() media.Endpoint { return g.phone }

// Far implements Leg: whatever can be mixed.
func (g *guest) Far() Want {
	return Want{Formats: append(codec.Coded(), codec.DTMF), Direction: media.SendRecv}
}

// Near implements Leg. Who holds the conference is not heard there.
func (g *guest) Near(w Want) {
	if g.agree(w) != nil {
		return
	}
	g.mu.Lock()
	seat := g.seat
	g.mu.Unlock()
	if seat != nil {
		seat.Hold(w.Direction != media.SendRecv)
	}
}

// agree takes what both can do.
func (g *guest) agree(near Want) error {
	var common []codec.Format
	for _, f := range slices.Concat(near.Formats, near.Made) {
		if !contains(common, f) && contains(g.Far().Formats, f) {
			common = append(common, f)
		}
	}
	if !slices.ContainsFunc(common, codec.Format.IsAudio) {
		return &dialplan.Ended{Cause: dialplan.CauseNoCommonCodec, Detail: "a conference mixes none of the codecs"}
	}
	if slices.EqualFunc(common, g.phone.Formats(), codec.Format.Same) {
		return nil
	}
	g.phone.SetFormats(common)
	select {
	case g.changed <- struct{}{}:
	default:
	}
	return nil
}

// Changed implements Leg.
func (g *guest) Changed() <-chan struct{} { return g.changed }

// Infos implements Leg: there are none.
func (g *guest) Infos() <-chan Info { return nil }

// SendInfo implements Leg.
func (g *guest) SendInfo(Info) {}

// Connected implements Leg.
func (*guest) Connected(Identity) {}

// Hangup implements Leg.
func (g *guest) Hangup(e *dialplan.Ended) {
	g.cancel(e)
	g.over(e)
}

// Ring implements Inbound.
func (g *guest) Ring() {}

// Progress implements Inbound. What comes before the answer is not heard in the room.
func (g *guest) Progress(near Want) error { return g.agree(near) }

// Answer implements Inbound: the one who was called takes a seat.
func (g *guest) Answer(_ context.Context, near Want) error {
	if err := g.agree(near); err != nil {
		return err
	}
	g.call.tasks.Go(func() {
		err := g.sit()
		e := &dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "has left conference " + g.joining.Room}
		errors.As(err, &e)
		g.Hangup(e)
	})
	return nil
}

// reachedOutside notes that who has answered is outside, at our cost: the way to one of ours
// may lead there.
func (g *guest) reachedOutside() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.joining.Ours, g.joining.Paid = false, true
	if g.seat != nil { // a step answered before anybody was called
		g.seat.AtOurCost()
	}
}

// sit tells the one who was called where he is, and lets him take part until he leaves
// or has to go.
func (g *guest) sit() error {
	g.chair.SetSink(g.keys)
	conf := g.board.config()
	g.say("conference/welcome")
	if conf.Conferences[g.joining.Conference].Record && conf.Recording.Announce && !g.say(recordedPrompt) {
		return &dialplan.Ended{Cause: dialplan.CauseInternal, Detail: "who is recorded has to be told, and was not"}
	}
	if g.ctx.Err() != nil {
		return context.Cause(g.ctx)
	}
	g.keys.Clear()
	g.mu.Lock()
	seat, err := g.board.rooms.Join(g.joining)
	g.seat = seat
	g.mu.Unlock()
	if err != nil {
		return &dialplan.Ended{Cause: dialplan.CauseBusy, Detail: err.Error()}
	}
	g.over(nil)
	defer g.call.joined(dialplan.Joining{Room: g.joining.Room})()
	return seat.Sit(g.ctx, g.chair, g.keys)
}

// say plays a prompt, and reports whether it was heard.
func (g *guest) say(prompt string) (heard bool) {
	clip, err := g.board.clip(g.joining.Language, prompt)
	if err == nil {
		err = media.PlayClip(g.ctx, g.chair, clip.Name(), clip)
		_ = clip.Close()
	}
	if err != nil && g.ctx.Err() == nil {
		g.call.log.Warn("a prompt is not played", "prompt", prompt, "error", err)
	}
	return err == nil
}

// person refuses what a conference is not to reach: another conference, in which it
// would hear itself, or a mailbox.
func (c *Call) person() error {
	if _, calls := c.caller.(*guest); calls {
		return &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: "a conference calls people only"}
	}
	return nil
}
