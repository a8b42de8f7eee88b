package dialplan

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// ToneHz is the tone that is played when none is named, in Hertz: the concert
// pitch, far from any signalling tone.
const ToneHz = 440

// Tone answers and plays a steady tone.
type Tone struct {
	Placed
	// Hz is its frequency in Hertz; without it, 440.
	Hz int `yaml:"tone" main:"optional" min:"20" max:"3400"`
	// For is how long; without it, until the caller hangs up.
	For time.Duration `yaml:"for" min:"100ms" max:"1d"`
}

func (s *Tone) hz() int { return cmp.Or(s.Hz, ToneHz) }

// String implements Step.
func (s *Tone) String() string { return fmt.Sprintf("tone %d Hz%s", s.hz(), during(s.For)) }

// Run implements Step.
func (s *Tone) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	return r.Session.Tone(ctx, float64(s.hz()), s.For)
}

func (*Tone) check(*checker) {}
func (s *Tone) final() bool  { return s.For == 0 }
func (*Tone) waits() bool    { return true }
