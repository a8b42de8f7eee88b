package call

import (
	"context"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/recording"
)

// What one hears whose key or order did something to a recording.
const (
	stoppedPrompt = "record/stopped"
	pausedPrompt  = "record/paused"
	resumedPrompt = "record/resumed"
	failedPrompt  = "record/failed"
)

// prepare sees to it that both know, before they are joined, when the conversation is to be
// recorded; the one at a place has come to it, the other one may be there already. An error
// is why it is over.
func (v *conversation) prepare(ctx context.Context, at int) error {
	c, callee := v.call, v.callee.Info().Party
	if c.urgent || c.rule(c.extensionOf(v.callee)) == config.RecordNever {
		v.private = true
		c.private(1)
		return nil
	}
	if err := v.welcome(ctx); err != nil {
		return err
	}
	take, told, over := c.recording()
	switch {
	case take != nil && at == 0: // the callee knows
	case take != nil && told:
		if err := v.tellCallee(ctx); err != nil {
			return err
		}
		take.Joined(callee)
	case take != nil:
		take.Joined(callee)
	case !over && c.board.recordings != nil:
		as, recorded := c.goesOn()
		switch {
		case recorded:
		case c.wanted(v.callee):
			as = starting{by: recording.ByRule}
		default:
			return nil
		}
		if err := v.answer(ctx); err != nil {
			return err
		}
		_, err := v.begin(ctx, as)
		return err
	}
	return nil
}

// private notes that a party is in the call, or has left it, who is never recorded.
func (c *Call) private(by int) {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.private += by
	c.tape.apply()
}

// taped sees to it that the caller knows when a conference is recorded. In one that is not,
// whose members know of nothing, a recording of the call pauses until out is called.
func (c *Call) taped(ctx context.Context, j dialplan.Joining) (out func(), refused string, err error) {
	cfg := c.board.config()
	take, told, _ := c.recording()
	switch recorded := cfg.Conferences[j.Conference].Record && c.board.recordings != nil; {
	case recorded && cfg.Recording.Announce && (take == nil || !told):
		notice := dialplan.Playing{Files: []string{recordedPrompt}, Language: j.Language}
		if err := c.said(c.files(ctx, c.caller.Media(), notice, nil)); err != nil {
			refused, err = c.unrecorded(ctx, err)
			return nil, refused, err
		}
	case !recorded && told:
		c.private(1)
		return func() { c.private(-1) }, "", nil
	}
	return func() {}, "", nil
}

// answer answers the caller before it is joined with anybody.
func (v *conversation) answer(ctx context.Context) error {
	if v.call.accepted {
		return nil
	}
	if err := v.call.caller.Answer(ctx, nearFor(v.callee.Far())); err != nil {
		return err
	}
	v.call.accepted = true
	v.call.answered()
	return nil
}

// tellCallee lets one who joins a recorded call know. When that cannot be, the recording
// ends.
func (v *conversation) tellCallee(ctx context.Context) error {
	defer v.aside()()
	_, err := v.call.tell(ctx, config.ConsentAnnounce, "", v.callee)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case v.callee.Context().Err() != nil:
		return context.Cause(v.callee.Context())
	}
	v.call.stop()
	_, err = v.call.unrecorded(ctx, err)
	return err
}

// aside keeps the two from hearing each other, and their keys from each other, while they
// are told something.
func (v *conversation) aside() (again func()) {
	var release [2]func()
	for i, k := range v.keyed {
		k.tap.PassEvents(false)
		if k.tap.Sink() == nil {
			k.tap.SetSink(unheard{})
		}
		release[i] = k.tap.Hold()
	}
	return func() {
		for i, k := range v.keyed {
			k.keys.Clear()
			release[i]()
		}
		v.arrange()
	}
}

// begin begins to record.
func (v *conversation) begin(ctx context.Context, s starting) (why string, err error) {
	if v.answered && (v.caller.Far().Direction != media.SendRecv || v.callee.Far().Direction != media.SendRecv) {
		return "somebody is on hold", nil
	}
	return v.call.begin(ctx, s, []Leg{v.callee}, func(ctx context.Context, consent string) (bool, error) {
		defer v.aside()()
		return v.call.tell(ctx, consent, v.call.language(), v.caller, v.callee)
	})
}

// recordKey begins to record, or stops. An error is why the conversation is over.
func (v *conversation) recordKey(ctx context.Context, from int) error {
	c := v.call
	if take, _, _ := c.recording(); take != nil {
		c.stop()
		v.whisper(ctx, from, stoppedPrompt)
		return nil
	}
	why, err := v.begin(ctx, starting{by: recording.ByKey})
	if err == nil && why != "" {
		c.log.Info("a key records nothing", "party", v.keyed[from].leg.Info().Party, "reason", why)
		v.whisper(ctx, from, failedPrompt)
	}
	return err
}

// pauseKey leaves out what is said from now on, or goes on.
func (v *conversation) pauseKey(ctx context.Context, from int) error {
	take, _, _ := v.call.recording()
	switch {
	case take == nil:
	case v.call.pause(true):
		v.whisper(ctx, from, pausedPrompt)
	default:
		v.whisper(ctx, from, resumedPrompt)
		v.call.pause(false)
	}
	return nil
}
