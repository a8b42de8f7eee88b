package corpus

import (
	"context"
	"slices"
	"testing"
	"time"

	"dialtone/dialplan"
)

// TestACallIsTakenThatIsOverBeforeAnybodyLooks fetches who is parked, and looks for the call
// that did when there is only the one that was parked.
func TestACallIsTakenThatIsOverBeforeAnybodyLooks(t *testing.T) {
	all, _ := scenes(t, []string{"../../testdata/plans/desk_test.yaml"})
	i := slices.IndexFunc(all, func(s scene) bool {
		return s.virtual.Cause == dialplan.CauseTransferred && len(s.suite.World(s.test)) == 0
	})
	if i < 0 {
		t.Fatal("no test fetches who is parked")
	}
	for _, wrong := range playOnce(t.Context(), func(y *try) { fetch(y, &all[i]) }) {
		t.Error(wrong)
	}
}

func fetch(t *try, s *scene) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	x := openExchange(ctx, t, s, 0)
	hangUp := x.before(ctx)
	known := x.calls()
	call := x.dial(ctx, s.test.Call, own)
	call.WaitAnswered(ctx)
	look := time.NewTicker(beat)
	defer look.Stop()
	for !slices.Equal(x.calls(), known) && !ended(ctx, call, look.C) {
	}
	soon, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	if x.taken(soon, call, known); soon.Err() != nil {
		t.Errorf("a call that was answered does not count as taken")
	}
	call.Hangup()
	hangUp()
	x.record(ctx, call.Invite("Call-ID"))
}
