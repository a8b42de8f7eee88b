package dialplan

import (
	"context"
	"strings"
	"time"
)

// SendKeys answers and presses keys at the caller's end, in the form that it wants.
type SendKeys struct {
	Placed
	// Keys are those to press: 0 to 9, * and #, A to D. A w waits half a second, a W a
	// second.
	Keys Text `yaml:"send_keys" main:"true"`
}

// String implements Step.
func (s *SendKeys) String() string { return "send_keys " + s.Keys.Value }

// Run implements Step.
func (s *SendKeys) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	return r.Session.SendKeys(ctx, r.expandKeys(&s.Keys))
}

func (s *SendKeys) check(c *checker) { c.pressing(&s.Keys) }

func (*SendKeys) waits() bool { return true }

// KeyEcho answers and sends back each key that the caller presses, in the form that
// the phone wants.
type KeyEcho struct {
	Placed
	// For is how long; without it, until the caller hangs up.
	For time.Duration `yaml:"key_echo" main:"optional" min:"100ms" max:"1d"`
}

// String implements Step.
func (s *KeyEcho) String() string { return "key_echo" + during(s.For) }

// Run implements Step.
func (s *KeyEcho) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	return r.Session.KeyEcho(ctx, s.For)
}

func (*KeyEcho) check(*checker) {}
func (s *KeyEcho) final() bool  { return s.For == 0 }
func (*KeyEcho) waits() bool    { return true }

// maxPressed is how many keys are sent at once.
const maxPressed = 64

// pressable are the keys that can be sent, and the pauses between them.
const pressable = Keypad + "wW"

// expandKeys gives the keys of t; what is no key in the value of a variable is left
// out.
func (r *Run) expandKeys(t *Text) string {
	keys := strings.Map(func(c rune) rune {
		if strings.ContainsRune(pressable, c) {
			return c
		}
		return -1
	}, r.expand(t))
	return keys[:min(len(keys), maxPressed)]
}

// pressing checks keys to send.
func (c *checker) pressing(t *Text) {
	c.text(t)
	words := t.Value
	if t.parts != nil {
		words = ""
		for _, p := range t.parts {
			words += p.words
		}
	}
	if strings.Trim(words, pressable) != "" || len(words) > maxPressed {
		c.fail(t.At, quote(t.Value)+" are no keys of a phone", `write some of 0 to 9, * and #, A to D in quotes, with w for half a second between`)
	}
}
