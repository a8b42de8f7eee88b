package call_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// own are settings that nobody changes.
type own map[string]storage.Settings

func (o own) Of(extension string) storage.Settings { return o[extension] }
func (own) HidesNumber(string) bool                { return false }

func (own) Set(string, string, string) (string, error)     { return "", nil }
func (own) Last(string, bool) (string, error)              { return "", nil }
func (own) RingBack(string, bool) (whom string, err error) { return "", nil }

// What other servers have forwarded counts, so that a loop through several ends.
func TestACallThatCameForwardedIsForwardedFiveTimesInAll(t *testing.T) {
	for _, tt := range []struct {
		before int
		cause  string
	}{{0, "normal"}, {4, "normal"}, {5, "loop"}, {20, "loop"}} {
		synctest.Test(t, func(t *testing.T) {
			carol := newLeg("102", codec.PCMU)
			w := newWorldOf(t, noPlan(t), call.Options{
				Dialer:   book{"102": {{"carol", answers(carol, time.Second)}}},
				Settings: own{"101": {Extension: "101", Forward: storage.Forward{On: true, To: "102"}}},
				Log:      slog.New(slog.DiscardHandler),
			})
			alice := newLeg("100", codec.PCMU)
			if e := w.Accept(alice, dialplan.Facts{From: "100", To: "101", Extension: "100", Forwards: tt.before}); e != nil {
				t.Fatal(e)
			}
			time.Sleep(5 * time.Second)
			if tt.cause == "normal" {
				alice.bye(dialplan.CauseNormal)
			}
			want(t, "cause", next(t, w).Cause, tt.cause)
		})
	}
}

func TestACallFromOutsideThatCameForwardedOftenDoesNotGoOutAgain(t *testing.T) {
	for before, cause := range map[int]string{4: "normal", 5: "loop"} {
		synctest.Test(t, func(t *testing.T) {
			far := newLeg("mobile", codec.PCMA)
			x, guard := &exchange{numbers: map[string]*line{"0170111": outsideLine(far, answers(far, time.Second))}}, &door{}
			w, _ := trunkWorld(t, x, guard, nil)
			caller := newLeg("+33142685300", codec.PCMA)
			if e := w.Accept(caller, dialplan.Facts{From: "+33142685300", To: "+4930123451", Trunk: "line", Forwards: before}); e != nil {
				t.Fatal(e)
			}
			time.Sleep(time.Minute)
			caller.bye(dialplan.CauseNormal)
			want(t, "cause", next(t, w).Cause, cause)
			if cause == "normal" && x.asked[0].Forwards != before {
				t.Errorf("the trunk is told of %d", x.asked[0].Forwards)
			}
			if cause == "loop" && (len(x.asked) > 0 || len(guard.asked) > 0) {
				t.Errorf("it was tried: %+v", x.asked)
			}
		})
	}
}

// noPlan is a plan that says nothing of its own.
func noPlan(t *testing.T) *dialplan.Plan {
	t.Helper()
	plan, found := dialplan.Compile(dialplan.Spec{Extensions: []string{"100", "101", "102"}, RingTimeout: 30 * time.Second})
	if len(found) > 0 {
		t.Fatal(found)
	}
	return plan
}
