package call

import (
	"context"
	"slices"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
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

// Music implements dialplan.Session.
func (c *Call) Music(ctx context.Context, d time.Duration) error {
	return c.alone(ctx, d, playable(c.caller.Far().Formats), func(ctx context.Context) error {
		return media.PlayMusic(ctx, c.caller.Media())
	})
}

// playable are the formats that audio made here can be encoded in, in the order
// in which the caller likes them.
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
	if err := c.accept(ctx, formats); err != nil {
		return err
	}
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
		case <-c.caller.Infos(): // nobody to pass it to
		case <-watch.C:
			if e := quiet.check(c.caller, c.board.config().Media.Timeout.D()); e != nil {
				return e
			}
		}
	}
}
