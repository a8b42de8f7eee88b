package dialplan

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Pin answers and asks for a PIN, and goes on only when it is right. Who enters nine
// wrong ones without a right one in between, or sixty in all, is not asked any more
// until 15 minutes have passed without another; sixty on one trunk stop that for all
// of its callers. What is pressed is neither logged nor kept.
type Pin struct {
	Placed
	// Pins are the names of those of pins that are right here; without any, all are.
	Pins Texts `yaml:"pin" main:"optional"`
	// Prompt are files that are played first, as by play.
	Prompt Texts `yaml:"prompt"`
	// Invalid are files that are played before the caller is asked again.
	Invalid Texts `yaml:"invalid"`
	// Timeout is how long to wait for the first key when all was played; the default
	// is 10s.
	Timeout time.Duration `yaml:"timeout" min:"500ms" max:"5m"`
	// Tries is how often the caller is asked; the default is 3.
	Tries int `yaml:"tries" min:"1" max:"5"`
	// On are the steps for when no PIN was right. The call ends behind them, unless
	// they lead elsewhere with goto.
	On PinOn `yaml:"on"`
}

// PinOn are the branches of a pin.
type PinOn struct {
	// Failed is for a caller that did not enter a right PIN, or may not try.
	Failed Steps `yaml:"failed"`
}

const (
	pinTries   = 3
	pinTimeout = 10 * time.Second
	pinBetween = 5 * time.Second
	tooMany    = "too many wrong PINs"
)

// Guesser is who enters a PIN.
type Guesser struct {
	Caller string // extension 101, or +4930123 on the trunk
	Trunk  string // "" for an extension
}

// Guesses counts wrong PINs, so that nobody can try many. It is safe for
// concurrent use.
type Guesses interface {
	// Locked reports whether the caller has tried too many.
	Locked(Guesser) bool
	// Wrong counts one.
	Wrong(Guesser)
	// Right begins the count of the caller anew. All wrong ones together still count, so
	// that nobody who knows one PIN can try many others.
	Right(Guesser)
}

// String implements Step.
func (s *Pin) String() string {
	return strings.TrimSpace("pin " + strings.Join(values(s.Pins), ", "))
}

// Run implements Step.
func (s *Pin) Run(ctx context.Context, r *Run) error {
	r.failed, r.pin = nil, ""
	why, err := s.ask(ctx, r)
	if err != nil || r.pin != "" {
		return err
	}
	r.note(why)
	if err := r.take(ctx, s.On.Failed); err != nil {
		return err
	}
	// What stands behind a PIN is for those only that have it.
	return cmp.Or(r.failed, &Ended{Cause: CauseForbidden, Detail: why})
}

// ask asks for a PIN until one is right, which r.pin then names; why is why none
// was.
func (s *Pin) ask(ctx context.Context, r *Run) (why string, err error) {
	pins := s.pins(r.plan)
	g := Gathering{
		Playing: r.playing(s.Prompt), Max: longest(pins), Finish: gatherFinish,
		Timeout: cmp.Or(s.Timeout, pinTimeout), Between: pinBetween,
	}
	files := g.Files
	for n := range cmp.Or(s.Tries, pinTries) {
		if r.locked() {
			return tooMany, nil
		}
		got, err := r.Session.Gather(ctx, g)
		if err = r.played(err); err != nil {
			return "", err
		}
		if r.locked() { // by a call of the same caller at the same time
			return tooMany, nil
		}
		if r.guess(pins, got.Keys) {
			r.note("the PIN of " + r.pin)
			return "", nil
		}
		r.note("wrong, try " + strconv.Itoa(n+1))
		g.Fresh, g.Files = true, append(r.playing(s.Invalid).Files, files...)
	}
	return "no PIN was right", nil
}

// locked reports whether the caller has tried too many PINs.
func (r *Run) locked() bool {
	who := r.Facts.Guesser()
	if r.Guesses == nil || !r.Guesses.Locked(who) {
		return false
	}
	if r.Log != nil {
		r.Log.Warn("a PIN is not asked for: too many were wrong", "caller", who.Caller, "trunk", who.Trunk)
	}
	return true
}

// guess reports whether keys are one of pins, which r.pin then names, and counts
// it.
func (r *Run) guess(pins map[string]Secret, keys string) bool {
	r.pin = match(pins, keys)
	if keys != "" {
		r.guessed(r.Facts.Guesser(), r.pin != "")
	}
	return r.pin != ""
}

// guessed counts what somebody entered as a PIN.
func (r *Run) guessed(who Guesser, right bool) {
	switch {
	case r.Guesses == nil:
	case right:
		r.Guesses.Right(who)
	default:
		r.Guesses.Wrong(who)
	}
}

// pins are those that are right, by name.
func (s *Pin) pins(p *Plan) map[string]Secret {
	if len(s.Pins) == 0 {
		return p.pins
	}
	out := make(map[string]Secret, len(s.Pins))
	for _, t := range s.Pins {
		if pin := p.pins[t.Value]; pin != "" {
			out[t.Value] = pin
		}
	}
	return out
}

func longest(pins map[string]Secret) int {
	n := 1
	for _, p := range pins {
		n = max(n, len(p.Reveal()))
	}
	return n
}

// match gives the name of the PIN that was entered, "" when it is none, in a time
// that does not tell how much of it was right.
func match(pins map[string]Secret, entered string) string {
	sum, found := sha256.Sum256([]byte(entered)), ""
	for _, name := range keys(pins) {
		own := sha256.Sum256([]byte(pins[name].Reveal()))
		if subtle.ConstantTimeCompare(own[:], sum[:]) == 1 {
			found = name
		}
	}
	return found
}

func (s *Pin) check(c *checker) {
	c.prompts(s.Prompt)
	c.prompts(s.Invalid)
	if len(c.spec.Pins) == 0 {
		c.fail(s.Where(), "there are no PINs", `write pins: {night: file:night.pin}`)
	}
	for i, t := range s.Pins {
		c.in(fmt.Sprintf("pin.[%d]", i))
		if _, known := c.spec.Pins[t.Value]; !known && len(c.spec.Pins) > 0 {
			c.undefinedPin(t)
		}
		c.out()
	}
	c.within("on.failed", s.On.Failed)
}

func (c *checker) undefinedPin(t Text) {
	if t.Value != "" && strings.Trim(t.Value, "0123456789") == "" {
		c.fail(t.At, "this is a PIN, not the name of one", "give it a name under pins, which stands here")
		return
	}
	c.undefined(t.At, "PIN", t.Value, keys(c.spec.Pins))
}

func (s *Pin) branches() []branch { return []branch{{"failed", s.On.Failed}} }
func (*Pin) waits() bool          { return true }
