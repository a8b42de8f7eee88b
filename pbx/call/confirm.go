package call

import (
	"context"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
)

const (
	confirmKey      = '1'
	confirmRounds   = 2               // how often a callee is asked
	confirmPatience = 5 * time.Second // after each time
	confirmLimit    = time.Minute     // however long the file is
)

// ask asks a callee who has answered whether it takes the call. The caller hears it
// ring meanwhile, and the others go on ringing. What comes of it is another event of
// the attempt, which stays pending.
func (f *forking) ask(ev attemptEvent) {
	c, leg := f.call, ev.leg
	ev.party.answered(c, leg)
	f.asked++
	rings := ev.attempt == f.heard || f.early == nil && !f.rang
	f.rang = true
	if rings {
		f.fallSilent()
	}
	if !c.accepted {
		c.setState(Ringing)
	}
	c.tasks.Go(func() {
		done := attemptEvent{attempt: ev.attempt, leg: leg, asked: true}
		if done.err = c.confirmed(f.ctx, leg, *ev.of.confirm); done.err != nil {
			leg.Hangup(onBehalf(c.ended(done.err)))
			done.leg = nil
		}
		f.events <- done
	})
}

// stopRinging lets nobody ring any more but leaves those who are being asked.
func (f *forking) stopRinging(why error) {
	f.waiting = nil
	for _, t := range f.started {
		if t.stop != nil {
			t.stop(why)
		}
	}
}

// confirmed plays p to a callee, or beeps when there is none, and returns nil when
// it presses the key by which it takes the call, else why it does not.
func (c *Call) confirmed(ctx context.Context, leg Leg, p dialplan.Playing) error {
	who := leg.Info().Party
	silent := &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: who + " answered and did not confirm"}
	ctx, stop := context.WithTimeoutCause(ctx, confirmLimit, silent)
	defer stop()
	keys := media.NewKeys()
	leg.Media().SetSink(keys)
	over := make(chan struct{})
	playing, hush := context.WithCancel(ctx)
	c.tasks.Go(func() {
		defer close(over)
		c.question(playing, leg.Media(), p)
	})
	defer func() { hush(); <-over }()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-leg.Context().Done():
			return &dialplan.Ended{Cause: dialplan.CauseDeclined, Detail: who + " hung up instead of confirming"}
		case i := <-leg.Infos():
			press(keys, i)
		case <-keys.Pressed():
			k, waits := keys.Take(dialplan.Keypad)
			switch {
			case !waits:
			case k.Digit == confirmKey:
				hush()
				letGo(ctx, keys)
				return nil
			default:
				return &dialplan.Ended{Cause: dialplan.CauseDeclined, Detail: who + " pressed " + string(k.Digit) + " instead of confirming"}
			}
		case <-over:
			return silent
		}
	}
}

// question asks for the key, some times, and leaves time for it after each.
func (c *Call) question(ctx context.Context, to media.Endpoint, p dialplan.Playing) {
	for range confirmRounds {
		said := c.files(ctx, to, p, nil)
		if len(p.Files) == len(said.skipped) {
			said.err = beep(ctx, to)
		}
		if said.err != nil && ctx.Err() == nil {
			c.log.Warn("a callee who is to confirm hears nothing", "error", said.err)
		}
		if pause(ctx, confirmPatience) != nil {
			return
		}
	}
}

// beep plays two short tones.
func beep(ctx context.Context, to media.Endpoint) error {
	const long, between = 300 * time.Millisecond, 200 * time.Millisecond
	for range 2 {
		tone, stop := context.WithTimeout(ctx, long)
		err := media.PlayTone(tone, to, dialplan.ToneHz)
		silent := tone.Err() == nil
		stop()
		if silent {
			return err
		}
		if err := pause(ctx, between); err != nil {
			return err
		}
	}
	return nil
}
