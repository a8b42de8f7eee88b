package dialplan

import "context"

// Progress lets the caller hear what follows before the call is answered, so
// that it costs nothing: tones, music, announcements. A caller that takes no
// audio before the answer is answered by the step that plays.
type Progress struct {
	Placed
}

// String implements Step.
func (*Progress) String() string { return "progress" }

// Run implements Step.
func (*Progress) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	err := r.Session.Progress(ctx)
	if err != nil && ctx.Err() == nil {
		r.note(err.Error())
		return nil
	}
	return err
}

func (*Progress) check(*checker) {}
