package dialplan

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ToneHz is the tone that is played when none is named, in Hertz: the concert
// pitch, far from any signalling tone.
const ToneHz = 440

const lowestHz, highestHz = 20, 3400

// ToneNames are the tones that have a name: those of the country, in which the site
// is, and those to measure with.
func ToneNames() []string {
	return []string{"dial", "ringback", "busy", "congestion", "special", "milliwatt", "sweep", "silence"}
}

// Tone answers and plays a tone.
type Tone struct {
	Placed
	// What is its frequency in Hertz, 20 to 3400, or its name: dial, ringback, busy,
	// congestion or special (information tone), as they sound in site.country;
	// milliwatt (1004 Hz at 0 dBm0), sweep (300 to 3400 Hz) or silence. Without it, it
	// is 440 Hz.
	What Text `yaml:"tone" main:"optional"`
	// For is how long; without it, until the caller hangs up.
	For time.Duration `yaml:"for" min:"100ms" max:"1d"`
}

// hz is its frequency, 0 when it has a name.
func (s *Tone) hz() int {
	if s.What.Value == "" {
		return ToneHz
	}
	hz, _ := strconv.Atoi(s.What.Value)
	return hz
}

// String implements Step.
func (s *Tone) String() string {
	if hz := s.hz(); hz > 0 {
		return fmt.Sprintf("tone %d Hz%s", hz, during(s.For))
	}
	return "tone " + s.What.Value + during(s.For)
}

// Run implements Step.
func (s *Tone) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	if hz := s.hz(); hz > 0 {
		return r.Session.Tone(ctx, float64(hz), s.For)
	}
	return r.Session.Signal(ctx, s.What.Value, s.For)
}

func (s *Tone) check(c *checker) {
	v := s.What.Value
	if hz, err := strconv.Atoi(v); err == nil {
		if hz < lowestHz || hz > highestHz {
			c.fail(s.What.At, v+" Hz is not heard on a phone", fmt.Sprintf("write %d to %d", lowestHz, highestHz))
		}
		return
	}
	if v == "" || slices.Contains(ToneNames(), v) {
		return
	}
	remedy := "there are " + strings.Join(ToneNames(), ", ") + ", and frequencies in Hertz"
	if near := Nearest(v, ToneNames()); near != "" {
		remedy = "did you mean " + quote(near) + "?"
	}
	c.fail(s.What.At, "there is no tone "+quote(v), remedy)
}

func (s *Tone) final() bool { return s.For == 0 }
func (*Tone) waits() bool   { return true }
