package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// next is the record of the call that ends next.
func next(t *testing.T, w *world) storage.CDR {
	t.Helper()
	select {
	case r := <-w.cdrs:
		return r
	case <-time.After(24 * time.Hour):
		t.Fatal("no call ended within a day")
		return storage.CDR{}
	}
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func told(t *testing.T, l *fakeLeg, want ...string) {
	t.Helper()
	if got := l.told(); !slices.Equal(got, want) {
		t.Errorf("%s was told %q, want %q", l.party, got, want)
	}
}

func TestTwoPhonesTalkAndOneHangsUp(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(caller, callee *fakeLeg)
		by   int // leg that hung up
	}{
		{"caller hangs up", func(a, _ *fakeLeg) { a.bye(dialplan.CauseNormal) }, 0},
		{"callee hangs up", func(_, b *fakeLeg) { b.bye(dialplan.CauseNormal) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bob := newLeg("101", codec.PCMU)
				w := newWorld(t, book{"101": {{"bob", answers(bob, 5*time.Second)}}})
				alice := w.calls(t, "100", "101")
				time.Sleep(4 * time.Second)
				want(t, "state", w.Calls()[0].State, call.Ringing)
				time.Sleep(2 * time.Second)
				want(t, "state", w.Calls()[0].State, call.Up)
				alice.media.hear()
				want(t, "packets that reached bob", bob.media.count(), 1)
				bob.media.hear()
				want(t, "packets that reached alice", alice.media.count(), 1)
				time.Sleep(10 * time.Second)
				test.end(alice, bob)
				r := next(t, w)
				synctest.Wait()
				told(t, alice, "180", "200", "hangup normal")
				told(t, bob, "hangup normal")
				want(t, "cause", r.Cause, "normal")
				want(t, "hung up by", r.HungUpBy, r.Legs[test.by].ID)
				want(t, "talked", r.End.Sub(r.Answer), 11*time.Second)
				want(t, "callee's parent", r.Legs[1].Parent, r.Legs[0].ID)
				want(t, "calls left", w.Len(), 0)
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name, to string
		phones   []*phone
		cause    string
		status   int
		after    time.Duration
	}{
		{"busy", "101", []*phone{{"bob", refuses(486, time.Second)}}, "busy", 486, time.Second},
		{"declined", "101", []*phone{{"bob", refuses(603, time.Second)}}, "declined", 603, time.Second},
		{"not registered", "101", nil, "not-registered", 0, 0},
		{"unknown number", "199", nil, "not-found", 0, 0},
		{"nobody answers", "101", []*phone{{"bob", answers(newLeg("101"), time.Hour)}}, "no-answer", 0, 30 * time.Second},
		{"busy tells more than silence", "101", []*phone{{"a", refuses(408, 2*time.Second)}, {"b", refuses(486, time.Second)}}, "busy", 486, 2 * time.Second},
		{"600 ends the fork at once", "101", []*phone{{"a", refuses(600, time.Second)}, {"b", answers(newLeg("101"), time.Hour)}}, "busy", 600, time.Second},
		{"our own trouble is not passed on", "101", []*phone{{"a", refuses(407, time.Second)}}, "rejected", 0, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, book{"101": test.phones})
				begin := time.Now()
				alice := w.calls(t, "100", test.to)
				r := next(t, w)
				want(t, "cause", r.Cause, test.cause)
				want(t, "status", r.SIP, test.status)
				want(t, "after", time.Since(begin), test.after)
				want(t, "answered", r.Answer.IsZero(), true)
				if log := alice.told(); log[len(log)-1] != "hangup "+test.cause {
					t.Errorf("alice was told %q at last", log)
				}
			})
		})
	}
}

func TestCallerGivesUpWhileItRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", answers(bob, time.Hour)}}})
		alice := w.calls(t, "100", "101")
		time.Sleep(3 * time.Second)
		alice.bye(dialplan.CauseCancelled)
		r := next(t, w)
		want(t, "cause", r.Cause, "cancelled")
		told(t, bob, "cancel cancelled")
	})
}

func TestTwoPhonesAnswerInTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			desk, soft := newLeg("101", codec.PCMU), newLeg("101", codec.PCMU)
			w := newWorld(t, book{"101": {{"desk", answersAnyway(desk, time.Second)}, {"soft", answersAnyway(soft, time.Second)}}})
			alice := w.calls(t, "100", "101")
			time.Sleep(2 * time.Second)
			if over := btoi(desk.ctx.Err() != nil) + btoi(soft.ctx.Err() != nil); over != 1 {
				t.Fatalf("%d of two legs were hung up, want the loser only", over)
			}
			loser := desk
			if soft.ctx.Err() != nil {
				loser = soft
			}
			told(t, loser, "hangup answered-elsewhere")
			alice.bye(dialplan.CauseNormal)
			r := next(t, w)
			want(t, "legs in the record", len(r.Legs), 3)
			synctest.Wait()
			if desk.ctx.Err() == nil || soft.ctx.Err() == nil {
				t.Fatal("a leg is left over")
			}
		}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestLoserHearsThatTheCallWasAnsweredElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, soft := newLeg("101", codec.PCMU), newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"desk", answers(desk, 2*time.Second)}, {"soft", answers(soft, time.Hour)}}})
		alice := w.calls(t, "100", "101")
		time.Sleep(3 * time.Second)
		told(t, soft, "cancel answered-elsewhere")
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

func TestHoldIsPassedToTheOtherSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
		alice := w.calls(t, "100", "101")
		synctest.Wait()
		for range 10 {
			alice.hold(media.SendOnly)
			synctest.Wait()
			want(t, "bob is offered", bob.nearNow().Direction, media.SendOnly)
			want(t, "state", w.Calls()[0].State, call.Held)
			alice.hold(media.SendRecv)
			synctest.Wait()
			want(t, "bob is offered", bob.nearNow().Direction, media.SendRecv)
			want(t, "state", w.Calls()[0].State, call.Up)
		}
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

func TestCallEndsByItself(t *testing.T) {
	t.Run("when it has lasted max_duration", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			bob := newLeg("101", codec.PCMU)
			w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
			w.cfg.Media.Timeout = 0
			w.calls(t, "100", "101")
			want(t, "cause", next(t, w).Cause, "max-duration")
		})
	})
	t.Run("when a side goes silent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			bob := newLeg("101", codec.PCMU)
			w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
			begin := time.Now()
			w.calls(t, "100", "101")
			r := next(t, w)
			want(t, "cause", r.Cause, "rtp-timeout")
			if d := time.Since(begin); d < 60*time.Second || d > 63*time.Second {
				t.Errorf("ended after %v, media.timeout is 1m", d)
			}
		})
	})
	t.Run("but not while it is on hold", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			bob := newLeg("101", codec.PCMU)
			w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
			alice := w.calls(t, "100", "101")
			synctest.Wait()
			alice.hold(media.Inactive)
			bob.hold(media.RecvOnly)
			time.Sleep(time.Hour)
			want(t, "calls", w.Len(), 1)
			alice.bye(dialplan.CauseNormal)
			next(t, w)
		})
	})
	t.Run("when the caller never acknowledges", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			bob := newLeg("101", codec.PCMU)
			w := newWorld(t, book{"101": {{"bob", answers(bob, 5*time.Second)}}})
			alice := w.calls(t, "100", "101")
			alice.mu.Lock()
			alice.noAck = &dialplan.Ended{Cause: dialplan.CauseAckTimeout}
			alice.mu.Unlock()
			want(t, "cause", next(t, w).Cause, "ack-timeout")
			told(t, bob, "hangup ack-timeout")
		})
	})
}

