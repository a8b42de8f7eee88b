package call

import (
	"context"
	"time"

	"dialtone/dialplan"
	"dialtone/media/tone"
)

// How a number is typed within a conversation.
const (
	firstDigit = 10 * time.Second // until the first key
	nextDigit  = 4 * time.Second  // until it is complete without "#"
	maxDialled = 32
)

// transferKey sends the other party on to the number that is typed.
func (v *conversation) transferKey(ctx context.Context, from int) error {
	number, err := v.dialled(ctx, from)
	if err != nil {
		return err
	}
	if number == "" {
		v.join(ctx)
		v.wrong(ctx, from)
		return nil
	}
	c, by := v.call, v.leg(from)
	failed := false
	var waits waiting
	err = v.transfer(ctx, from, &change{leg: by.ID(), done: make(chan error, 1), to: &Transfer{To: number, Report: func(status int) {
		if status < 200 && !waits.plays() {
			waits = c.wait(ctx, func(ctx context.Context) error { return c.sound(ctx, by, tone.Ringback) })
		}
		if status >= 200 { // somebody else may be sent to it now
			waits.hush()
		}
		failed = status >= 300
	}}})
	waits.hush()
	if err == nil && failed {
		v.wrong(ctx, from)
	}
	return err
}

// consultKey lets the other party wait while from talks with the number that is typed.
func (v *conversation) consultKey(ctx context.Context, from int) error {
	number, err := v.dialled(ctx, from)
	if err != nil {
		return err
	}
	if number == "" {
		v.join(ctx)
		v.wrong(ctx, from)
		return nil
	}
	return v.consult(ctx, from, number)
}

// returnKey ends a consultation; when nobody waits any more, it begins another one.
func (v *conversation) returnKey(ctx context.Context, from int) error {
	if !v.call.origin.awaited() {
		return v.consultKey(ctx, from)
	}
	return &dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "a key ended the consultation"}
}

// dialled is the number that a party types while the other one waits; "" is none. An error
// is why the conversation is over.
func (v *conversation) dialled(ctx context.Context, from int) (string, error) {
	v.part()
	c, k, other := v.call, v.keyed[from], v.keyed[1-from].leg
	k.tap.SetSink(unheard{})
	defer k.tap.SetSink(nil)
	v.music[1-from] = c.entertain(ctx, other)
	defer v.music[1-from].hush()
	invites := c.wait(ctx, func(ctx context.Context) error { return c.sound(ctx, k.leg, tone.Dial) })
	defer invites.hush()
	patience := time.NewTimer(firstDigit)
	defer patience.Stop()
	var number []byte
	for {
		for key, ok := k.keys.Take(dialplan.Keypad); ok; key, ok = k.keys.Take(dialplan.Keypad) {
			invites.hush()
			if key.Digit == '#' || len(number) == maxDialled {
				letGo(ctx, k.keys)
				return string(number), nil
			}
			number = append(number, key.Digit)
			patience.Reset(nextDigit)
		}
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-k.leg.Context().Done():
			return "", context.Cause(k.leg.Context())
		case <-other.Context().Done():
			return "", context.Cause(other.Context())
		case ch := <-c.changes:
			ch.refuse(errChanging())
		case i := <-k.leg.Infos():
			press(k.keys, i)
		case <-other.Infos():
		case <-k.leg.Changed():
			c.touched()
		case <-other.Changed():
			c.touched()
		case <-k.keys.Pressed():
		case <-patience.C:
			return string(number), nil
		}
	}
}

// entertain lets a party that waits hear music, when there is any.
func (c *Call) entertain(ctx context.Context, leg Leg) waiting {
	class := c.board.config().Music.Hold
	return c.wait(ctx, func(ctx context.Context) error { return c.board.music.Play(ctx, leg.Media(), class) })
}
