package call

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
)

// maxUnsentKeys bounds what waits to be sent to one party.
const maxUnsentKeys = 64

// keySender sends keys to one party, one after the other, in the form that it wants.
// Safe for concurrent use.
type keySender struct {
	call *Call
	leg  Leg
	hold func() (release func()) // keeps back what else is sent to it; nil: nothing is

	mu      sync.Mutex
	waiting []outKey
	sending bool
}

// outKey is a key to send, or a pause: w is half a second, W a second.
type outKey struct {
	key  byte
	held time.Duration // 0 is as long as usual
}

// press queues keys; ctx is what they are sent in.
func (s *keySender) press(ctx context.Context, keys ...outKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		if len(s.waiting) < maxUnsentKeys {
			s.waiting = append(s.waiting, k)
		}
	}
	if !s.sending && len(s.waiting) > 0 {
		s.sending = true
		s.call.tasks.Go(func() { s.run(ctx) })
	}
}

func (s *keySender) run(ctx context.Context) {
	for {
		s.mu.Lock()
		if len(s.waiting) == 0 || ctx.Err() != nil {
			s.sending, s.waiting = false, nil
			s.mu.Unlock()
			return
		}
		k := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.mu.Unlock()
		if err := s.send(ctx, k); err != nil && ctx.Err() == nil {
			s.call.log.Warn("a key is not sent", "party", s.leg.Info().Party, "error", err)
		}
	}
}

// send sends one key and returns when the pause behind it is over, too.
func (s *keySender) send(ctx context.Context, k outKey) error {
	switch k.key {
	case 'w':
		return pause(ctx, 500*time.Millisecond)
	case 'W':
		return pause(ctx, time.Second)
	}
	held := max(k.held, media.KeyOn)
	switch h := habitsOf(s.leg); h.wants {
	case asInfo:
		s.leg.SendInfo(infoOf(k.key, held))
		return pause(ctx, media.KeyOff)
	case asTones:
		defer s.quiet()()
		return media.SendTones(ctx, s.leg.Media(), string(k.key), held)
	case asNothing:
		return &media.NoEventsError{Formats: s.leg.Media().Formats()}
	}
	release := s.quiet()
	err := media.SendEvent(ctx, s.leg.Media(), k.key, held)
	release()
	if err != nil {
		return err
	}
	return pause(ctx, media.KeyOff)
}

func (s *keySender) quiet() (release func()) {
	if s.hold == nil {
		return func() {}
	}
	return s.hold()
}

// pause waits for d, or for the end of ctx, of which it gives the cause.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// infoOf is an INFO that tells of a key.
func infoOf(key byte, held time.Duration) Info {
	return Info{
		ContentType: "application/dtmf-relay",
		Body:        fmt.Appendf(nil, "Signal=%c\r\nDuration=%d\r\n", key, held.Milliseconds()),
	}
}

// outKeys are keys as a plan writes them.
func outKeys(keys string) (out []outKey) {
	for i := range len(keys) {
		if k := keys[i]; k == 'w' || k == 'W' || strings.IndexByte(dialplan.Keypad, k) >= 0 {
			out = append(out, outKey{key: k})
		}
	}
	return out
}

// SendKeys implements dialplan.Session.
func (c *Call) SendKeys(ctx context.Context, keys string) error {
	if err := c.audible(ctx, playable(c.caller.Far().Formats)); err != nil {
		return err
	}
	c.listen()
	s := &keySender{call: c, leg: c.caller}
	for _, k := range outKeys(keys) {
		if err := s.send(ctx, k); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			c.log.Warn("a key is not sent", "error", err)
		}
	}
	return nil
}

// KeyEcho implements dialplan.Session.
func (c *Call) KeyEcho(ctx context.Context, d time.Duration) error {
	a, err := c.attend(ctx)
	if err != nil {
		return err
	}
	defer a.close()
	var end <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		end = t.C
	}
	sending, stop := context.WithCancel(ctx)
	defer stop()
	s := &keySender{call: c, leg: c.caller}
	for {
		what, err := a.next(end)
		if err != nil || what == timedOut {
			return err
		}
		for k, ok := c.keys.Take(dialplan.Keypad); ok; k, ok = c.keys.Take(dialplan.Keypad) {
			letGo(ctx, c.keys)
			s.press(sending, outKey{key: k.Digit})
		}
	}
}
