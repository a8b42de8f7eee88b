package call

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/tone"
)

// Echo implements dialplan.Session.
func (c *Call) Echo(ctx context.Context, d time.Duration) error {
	return c.alone(ctx, d, c.caller.Far().Formats, func(ctx context.Context) error {
		stop := media.Echo(c.caller.Media())
		defer stop()
		<-ctx.Done()
		return context.Cause(ctx)
	})
}

// Tone implements dialplan.Session.
func (c *Call) Tone(ctx context.Context, hz float64, d time.Duration) error {
	return c.alone(ctx, d, playable(c.caller.Far().Formats), func(ctx context.Context) error {
		return media.PlayTone(ctx, c.caller.Media(), hz)
	})
}

// Signal implements dialplan.Session.
func (c *Call) Signal(ctx context.Context, name string, d time.Duration) error {
	t, ok := tone.Named(name, c.board.config().Site.Country)
	if !ok {
		return fmt.Errorf("there is no tone %q", name)
	}
	return c.alone(ctx, d, playable(c.caller.Far().Formats), func(ctx context.Context) error {
		return media.PlaySignal(ctx, c.caller.Media(), "tone "+name, t)
	})
}

// DelayedEcho implements dialplan.Session.
func (c *Call) DelayedEcho(ctx context.Context, delay, d time.Duration) error {
	return c.alone(ctx, d, c.caller.Far().Formats, func(ctx context.Context) error {
		return media.DelayedEcho(ctx, c.caller.Media(), delay)
	})
}

// Music implements dialplan.Session.
func (c *Call) Music(ctx context.Context, class string, d time.Duration) error {
	return c.alone(ctx, d, playable(c.caller.Far().Formats), func(ctx context.Context) error {
		return c.board.music.Play(ctx, c.caller.Media(), class)
	})
}

// playable are the formats that audio made here costs least in, in the order in which
// the caller likes them. What else can be encoded is for who has none of them.
func playable(liked []codec.Format) (list []codec.Format) {
	for _, f := range append(slices.Clip(liked), codec.PCMA, codec.PCMU) {
		if (f.Same(codec.PCMA) || f.Same(codec.PCMU)) && !contains(list, f) {
			list = append(list, f)
		}
	}
	return append(list, codec.DTMF)
}

// alone answers the caller in one of formats and runs play for d, or until the
// call is over.
func (c *Call) alone(ctx context.Context, d time.Duration, formats []codec.Format, play func(context.Context) error) error {
	if err := c.audible(ctx, formats); err != nil {
		return err
	}
	c.listen()
	playing, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	c.tasks.Go(func() { done <- play(playing) })
	var end <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		end = timer.C
	}
	var quiet silence
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-done:
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case playing.Err() != nil: // d is over
				return nil
			}
			return noCommonCodec(err)
		case <-end:
			stop()
		case i := <-c.caller.Infos():
			c.pressed(i)
		case <-c.caller.Changed():
			c.touched()
		case <-watch.C:
			if !c.accepted {
				continue // nobody has to send before the answer
			}
			if e := quiet.check(c.caller, c.board.config().Media.Timeout.D()); e != nil {
				return e
			}
		}
	}
}
