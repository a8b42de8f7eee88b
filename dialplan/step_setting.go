package dialplan

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// Setting sets something for the extension that calls: see `dialtone docs settings`. Two
// rising tones say that it is done, a low one that it is not.
type Setting struct {
	Placed
	// Name is dnd, forward, forward-busy, forward-no-answer, forward-not-registered,
	// follow-me, call-waiting or hide-number.
	Name Text `yaml:"setting" main:"true"`
	// Value is on, off, or where calls are forwarded to. Empty is on.
	Value Text `yaml:"value"`
}

// String implements Step.
func (s *Setting) String() string {
	return "setting " + s.Name.Value + " " + cmp.Or(s.Value.Value, "on")
}

// Run implements Step.
func (s *Setting) Run(ctx context.Context, r *Run) error {
	extension, err := r.asks()
	now := ""
	if err == nil {
		now, err = r.Settings.Set(extension, s.Name.Value, cmp.Or(strings.TrimSuffix(strings.TrimSpace(r.expand(&s.Value)), "#"), "on"))
	}
	return r.reply(ctx, now, err)
}

func (s *Setting) check(c *checker) {
	c.text(&s.Value)
	if !slices.Contains(SettingNames(), s.Name.Value) {
		c.undefined(s.Name.At, "setting", s.Name.Value, SettingNames())
	}
}

func (*Setting) waits() bool { return true }

// Redial goes on with the number of the last call of this extension, as if it dialled it.
type Redial struct {
	Placed
	// Which is dialled, the number that it dialled last, or caller, that of who called it
	// last.
	Which string `yaml:"redial" main:"true" enum:"dialled,caller"`
}

// String implements Step.
func (s *Redial) String() string { return "redial " + s.Which }

// Run implements Step.
func (s *Redial) Run(ctx context.Context, r *Run) error {
	extension, err := r.asks()
	number := ""
	if err == nil {
		number, err = r.Settings.Last(extension, s.Which == "caller")
	}
	if err == nil && s.Which == "caller" {
		number, err = r.plan.callsBack(number)
	}
	if err != nil {
		return r.reply(ctx, "", err)
	}
	r.note("it is " + number)
	return r.goOn(ctx, number)
}

func (*Redial) check(*checker) {}
func (*Redial) waits() bool    { return true }

// HideNumber goes on with a number, as if the extension had dialled it, and hides who
// calls, from extensions as from those outside. Emergency services see the number.
type HideNumber struct {
	Placed
	// Number is the number to go on with. When it is empty, the next step is taken.
	Number Text `yaml:"hide_number" main:"optional"`
	// Show shows who calls instead, for an extension that hides its number always.
	Show bool `yaml:"show"`
}

// String implements Step.
func (s *HideNumber) String() string {
	text := "hide_number "
	if s.Show {
		text = "show number "
	}
	return strings.TrimSpace(text + s.Number.Value)
}

// Run implements Step.
func (s *HideNumber) Run(ctx context.Context, r *Run) error {
	hide := !s.Show
	r.hides = &hide
	if number := r.expand(&s.Number); number != "" {
		return r.goOn(ctx, number)
	}
	return nil
}

func (s *HideNumber) check(c *checker) { c.text(&s.Number) }

// RingBack rings this extension when the one that it dialled last, which was busy or did
// not answer, is free, and then calls that one. Two rising tones say that it waits, a low
// one that it does not.
type RingBack struct {
	Placed
	// Do is on, or off to wait for nobody any more.
	Do string `yaml:"ring_back" main:"true" enum:"on,off"`
}

// String implements Step.
func (s *RingBack) String() string { return "ring_back " + s.Do }

// Run implements Step.
func (s *RingBack) Run(ctx context.Context, r *Run) error {
	extension, err := r.asks()
	whom := ""
	if err == nil {
		whom, err = r.Settings.RingBack(extension, s.Do == "off")
	}
	return r.reply(ctx, strings.TrimSpace("ring_back "+whom), err)
}

func (*RingBack) check(*checker) {}
func (*RingBack) waits() bool    { return true }
