package dialplan

import "context"

// Answer accepts the call, so that the caller pays and hears what follows. Steps
// that need it do it themselves.
type Answer struct {
	Placed
}

// String implements Step.
func (*Answer) String() string { return "answer" }

// Run implements Step.
func (*Answer) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	return r.Session.Answer(ctx)
}

func (*Answer) check(*checker) {}
