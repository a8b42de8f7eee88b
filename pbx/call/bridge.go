package call

import (
	"context"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
)

// codecGrace is how long two joined legs may be without a common codec, while
// one of them is being asked for another.
const codecGrace = 5 * time.Second

// conversation is two legs joined; the call's goroutine owns it.
type conversation struct {
	call           *Call
	caller, callee Leg
	answered       bool
	bridged        *media.Bridged
	screening      *media.Screening
	mute           *time.Timer // runs while they share no codec
	quiet          [2]silence
	keyed          [2]*keyed // the caller and the callee
	music          [2]waiting
	moved          Leg    // a party that goes on in another call
	releaseCallee  func() // gives back its place among the calls of its extension
	keys           string // to press at the callee when all is answered
	private        bool   // the callee is never recorded
}

// converse answers the caller, joins it with callee and returns why that ended. The
// callee is sent keys, and release is called when it is over, or leaves.
func (c *Call) converse(ctx context.Context, callee Leg, keys string, release func()) error {
	v := &conversation{call: c, caller: c.caller, callee: callee, mute: time.NewTimer(codecGrace), keys: keys, releaseCallee: release}
	v.mute.Stop()
	defer v.close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	v.listen()
	if err := v.prepare(ctx, 1); err != nil {
		callee.Hangup(onBehalf(c.ended(err)))
		release()
		return err
	}
	v.introduce()
	answering := make(chan error, 1)
	if c.accepted {
		answering <- nil
	} else {
		c.tasks.Go(func() { answering <- c.caller.Answer(ctx, nearFor(callee.Far())) })
	}
	err := v.run(ctx, answering)
	if v.moved == nil || v.moved.ID() != v.callee.ID() {
		v.callee.Hangup(onBehalf(c.ended(err)))
	}
	v.releaseCallee()
	return err
}

func (v *conversation) run(ctx context.Context, answering <-chan error) error {
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	v.join(ctx) // the caller may hear audio before the answer
	var over error
	for over == nil {
		over = v.next(ctx, answering, watch.C)
	}
	return over
}

// introduce tells the two of each other, where they do not know it from how the call
// began.
func (v *conversation) introduce() {
	c, callee := v.call, v.callee.Info()
	if c.origin != nil || callee.Trunk == "" {
		v.caller.Connected(Identity{callee.Party, c.nameOf(callee)})
	}
	who := Identity{c.facts.From, c.facts.FromName}
	if c.facts.Anonymous {
		who = Identity{}
	}
	v.callee.Connected(who)
}

// nameOf is the name of a phone of ours.
func (c *Call) nameOf(who LegInfo) string {
	if who.Trunk != "" {
		return ""
	}
	return c.board.config().Extensions[who.Party].Name
}

// next waits for what happens next, and gives why it ends the conversation, if it does.
func (v *conversation) next(ctx context.Context, answering <-chan error, watch <-chan time.Time) error { //nolint:gocyclo // a case for each thing that can happen
	select {
	case <-ctx.Done():
		v.tookIt(answering)
		return context.Cause(ctx)
	case <-v.callee.Context().Done():
		return context.Cause(v.callee.Context())
	case err := <-answering:
		return v.picksUp(ctx, err)
	case ch := <-v.changes():
		return v.change(ctx, ch)
	case <-v.caller.Changed():
		v.join(ctx)
	case <-v.callee.Changed():
		v.join(ctx)
	case i := <-v.caller.Infos():
		return v.info(ctx, 0, i)
	case i := <-v.callee.Infos():
		return v.info(ctx, 1, i)
	case <-v.keyed[0].keys.Pressed():
		return v.pass(ctx, 0, nil)
	case <-v.keyed[1].keys.Pressed():
		return v.pass(ctx, 1, nil)
	case <-v.keyed[0].commands.timer.C:
		v.passLate(ctx, 0)
	case <-v.keyed[1].commands.timer.C:
		v.passLate(ctx, 1)
	case o := <-v.call.orders:
		return v.obey(ctx, o)
	case <-v.mute.C:
		return v.stillMute()
	case <-watch:
		return v.silent()
	}
	return nil
}

