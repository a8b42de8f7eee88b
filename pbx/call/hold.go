package call

import (
	"context"
	"errors"

	"dialtone/config"
	"dialtone/media"
	"dialtone/media/tone"
)

// Music plays music to who waits. It is safe for concurrent use.
type Music interface {
	// Play lets e hear music of a class until ctx is done, and returns its cause. "", and
	// a class that does not exist, is the default one. The error is a
	// *media.NoCommonCodecError when e accepts no codec that can be encoded.
	Play(ctx context.Context, e media.Endpoint, class string) error
}

// builtIn is for a Switchboard without Music.
type builtIn struct{}

// Play implements Music.
func (builtIn) Play(ctx context.Context, e media.Endpoint, _ string) error {
	return media.PlayMusic(ctx, e)
}

// waiting is what a party hears while it waits. Only the call's goroutine uses it.
type waiting struct {
	stop context.CancelFunc
	done chan struct{} // closed when nothing is sent any more
}

// wait plays something to a party until hush is called.
func (c *Call) wait(ctx context.Context, play func(context.Context) error) waiting {
	ctx, stop := context.WithCancel(ctx)
	w := waiting{stop, make(chan struct{})}
	c.tasks.Go(func() {
		defer close(w.done)
		var silent *media.NoCommonCodecError
		switch err := play(ctx); {
		case ctx.Err() != nil:
		case errors.As(err, &silent):
			c.log.Debug("who waits hears nothing", "error", err)
		case err != nil:
			c.log.Warn("who waits hears nothing", "error", err)
		}
	})
	return w
}

// plays reports whether something is heard.
func (w *waiting) plays() bool {
	if w.done == nil {
		return false
	}
	select {
	case <-w.done:
		return false
	default:
		return true
	}
}

// hush ends what is heard and waits for that.
func (w *waiting) hush() {
	if w.done != nil {
		w.stop()
		<-w.done
		*w = waiting{}
	}
}

// ringback plays the ringing tone of the site's country.
func (c *Call) ringback(ctx context.Context) error { return c.sound(ctx, c.caller, tone.Ringback) }

// comfort lets the caller know that it rings: by its own phone before the answer, by a
// tone after that, or by music.
func (f *forking) comfort() {
	c := f.call
	if f.waiter.plays() {
		return
	}
	if f.music != "" && (c.accepted || c.heardEarly()) {
		f.waiter = c.wait(f.ctx, func(ctx context.Context) error { return c.board.music.Play(ctx, c.caller.Media(), f.music) })
		return
	}
	if c.accepted {
		f.waiter = c.wait(f.ctx, c.ringback)
		return
	}
	c.ring()
}

// held reports whether a party hears music because the other one holds it.
func (v *conversation) held(party int) bool {
	leg, other := v.keyed[party].leg, v.keyed[1-party].leg
	if !v.answered || v.call.board.config().Music.Hold == config.NoMusic || len(other.Far().Formats) == 0 {
		return false
	}
	if other.Far().Direction.Recv || !leg.Far().Direction.Recv {
		return false
	}
	_, err := media.Playable(leg.Media())
	return err == nil
}

// near is what a party is told of the other one: while it hears music that it is sent
// something, whatever the other one sends.
func (v *conversation) near(party int) Want {
	near := nearFor(v.keyed[1-party].leg.Far())
	if v.held(party) {
		near.Direction = media.SendOnly
	}
	return near
}

// resume ends the music of a party that is not on hold any more.
func (v *conversation) resume() {
	for i := range v.music {
		if !v.held(i) {
			v.music[i].hush()
		}
	}
}

// hold plays music to a party that is on hold; what the other one sends is not heard.
func (v *conversation) hold(ctx context.Context) {
	for i := range v.music {
		if !v.held(i) {
			continue
		}
		v.keyed[1-i].tap.SetSink(unheard{})
		if !v.music[i].plays() {
			e, class := v.keyed[i].leg.Media(), v.call.board.config().Music.Hold
			v.music[i] = v.call.wait(ctx, func(ctx context.Context) error { return v.call.board.music.Play(ctx, e, class) })
		}
	}
}

// unheard is where audio goes that nobody is to hear.
type unheard struct{}

// Packet implements media.Sink.
func (unheard) Packet(*media.Packet) {}
