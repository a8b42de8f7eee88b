package call

import (
	"context"
	"errors"
	"slices"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/conference"
	"dialtone/storage"
)

// Rooms are the conferences in progress.
func (s *Switchboard) Rooms() *conference.Rooms { return s.rooms }

// conference is how a conference is, by its name.
func (s *Switchboard) conference(name string) (conference.Settings, bool) {
	if name == pageRoom {
		return pageSettings(), true
	}
	if name == MergeRoom {
		return mergeSettings(), true
	}
	c, ok := s.config().Conferences[name]
	return conference.Settings{
		WaitForLeader: c.WaitForLeader, EndWithLeader: c.EndWithLeader, MutedOnJoin: c.MutedOnJoin, Locked: c.Locked,
		MaxMembers: c.MaxMembers, MaxDuration: c.MaxDuration.D(), Record: c.Record, Announce: c.Announce, Music: c.Music, Language: c.Language,
		Keys: c.Keys.Table(),
	}, ok
}

// clip opens a prompt for a conference.
func (s *Switchboard) clip(language, name string) (conference.Clip, error) {
	p, err := openPrompt(s.config().PromptsDir(), name, language, roomRate)
	if err != nil {
		return nil, err
	}
	return roomPrompt{p}, nil
}

// roomRate is that of the prompts in conferences, in Hz.
const roomRate = 16000

// roomPrompt is a prompt that is heard in a conference.
type roomPrompt struct{ *prompt }

// Name implements conference.Clip.
func (p roomPrompt) Name() string { return p.called }

// refusals are what callers hear who do not get into a conference.
var refusals = map[error]string{
	conference.ErrFull: "conference/full", conference.ErrLocked: "conference/locked", conference.ErrEnded: "conference/ended",
}

// Conference implements dialplan.Session.
func (c *Call) Conference(ctx context.Context, j dialplan.Joining) (refused string, err error) {
	if err := c.person(); err != nil {
		return "", err
	}
	by := c.taker()
	if j.Right != "" && j.Right != by { // who had it has sent somebody else here
		j.Leader = by != "" && slices.Contains(c.board.config().Conferences[j.Conference].Leaders, by)
	}
	in := conference.Joining{
		Conference: j.Conference, Room: j.Room, ID: c.id, Party: c.facts.From, Name: c.facts.FromName,
		Language: j.Language, Leader: j.Leader, Muted: j.Muted, Extension: by, Ours: by != "",
		Private: c.rule(c.facts.Extension) == config.RecordNever,
	}
	asks, err := c.board.rooms.AsksName(in)
	if asks {
		if in.SpokenName, err = c.sayName(ctx, j.Language); err != nil {
			return "", err
		}
	}
	var seat *conference.Seat
	if err == nil {
		seat, err = c.board.rooms.Join(in)
	}
	if errors.Is(err, conference.ErrUnknown) { // a reload took it away since the plan looked
		return "", &dialplan.Ended{Cause: dialplan.CauseNotFound, Detail: err.Error()}
	}
	if err != nil {
		return err.Error(), c.turnAway(ctx, refusals[err])
	}
	if err := c.mixed(ctx); err != nil {
		seat.Leave()
		return "", err
	}
	c.listen()
	out, refused, err := c.taped(ctx, j)
	if refused != "" || err != nil {
		seat.Leave()
		return refused, err
	}
	defer out()
	seat.Ignore(c.trailing.keys, c.trailing.until)
	c.trailing = trailing{}
	defer c.joined(j)()
	return "", c.sit(ctx, seat)
}

// turnAway tells a caller why it does not get in, before an answer when there was none.
func (c *Call) turnAway(ctx context.Context, prompt string) error {
	if err := c.Progress(ctx); err != nil {
		return nil //nolint:nilerr // who cannot be told is refused all the same
	}
	_, err := c.Play(ctx, dialplan.Playing{Files: []string{prompt}})
	var left *dialplan.UnplayableError
	if errors.As(err, &left) {
		return nil
	}
	return err
}

// mixed answers the caller for a conference: in its best format, which it is asked for
// when something else was agreed on before.
func (c *Call) mixed(ctx context.Context) error {
	formats := mixable(c.caller.Far().Formats)
	if !c.accepted {
		return c.accept(ctx, formats)
	}
	c.caller.Near(Want{Formats: formats, Made: made(formats), Direction: media.SendRecv, Best: true, Levels: true})
	return nil
}

// mixable are the formats that can be mixed, in the order in which the caller likes
// them.
func mixable(liked []codec.Format) (list []codec.Format) {
	for _, f := range liked {
		if f.IsAudio() && codec.Rate(f) > 0 {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return playable(liked)
	}
	return append(list, codec.DTMF)
}

// joined notes that the caller is in a room until left is called.
func (c *Call) joined(j dialplan.Joining) (left func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.touched()
	c.conferences = append(c.conferences, storage.CDRConference{Room: j.Room, Leader: j.Leader, Join: time.Now()})
	at := len(c.conferences) - 1
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conferences[at].Leave = time.Now()
		c.touched()
	}
}

// sit lets the caller take part until it leaves, has to go, or hangs up.
func (c *Call) sit(ctx context.Context, seat *conference.Seat) error {
	return c.sitting(ctx, seat, seat.Sit)
}

// sitting is sit, in one of the ways to do it.
func (c *Call) sitting(ctx context.Context, seat *conference.Seat, sit func(context.Context, media.Endpoint, *media.Keys) error) error {
	sitting, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	c.tasks.Go(func() { done <- sit(sitting, c.caller.Media(), c.keys) })
	err := c.attendance(ctx, seat, done)
	stop()
	if errors.Is(err, errSitting) {
		<-done //nolint:errcheck // it has left, that is all
		return context.Cause(ctx)
	}
	return err
}

// errSitting says that who takes part still has to leave.
var errSitting = errors.New("still in the conference")

// attendance watches over the caller while it takes part.
func (c *Call) attendance(ctx context.Context, seat *conference.Seat, done <-chan error) error {
	var quiet silence
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	seat.Hold(c.holds())
	for {
		select {
		case <-ctx.Done():
			return errSitting
		case err := <-done:
			var silent *media.NoCommonCodecError
			if errors.As(err, &silent) {
				return noCommonCodec(err)
			}
			return err
		case i := <-c.caller.Infos():
			c.pressed(i)
		case <-c.caller.Changed():
			seat.Hold(c.holds())
			c.touched()
		case <-watch.C:
			if e := quiet.check(c.caller, c.board.config().Media.Timeout.D()); e != nil {
				c.end(e)
			}
		}
	}
}

// holds reports whether the caller has put us on hold.
func (c *Call) holds() bool { return c.caller.Far().Direction != media.SendRecv }
