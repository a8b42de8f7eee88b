package call

import (
	"context"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// Answer implements dialplan.Session: in a format in which tones can be made,
// when the caller has one.
func (c *Call) Answer(ctx context.Context) error {
	if c.accepted {
		return nil
	}
	err := c.accept(ctx, playable(c.caller.Far().Formats))
	if err != nil && c.ended(err).Cause == noCommonCodec(err).Cause && c.ctx.Err() == nil {
		return c.accept(ctx, c.caller.Far().Formats)
	}
	return err
}

// Ring implements dialplan.Session.
func (c *Call) Ring(context.Context) error {
	if !c.accepted {
		c.ring()
		c.setState(Ringing)
	}
	return nil
}

// Wait implements dialplan.Session.
func (c *Call) Wait(ctx context.Context, d time.Duration) error {
	c.listen()
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case i := <-c.caller.Infos():
			c.pressed(i)
		case <-c.caller.Changed():
			c.touched()
		case <-t.C:
			return nil
		}
	}
}

// ring lets the caller hear that it rings, before the answer.
func (c *Call) ring() {
	if !c.accepted {
		c.caller.Ring()
	}
}

// progress opens the caller's audio, in the formats of near.
func (c *Call) progress(near Want) error {
	if c.accepted {
		c.caller.Near(near)
		return nil
	}
	return c.caller.Progress(near)
}

// accept answers the caller in one of formats; when it was answered before, it
// asks for them.
func (c *Call) accept(ctx context.Context, formats []codec.Format) error {
	near := Want{Formats: formats, Made: made(formats), Direction: media.SendRecv}
	if c.accepted {
		c.caller.Near(near)
		c.answered()
		c.origin.reached()
		return nil
	}
	if err := c.caller.Answer(ctx, near); err != nil {
		return err
	}
	c.accepted = true
	c.answered()
	return nil
}
