package conference

import "context"

// player lets one hear prompts, the newest in the place of those before.
type player struct {
	seat   *Seat
	ctx    context.Context //nolint:containedctx // is the life of what he does
	clip   func(context.Context, Clip) error
	after  func(context.Context) error // when all was heard; nil is nothing
	failed chan error                  // capacity 1: he can hear nothing

	stop context.CancelFunc
	done chan struct{}
}

// play begins to play prompts.
func (p *player) play(names ...string) { p.say(words(names...)) }

// say begins to say phrases.
func (p *player) say(list []phrase) {
	p.hush()
	ctx, stop := context.WithCancel(p.ctx)
	p.stop, p.done = stop, make(chan struct{})
	done := p.done
	p.seat.room.rooms.tasks.Go(func() {
		defer close(done)
		err := p.all(ctx, list)
		if err == nil && p.after != nil {
			err = p.after(ctx)
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		select {
		case p.failed <- err:
		default:
		}
	})
}

func (p *player) all(ctx context.Context, list []phrase) (err error) {
	for _, c := range p.seat.room.rooms.phrases(p.seat.Language, list) {
		if err == nil && ctx.Err() == nil {
			err = p.clip(ctx, c)
		}
		_ = c.Close()
	}
	return err
}

// hush stops what is played, and waits for that.
func (p *player) hush() {
	if p.stop != nil {
		p.stop()
		<-p.done
		p.stop = nil
	}
}