func TestCodecs(t *testing.T) {
	for _, test := range []struct {
		name           string
		caller, callee codec.Format
		cause          string
	}{
		{"shared", codec.PCMU, codec.PCMU, "normal"},
		{"converted", codec.PCMU, codec.PCMA, "normal"},
		{"none", codec.PCMU, codec.G729, "no-common-codec"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bob := newLeg("101", test.callee)
				w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
				alice := w.calls(t, "100", "101", test.caller)
				synctest.Wait()
				alice.media.hear()
				if test.cause == "normal" {
					want(t, "packets that reached bob", bob.media.count(), 1)
				}
				alice.bye(dialplan.CauseNormal)
				want(t, "cause", next(t, w).Cause, test.cause)
			})
		})
	}
}

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
		w.cfg.Calls.Max = 3
		e := w.cfg.Extensions["101"]
		e.MaxCalls = 1
		w.cfg.Extensions["101"] = e
		w.calls(t, "100", "101")
		synctest.Wait()
		w.calls(t, "102", "101")
		r := next(t, w)
		want(t, "second call to 101", r.Cause, "busy")
		want(t, "status", r.SIP, 486)
		if e := w.Accept(newLeg("101"), dialplan.Facts{To: "600", Extension: "101"}); e == nil || e.Status != 486 {
			t.Errorf("call from 101, which is at its limit: %v, want 486", e)
		}
		want(t, "record of the refused call", next(t, w).Cause, "call-limit")
		synctest.Wait() // a call counts a little longer than until it is recorded
		w.calls(t, "103", "600")
		w.calls(t, "104", "600")
		if e := w.Accept(newLeg("105"), dialplan.Facts{To: "600", Extension: "105"}); e == nil || e.Cause != dialplan.CauseCallLimit {
			t.Errorf("fourth call: %v, want call-limit", e)
		}
	})
}

func TestFeaturesAnswer(t *testing.T) {
	for number, heard := range map[string]int{"600": 1, "601": 50, "602": 50} {
		t.Run(number, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				alice := w.calls(t, "100", number)
				synctest.Wait()
				alice.media.hear()
				time.Sleep(time.Second + 10*time.Millisecond)
				if got := alice.media.count(); got < heard || got > heard+2 {
					t.Errorf("alice got %d packets in a second, want %d", got, heard)
				}
				alice.hold(media.SendRecv)
				time.Sleep(time.Second)
				want(t, "calls after a re-INVITE", w.Len(), 1)
				alice.bye(dialplan.CauseNormal)
				want(t, "cause", next(t, w).Cause, "normal")
			})
		})
	}
}

func TestOperatorEndsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.calls(t, "100", "600")
		synctest.Wait()
		want(t, "found", w.Hangup(w.Calls()[0].ID, &dialplan.Ended{Cause: dialplan.CauseAdmin}), true)
		want(t, "cause", next(t, w).Cause, "hung-up-by-operator")
		want(t, "found again", w.Hangup("nonsense", &dialplan.Ended{Cause: dialplan.CauseAdmin}), false)
	})
}

func TestInfoIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		bob.dtmf = "info"
		w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
		alice := w.calls(t, "100", "101")
		synctest.Wait()
		alice.infos <- call.Info{ContentType: "application/dtmf-relay", Body: []byte("Signal=5")}
		synctest.Wait()
		bob.mu.Lock()
		defer bob.mu.Unlock()
		if len(bob.sent) != 1 || string(bob.sent[0].Body) != "Signal=5" {
			t.Errorf("bob got %v", bob.sent)
		}
	})
}

func TestDrainWaitsForCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		alice := w.calls(t, "100", "600")
		go func() { time.Sleep(10 * time.Second); alice.bye(dialplan.CauseNormal) }()
		begin := time.Now()
		if err := w.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, "waited", time.Since(begin), 10*time.Second)
		if e := w.Accept(newLeg("101"), dialplan.Facts{To: "600"}); e == nil || e.Cause != dialplan.CauseShutdown {
			t.Errorf("new call while draining: %v", e)
		}
	})
}
