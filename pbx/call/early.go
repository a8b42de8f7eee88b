package call

import (
	"context"

	"dialtone/media"
	"dialtone/media/codec"
)

// Progress implements dialplan.Session: in a format in which tones can be made,
// when the caller has one.
func (c *Call) Progress(ctx context.Context) error {
	if c.accepted || c.early {
		return nil
	}
	liked := c.caller.Far().Formats
	err := c.open(playable(liked))
	if err != nil && ctx.Err() == nil && c.ended(err).Cause == noCommonCodec(err).Cause {
		err = c.open(liked)
	}
	return err
}

// heardEarly opens the audio before the answer for what is made here, and reports
// whether that works. What is played later still answers.
func (c *Call) heardEarly() bool {
	formats := playable(c.caller.Far().Formats)
	return c.early || c.progress(Want{Formats: formats, Made: made(formats), Direction: media.SendRecv}) == nil
}

// open opens the caller's audio before the answer.
func (c *Call) open(formats []codec.Format) error {
	err := c.caller.Progress(Want{Formats: formats, Made: made(formats), Direction: media.SendRecv})
	c.early = err == nil
	return err
}

// audible answers the caller in one of formats, unless it hears us already.
func (c *Call) audible(ctx context.Context, formats []codec.Format) error {
	if c.early && !c.accepted {
		return nil
	}
	return c.accept(ctx, formats)
}
