package call

import (
	"context"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// Echo implements dialplan.Session.
func (c *Call) Echo(ctx context.Context) error {
	return c.alone(ctx, c.caller.Far().Formats, func(ctx context.Context) error {
		stop := media.Echo(c.caller.Media())
		defer stop()
		<-ctx.Done()
		return nil
	})
}

// Tone implements dialplan.Session.
func (c *Call) Tone(ctx context.Context, hz float64) error {
	return c.alone(ctx, playable(), func(ctx context.Context) error {
		return media.PlayTone(ctx, c.caller.Media(), hz)
	})
}

// Music implements dialplan.Session.
func (c *Call) Music(ctx context.Context) error {
	return c.alone(ctx, playable(), func(ctx context.Context) error {
		return media.PlayMusic(ctx, c.caller.Media())
	})
}

// playable are the formats that audio made here can be encoded in.
func playable() []codec.Format { return []codec.Format{codec.PCMA, codec.PCMU, codec.DTMF} }

// alone answers the caller in one of formats and runs play until the call is
// over. play starts afresh when the caller renegotiates.
func (c *Call) alone(ctx context.Context, formats []codec.Format, play func(context.Context) error) error {
	if err := c.caller.Answer(ctx, Want{Formats: formats, Direction: media.SendRecv}); err != nil {
		return err
	}
	c.answered()
	var quiet silence
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	for {
		select {
		case <-c.caller.Changed(): // play starts from what is agreed now
		default:
		}
		playing, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		c.tasks.Go(func() { done <- play(playing) })
		again, err := c.listen(ctx, &quiet, watch.C, done)
		stop()
		if !again {
			return err
		}
		<-done
	}
}

// listen waits while audio plays; again says that the audio must start afresh.
func (c *Call) listen(ctx context.Context, quiet *silence, watch <-chan time.Time, done <-chan error) (again bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case err := <-done:
			if err != nil && ctx.Err() == nil {
				return false, noCommonCodec(err)
			}
			return false, err
		case <-c.caller.Changed():
			return true, nil
		case <-c.caller.Infos(): // nobody to pass it to
		case <-watch:
			if e := quiet.check(c.caller, c.board.config().Media.Timeout.D()); e != nil {
				return false, e
			}
		}
	}
}
