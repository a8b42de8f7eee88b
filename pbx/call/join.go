package call

import (
	"context"
	"errors"
	"time"

	"dialtone/pbx/voicemail"
)

// Join implements voicemail.Line: the caller of another call is the callee of this one.
func (c line) Join(ctx context.Context, other voicemail.Line) error {
	o, ok := other.(line)
	if !ok {
		return errors.New("the other one is no call of this exchange")
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(o.ctx, func() { stop(context.Cause(o.ctx)) })()
	p := c.party(o.caller, nil)
	c.mu.Lock()
	p.record.Parent, p.record.Trunk, p.record.Answer = c.caller.ID(), o.caller.Info().Trunk, time.Now()
	c.mu.Unlock()
	return c.converse(ctx, o.caller, "")
}
