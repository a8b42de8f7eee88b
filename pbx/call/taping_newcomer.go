package call

import (
	"cmp"
	"context"

	"dialtone/config"
	"dialtone/pbx/recording"
)

// newcomer has a recording pause because somebody else is in the caller's place, who does
// not know of it.
func (c *Call) newcomer() {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.behind = c.live() != nil
	c.tape.apply()
}

// welcome lets a newcomer in the caller's place know that the call is recorded, by the rule
// for his consent, and has the recording go on with him. Without his consent it ends; who is
// never recorded is left out. An error is why the call is over, or interrupted.
func (c *Call) welcome(ctx context.Context, tell func(context.Context, string) (bool, error)) error {
	c.tape.mu.Lock()
	take, behind, told, as := c.live(), c.tape.behind, c.tape.told, c.tape.as
	c.tape.mu.Unlock()
	if take == nil || !behind || c.forbidden() != "" {
		return nil
	}
	consent := cmp.Or(as.consent, c.board.config().Consent(c.did(), c.facts.Trunk))
	if told && consent == config.ConsentSilent {
		consent = config.ConsentAnnounce
	}
	agreed, err := tell(ctx, consent)
	if err != nil {
		if ctx.Err() == nil {
			c.stop()
		}
		_, err = c.unrecorded(ctx, err)
		return err
	}
	if !agreed {
		c.disagrees()
		return nil
	}
	take.Joined(c.caller.Info().Party)
	c.follow()
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.told = c.tape.told || consent != config.ConsentSilent
	c.tape.behind = false
	c.tape.apply()
	return nil
}

// disagrees ends a recording to which somebody does not agree.
func (c *Call) disagrees() {
	c.stop()
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.refused = true
}

// follow has a recording go on where the caller is now.
func (c *Call) follow() {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	take, ok := c.live().(recording.CallTake)
	if !ok {
		return
	}
	if err := take.Follow(c.caller.Media()); err != nil {
		c.log.Warn("a recording does not go on", "recording", take.ID(), "error", err)
	}
}

// welcomeAlone is for one who is joined with nobody.
func (c *Call) welcomeAlone(ctx context.Context) error {
	return c.welcome(ctx, func(ctx context.Context, consent string) (bool, error) {
		return c.tellAlone(c.language())(ctx, consent)
	})
}

// welcome is that of the call, while the callee hears nothing of it.
func (v *conversation) welcome(ctx context.Context) error {
	return v.call.welcome(ctx, func(ctx context.Context, consent string) (bool, error) {
		defer v.aside()()
		return v.call.tell(ctx, consent, v.call.language(), v.caller)
	})
}
