package dialplan

import (
	"cmp"
	"context"
)

// Hangup ends the call.
type Hangup struct {
	Placed
	// Cause is what the caller is told; without it, normal.
	Cause string `yaml:"hangup" main:"optional" enum:"normal,busy,do-not-disturb,no-answer,declined,not-registered,not-found,forbidden,unreachable,rejected"`
}

// String implements Step.
func (s *Hangup) String() string { return "hangup " + cmp.Or(s.Cause, "normal") }

// Run implements Step.
func (s *Hangup) Run(_ context.Context, r *Run) error {
	return &Ended{Cause: CauseOf(cmp.Or(s.Cause, "normal")), Detail: "the dialplan hangs up, " + r.here()}
}

func (*Hangup) check(*checker) {}
func (*Hangup) final() bool    { return true }
