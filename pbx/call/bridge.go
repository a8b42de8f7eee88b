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
	mute           *time.Timer // runs while they share no codec
	quiet          [2]silence
	keyed          [2]*keyed // the caller and the callee
	music          [2]waiting
	keys           string // to press at the callee when all is answered
}

// converse answers the caller, joins it with callee and returns why that ended. The
// callee is sent keys.
func (c *Call) converse(ctx context.Context, callee Leg, keys string) error {
	v := &conversation{call: c, caller: c.caller, callee: callee, mute: time.NewTimer(codecGrace), keys: keys}
	v.mute.Stop()
	defer v.close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	v.listen()
	answering := make(chan error, 1)
	if c.accepted {
		answering <- nil
	} else {
		c.tasks.Go(func() { answering <- c.caller.Answer(ctx, nearFor(callee.Far())) })
	}
	err := v.run(ctx, answering)
	callee.Hangup(onBehalf(c.ended(err)))
	return err
}

func (v *conversation) run(ctx context.Context, answering <-chan error) error {
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	v.join(ctx) // the caller may hear audio before the answer
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-v.callee.Context().Done():
			return context.Cause(v.callee.Context())
		case err := <-answering:
			if err != nil {
				return err
			}
			v.answered, v.call.accepted = true, true
			v.call.answered()
			v.join(ctx)
			v.keyed[1].send.press(ctx, outKeys(v.keys)...)
		case <-v.caller.Changed():
			v.join(ctx)
		case <-v.callee.Changed():
			v.join(ctx)
		case i := <-v.caller.Infos():
			v.info(ctx, 0, i)
		case i := <-v.callee.Infos():
			v.info(ctx, 1, i)
		case <-v.keyed[0].keys.Pressed():
			v.pass(ctx, 0, nil)
		case <-v.keyed[1].keys.Pressed():
			v.pass(ctx, 1, nil)
		case <-v.mute.C:
			if err := v.bridge(); err != nil {
				return noCommonCodec(err)
			}
		case <-watch.C:
			if e := v.silent(); e != nil {
				return e
			}
		}
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
	}
	return err
}

func (v *conversation) close() {
	v.mute.Stop()
	for i := range v.music {
		v.music[i].hush()
	}
	if v.bridged != nil {
		v.bridged.Close()
	}
}

func (v *conversation) silent() *dialplan.Ended {
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
