package call

import (
	"context"
	"mime"
	"strconv"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
)

// trailing is the key that people press behind a number that was complete without
// it.
type trailing struct {
	keys  string
	until time.Time
}

// listen hears the keys of the caller from now on, until somebody else gets its
// audio.
func (c *Call) listen() {
	if c.keys == nil {
		c.keys = media.NewKeys()
	}
	if c.accepted || c.early {
		c.keys.Listen(habitsOf(c.caller).tones)
		c.caller.Media().SetSink(c.keys)
	}
}

// pressed takes a key that came as an INFO.
func (c *Call) pressed(i Info) {
	if c.keys == nil {
		c.keys = media.NewKeys()
	}
	press(c.keys, i)
}

// press takes a key that an INFO tells of.
func press(keys *media.Keys, i Info) {
	if digit, held, ok := keyOf(i); ok {
		keys.Press(digit, held, media.ByInfo)
	}
}

// letGo waits until a party has let go of a key that was heard, so that a phone
// that it is joined with does not hear the rest of it; two seconds at most.
func letGo(ctx context.Context, keys *media.Keys) {
	if keys == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for wait := keys.Release(); wait > 0 && ctx.Err() == nil; wait = keys.Release() {
		select {
		case <-keys.Released():
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// dropTrailing forgets a key that belongs to the number before.
func (c *Call) dropTrailing() {
	k, waits := c.keys.First()
	if !waits {
		return
	}
	if strings.IndexByte(c.trailing.keys, k.Digit) >= 0 && !k.At.After(c.trailing.until) {
		c.keys.Take(string(k.Digit))
	}
	c.trailing = trailing{}
}

// keyOf reads an INFO that tells of a key: application/dtmf-relay with a Signal
// and perhaps a Duration in milliseconds, or application/dtmf with nothing but the
// key.
func keyOf(i Info) (digit byte, held time.Duration, ok bool) {
	kind, _, err := mime.ParseMediaType(i.ContentType)
	if err != nil || kind != "application/dtmf-relay" && kind != "application/dtmf" {
		return 0, 0, false
	}
	signal := strings.TrimSpace(string(i.Body))
	for line := range strings.Lines(string(i.Body)) {
		name, value, found := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch name = strings.TrimSpace(name); {
		case !found:
		case strings.EqualFold(name, "Signal"):
			signal = value
		case strings.EqualFold(name, "Duration"):
			if ms, err := strconv.ParseUint(value, 10, 16); err == nil {
				held = time.Duration(ms) * time.Millisecond
			}
		}
	}
	// Some phones write the code of RFC 4733: 10 and 11 are * and #.
	if code, err := strconv.ParseUint(signal, 10, 8); err == nil && len(signal) == 2 && code >= 10 && int(code) < len(dialplan.Keypad) {
		return dialplan.Keypad[code], held, true
	}
	signal = strings.ToUpper(signal)
	if len(signal) != 1 || !strings.Contains(dialplan.Keypad, signal) {
		return 0, 0, false
	}
	return signal[0], held, true
}
