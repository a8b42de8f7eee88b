package call_test

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// Only what happened while it was measured is in the verdict.
func TestQualityTellsOfAServerThatStoodStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		var stalled atomic.Int64
		stalled.Store(int64(5 * time.Second))
		plan, _ := dialplan.Compile(dialplan.Spec{Extensions: []string{"100", "101"}, RingTimeout: 30 * time.Second})
		w := newWorldOf(t, plan, call.Options{
			Dialer: book{"101": {{"bob", answers(bob, time.Second)}}}, Log: slog.New(slog.DiscardHandler),
			Stalled: func() time.Duration { return time.Duration(stalled.Load()) },
		})
		if e := w.Accept(newLeg("100", codec.PCMU), dialplan.Facts{CallID: "v", To: "101", From: "100", Extension: "100"}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for _, each := range []struct {
			gap  time.Duration
			want bool
		}{{0, false}, {340 * time.Millisecond, true}} {
			time.AfterFunc(500*time.Millisecond, func() { stalled.Add(int64(each.gap)) })
			for _, q := range quality(t, w) {
				all := strings.Join(q.Verdict, "; ")
				if got := strings.Contains(all, "did not run in time"); got != each.want || got != strings.Contains(all, "for 340 ms") {
					t.Errorf("after %v: %q", each.gap, q.Verdict)
				}
			}
		}
		bob.bye(dialplan.CauseNormal)
		next(t, w)
	})
}
