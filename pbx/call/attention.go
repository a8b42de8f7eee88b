package call

import (
	"context"
	"time"

	"dialtone/dialplan"
)

// attention is the caller while we listen for keys, and perhaps play files. The
// call's goroutine owns it.
type attention struct {
	call    *Call
	ctx     context.Context //nolint:containedctx // is the life of the step
	stop    context.CancelFunc
	over    chan playback   // of what is played; nil when nothing is
	skipped []string        // why files were left out
	ended   <-chan struct{} // of something else; nil when nothing is
	watch   *time.Ticker
	quiet   silence
	steer   *steering // of what is played; nil when keys do not move about in it
}

// playback is how the playing of files ended.
type playback struct {
	skipped []string
	err     error
}

// event is what an attention waited for.
type event uint8

const (
	keyPressed event = iota
	allPlayed
	timedOut
	hasEnded
)

// attend answers the caller, unless it hears us already, and listens for its keys.
func (c *Call) attend(ctx context.Context) (*attention, error) {
	if err := c.audible(ctx, playable(c.caller.Far().Formats)); err != nil {
		return nil, err
	}
	c.listen()
	return &attention{call: c, ctx: ctx, watch: time.NewTicker(watchEvery)}, nil
}

// play begins to play files.
func (a *attention) play(p dialplan.Playing) {
	if len(p.Files) == 0 && p.Text == "" {
		return
	}
	a.steer = &steering{Skipping: p.Skip}
	a.begin(func(ctx context.Context) playback { return a.call.files(ctx, a.call.caller.Media(), p, a.steer) })
}

// skip takes the keys that move about in what is played.
func (a *attention) skip() {
	if a.steer == nil {
		return
	}
	for set := a.steer.Keys(); set != ""; {
		k, ok := a.call.keys.Take(set)
		if !ok {
			return
		}
		a.steer.press(k.Digit)
	}
}

// begin lets something be played.
func (a *attention) begin(play func(context.Context) playback) {
	ctx, stop := context.WithCancel(a.ctx)
	over := make(chan playback, 1)
	a.stop, a.over = stop, over
	a.call.tasks.Go(func() { over <- play(ctx) })
}

// hush stops what is played.
func (a *attention) hush() {
	if a.over == nil {
		return
	}
	a.stop()
	p := <-a.over
	a.over, a.skipped = nil, append(a.skipped, p.skipped...)
}

func (a *attention) close() {
	a.hush()
	a.watch.Stop()
}

// result says which files were left out.
func (a *attention) result() error { return unplayable(a.skipped) }

func unplayable(skipped []string) error {
	if len(skipped) > 0 {
		return &dialplan.UnplayableError{Why: skipped}
	}
	return nil
}

// next waits for a key, for the end of what is played or for timer.
func (a *attention) next(timer <-chan time.Time) (event, error) {
	c := a.call
	for {
		select {
		case <-a.ctx.Done():
			return 0, context.Cause(a.ctx)
		case p := <-a.over:
			a.stop()
			a.over, a.skipped = nil, append(a.skipped, p.skipped...)
			switch {
			case a.ctx.Err() != nil:
				return 0, context.Cause(a.ctx)
			case p.err != nil:
				return 0, noCommonCodec(p.err)
			}
			return allPlayed, nil
		case <-c.keys.Pressed():
			return keyPressed, nil
		case <-timer:
			return timedOut, nil
		case <-a.ended:
			return hasEnded, nil
		case i := <-c.caller.Infos():
			c.pressed(i)
		case <-c.caller.Changed():
			c.touched()
		case <-a.watch.C:
			if !c.accepted {
				continue // nobody has to send before the answer
			}
			if e := a.quiet.check(c.caller, c.board.config().Media.Timeout.D()); e != nil {
				return 0, e
			}
		}
	}
}
