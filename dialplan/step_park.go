package dialplan

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"dialtone/prompts/say"
)

// Park lets the caller wait with music in a slot until somebody calls that slot and
// talks with it. Who parks somebody calls the number of a route with this step, hears
// the slot, and transfers; or transfers there at once.
//
// When nobody has come within timeout, who has parked the caller is rung; the caller can
// still be fetched meanwhile. When that comes to nothing, the next step is taken.
type Park struct {
	Placed
	// Slot is one of parking.slots. A caller who is transferred there is parked in it; an
	// extension that calls there gets the caller who is parked in it. Without it, callers
	// are parked in the first slot that is free.
	Slot Text `yaml:"park" main:"optional"`
	// Timeout is how long the caller waits. The default is parking.timeout.
	Timeout time.Duration `yaml:"timeout" min:"5s" max:"1d"`
	// ReturnTo is the extension that is rung then. Without it, it is who has parked the
	// caller, if that is an extension.
	ReturnTo Text `yaml:"return_to"`
	// WithMusic is a class of music, one of music.classes or default. The default is
	// parking.music.
	WithMusic Text `yaml:"with_music"`
	// On are the steps for who is not parked, or gets nobody; without them, the call ends.
	On ParkOn `yaml:"on"`
}

// ParkOn are the branches of park.
type ParkOn struct {
	// Full is for a caller that cannot be parked: the slot is taken, or all are.
	Full Steps `yaml:"full"`
	// Empty is for an extension that calls a slot in which nobody is.
	Empty Steps `yaml:"empty"`
}

// Waiting is how a caller is parked.
type Waiting struct {
	Slots    []string // of which the first that is free is used
	Timeout  time.Duration
	ReturnTo string        // the extension to ring then; "" is who parks the caller
	RingBack time.Duration // for how long
	Music    string
	// Say is what tells who parks the caller the slot; nil says nothing.
	Say func(slot string) Playing
}

// String implements Step.
func (s *Park) String() string { return strings.TrimSpace("park " + s.Slot.Value) }

// Run implements Step.
func (s *Park) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	slot, lot := strings.TrimSpace(r.expand(&s.Slot)), r.plan.parking
	if slot != "" && !slices.Contains(lot.slots, slot) {
		return r.nobody(ctx, &Ended{Cause: CauseNotFound, Detail: slot + " is none of parking.slots"}, s.On.Empty)
	}
	if slot != "" && r.Facts.Self() != "" {
		return s.fetch(ctx, r, slot)
	}
	w := Waiting{
		Slots: lot.slots, Timeout: cmp.Or(s.Timeout, lot.Timeout), RingBack: lot.RingBack,
		ReturnTo: r.expand(&s.ReturnTo), Music: cmp.Or(s.WithMusic.Value, lot.Music),
	}
	if slot != "" {
		w.Slots = []string{slot}
	}
	if lot.Announce {
		w.Say = r.sayDigits
	}
	in, by, err := r.Session.Park(ctx, w)
	switch {
	case in == "":
		return r.nobody(ctx, err, s.On.Full)
	case by != "":
		r.note("parked in " + in + ", then " + by + " took the call")
		return cmp.Or(asEnded(err), &Ended{Cause: CauseNormal})
	case ctx.Err() != nil:
		return err
	}
	r.note("parked in " + in + ", and nobody came")
	r.failed = asEnded(err)
	return nil
}

// fetch lets the caller talk with who is parked in a slot.
func (s *Park) fetch(ctx context.Context, r *Run, slot string) error {
	what, err := r.Session.Unpark(ctx, slot)
	if what == "" {
		return r.nobody(ctx, err, s.On.Empty)
	}
	r.note("takes " + what)
	return cmp.Or(asEnded(err), &Ended{Cause: CauseNormal})
}

// sayDigits says a number digit by digit.
func (r *Run) sayDigits(number string) Playing {
	p := Playing{Sentence: true, Language: sayIn(r.spoken())}
	p.Files, _ = say.Text(say.For(r.spoken()), say.Digits, number, say.Options{}) // a number of digits can be said
	return p
}

func (s *Park) check(c *checker) {
	c.text(&s.Slot)
	c.text(&s.ReturnTo)
	c.music(s.WithMusic)
	if s.ReturnTo.Value != "" && s.ReturnTo.parts == nil {
		c.extension(s.ReturnTo)
	}
	switch slots := c.plan.parking.slots; {
	case len(slots) == 0:
		c.fail(s.Where(), "there are no slots to park callers in", `write parking: {slots: "701-709"}`)
	case s.Slot.Value != "" && s.Slot.parts == nil && !slices.Contains(slots, s.Slot.Value):
		c.undefined(s.Slot.At, "slot", s.Slot.Value, slots)
	}
	c.within("on.full", s.On.Full)
	c.within("on.empty", s.On.Empty)
}

func (s *Park) branches() []branch { return []branch{{"full", s.On.Full}, {"empty", s.On.Empty}} }
func (*Park) waits() bool          { return true }