// changes are those that others ask for; they wait until the caller is answered, a moment
// later.
func (v *conversation) changes() <-chan *change {
	if !v.answered {
		return nil
	}
	return v.call.changes
}

// picksUp goes on when the caller has been told that it is answered; err says that it
// could not be.
func (v *conversation) picksUp(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	v.answered, v.call.accepted = true, true
	v.call.answered()
	v.join(ctx)
	v.call.origin.reached()
	v.keyed[1].send.press(ctx, outKeys(v.keys)...)
	return nil
}

// tookIt is for a caller who hangs up as soon as it is answered: which of the two is noticed
// first is chance, and the call counts as answered.
func (v *conversation) tookIt(answering <-chan error) {
	if !v.answered && v.caller.Context().Err() != nil && <-answering == nil {
		v.call.answered()
	}
}

// onBehalf is e as the reason to end another leg than the one that e ended.
func onBehalf(e *dialplan.Ended) *dialplan.Ended {
	other := *e
	other.Remote = false
	return &other
}

// join tells each leg what the other can do, and passes audio between them in
// whatever they agreed on.
func (v *conversation) join(ctx context.Context) {
	v.call.touched() // somebody may hold
	if v.answered {
		v.caller.Near(v.near(0))
		v.callee.Near(v.near(1))
	}
	v.resume()
	err := v.bridge()
	v.hold(ctx)
	if err == nil || !v.answered || v.switchedOff() {
		v.mute.Stop()
		return
	}
	v.mute.Reset(codecGrace)
}

// switchedOff reports whether a phone has no audio at all for now (port 0).
func (v *conversation) switchedOff() bool {
	return len(v.caller.Media().Formats()) == 0 || len(v.callee.Media().Formats()) == 0
}

func (v *conversation) bridge() error {
	b, err := media.Bridge(v.keyed[0].tap, v.keyed[1].tap)
	if err == nil {
		v.bridged = b
		v.arrange()
		v.screen()
	}
	return err
}

// stillMute ends a conversation that has no common codec even now.
func (v *conversation) stillMute() error {
	if err := v.bridge(); err != nil {
		return noCommonCodec(err)
	}
	return nil
}

func (v *conversation) close() {
	v.mute.Stop()
	if v.private {
		v.call.private(-1)
	}
	for _, k := range v.keyed {
		k.commands.timer.Stop()
	}
	for i := range v.music {
		v.music[i].hush()
	}
	if v.bridged != nil {
		v.bridged.Close()
	}
	v.screening.Close()
}

func (v *conversation) silent() error {
	if !v.answered {
		return nil
	}
	timeout := v.call.board.config().Media.Timeout.D()
	for i, leg := range [...]Leg{v.caller, v.callee} {
		if e := v.quiet[i].check(leg, timeout); e != nil {
			return e
		}
	}
	return nil
}

func noCommonCodec(err error) *dialplan.Ended {
	return &dialplan.Ended{Cause: dialplan.CauseNoCommonCodec, Detail: err.Error()}
}

// watchEvery is how often a call looks whether audio still arrives.
const watchEvery = time.Second

// silence notices that a leg which should send audio has stopped.
type silence struct{ since time.Time }

// check returns why the call must end when leg has been silent for timeout;
// a timeout of 0 never ends it. A leg on hold is not expected to send.
func (s *silence) check(leg Leg, timeout time.Duration) *dialplan.Ended {
	now := time.Now()
	if s.since.IsZero() || !leg.Far().Direction.Send || !leg.Media().Direction().Recv {
		s.since = now
		return nil
	}
	if last := leg.Media().Stats().LastReceived; last.After(s.since) {
		s.since = last
	}
	if timeout <= 0 || now.Sub(s.since) < timeout {
		return nil
	}
	return &dialplan.Ended{Cause: dialplan.CauseRTPTimeout, Detail: "no audio from " + leg.Info().Party + " for " + timeout.String()}
}
