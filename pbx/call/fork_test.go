package call_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

func TestEarlyMediaReachesTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", speaksEarly(bob, 0, answers(bob, 5*time.Second))}}})
		alice := w.calls(t, "100", "101")
		time.Sleep(time.Second)
		bob.media.hear()
		want(t, "packets that reached alice before the answer", alice.media.count(), 1)
		time.Sleep(5 * time.Second)
		bob.media.hear()
		want(t, "packets that reached alice after it", alice.media.count(), 2)
		told(t, alice, "183", "200")
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

func TestEarlyMediaOfAPhoneThatLostIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, soft := newLeg("101", codec.PCMU), newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {
			{"desk", speaksEarly(desk, 0, answers(desk, time.Hour))},
			{"soft", answers(soft, 2*time.Second)},
		}})
		alice := newLeg("100", codec.PCMU)
		alice.ack = 3 * time.Second
		if e := w.Accept(alice, dialplan.Facts{From: "100", To: "101", Extension: "100"}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(4 * time.Second)
		desk.media.hear()
		want(t, "packets of the phone that lost", alice.media.count(), 0)
		soft.media.hear()
		want(t, "packets of the winner, before the ACK", alice.media.count(), 1)
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

func TestCallerHearsTheOthersWhenEarlyMediaEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, soft, cell := newLeg("101", codec.PCMU), newLeg("101", codec.PCMU), newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {
			{"desk", speaksEarly(desk, 0, refuses(486, time.Second))},
			{"soft", answers(soft, time.Hour)},
			{"cell", speaksEarly(cell, 2*time.Second, answers(cell, time.Hour))},
		}})
		alice := w.calls(t, "100", "101")
		time.Sleep(1500 * time.Millisecond)
		if log := alice.told(); log[len(log)-1] != "180" {
			t.Errorf("alice was told %q, want ringing at last: her early media has ended", log)
		}
		time.Sleep(time.Second)
		cell.media.hear()
		want(t, "packets of the next phone that speaks early", alice.media.count(), 1)
		alice.bye(dialplan.CauseCancelled)
		next(t, w)
	})
}

// One contact may be several servers, asked in turn: the caller hears the one that
// is asked now.
func TestEarlyMediaOfTheNextServerReachesTheCaller(t *testing.T) {
	for name, rings := range map[string]bool{"it rang": true, "it did not ring": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, second := newLeg("101", codec.PCMU), newLeg("101", codec.PCMU)
				inTurn := func(ctx context.Context, progress func(call.Progress)) (call.Leg, error) {
					if rings {
						progress(call.Progress{Status: 180, Early: first.media, Far: first.far})
					}
					time.Sleep(time.Second)
					progress(call.Progress{Over: true})
					time.Sleep(time.Second)
					return speaksEarly(second, time.Second, answers(second, 5*time.Second))(ctx, progress)
				}
				w := newWorld(t, book{"101": {{"in turn", speaksEarly(first, 0, inTurn)}}})
				alice := w.calls(t, "100", "101")
				time.Sleep(500 * time.Millisecond)
				first.media.hear()
				want(t, "packets of the first server", alice.media.count(), 1)
				time.Sleep(time.Second)
				first.media.hear()
				want(t, "packets after the first server has refused", alice.media.count(), 1)
				if log := alice.told(); (log[len(log)-1] == "180") != rings {
					t.Errorf("alice was told %q in between, want that it rings: %v", log, rings)
				}
				time.Sleep(2 * time.Second)
				second.media.hear()
				want(t, "packets of the second server before its answer", alice.media.count(), 2)
				time.Sleep(5 * time.Second)
				second.media.hear()
				want(t, "packets after it", alice.media.count(), 3)
				alice.bye(dialplan.CauseNormal)
				next(t, w)
			})
		})
	}
}

// A phone that ends the INVITE by itself with 487 is not a caller who gave up.
func TestPhoneSays487ByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, book{"101": {{"bob", refuses(487, time.Second)}}})
		w.calls(t, "100", "101")
		r := next(t, w)
		want(t, "cause", r.Cause, "rejected")
		want(t, "blame", r.Blame, "callee")
	})
}

func TestRecordKnowsThePhoneThatAnsweredTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, soft := newLeg("101", codec.PCMU), newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"desk", answers(desk, time.Second)}, {"soft", answersAnyway(soft, 2*time.Second)}}})
		alice := w.calls(t, "100", "101")
		time.Sleep(3 * time.Second)
		alice.bye(dialplan.CauseNormal)
		r := next(t, w)
		late := r.Legs[2]
		want(t, "leg", late.ID, soft.ID())
		want(t, "cause", late.Cause, "answered-elsewhere")
		want(t, "answered", late.Answer.IsZero(), true)
	})
}

// A refusal that speaks for all of the callee's phones ends the ringing of the
// others, and the extension has its place back.
func TestExtensionIsFreeAfterOneOfItsPhonesDeclinedForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		soft := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"desk", refuses(603, time.Second)}, {"soft", answers(soft, time.Hour)}}})
		w.calls(t, "100", "101")
		next(t, w)
		synctest.Wait()
		want(t, "busy", w.Busy("101"), false)
	})
}
