package dialplan

import (
	"context"
	"fmt"
	"time"
)

// Dial rings an extension.
type Dial struct {
	Extension string
	Timeout   time.Duration
}

// String implements Action.
func (d Dial) String() string { return "dial " + d.Extension }

// Run implements Action. A conversation that took place ends the call.
func (d Dial) Run(ctx context.Context, s Session) error {
	return s.Dial(ctx, d.Extension, d.Timeout)
}

// Echo sends back what it hears.
type Echo struct{}

// String implements Action.
func (Echo) String() string { return "echo" }

// Run implements Action.
func (Echo) Run(ctx context.Context, s Session) error { return s.Echo(ctx) }

// ToneHz is the tone of the tone feature, in Hertz: the concert pitch, far from
// any signalling tone.
const ToneHz = 440

// Tone plays a steady tone.
type Tone struct{ Hz float64 }

// String implements Action.
func (t Tone) String() string { return fmt.Sprintf("tone %g Hz", t.Hz) }

// Run implements Action.
func (t Tone) Run(ctx context.Context, s Session) error { return s.Tone(ctx, t.Hz) }

// Music plays the built-in music.
type Music struct{}

// String implements Action.
func (Music) String() string { return "music" }

// Run implements Action.
func (Music) Run(ctx context.Context, s Session) error { return s.Music(ctx) }

// Refuse ends the call without answering it.
type Refuse struct {
	Cause Cause
	Why   string
}

// String implements Action.
func (r Refuse) String() string { return "refuse: " + r.Why }

// Run implements Action.
func (r Refuse) Run(context.Context, Session) error {
	return &Ended{Cause: r.Cause, Detail: r.Why}
}
