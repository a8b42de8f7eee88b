package call_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/pbx/conference"
)

// abroad is a party that was called over a trunk.
func abroad(l *fakeLeg) *line {
	return &line{&phone{"sip:" + l.party, func(context.Context, func(call.Progress)) (call.Leg, error) {
		_ = l.agree(call.Want{Formats: l.far.Formats})
		return fromTrunk{l}, nil
	}}, "line"}
}

// A call to the outside is counted until it ends, wherever its party was transferred, and
// whoever is in its place.
func TestATransferredNumberOutsideIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, bob := newLeg("+4930123456", codec.PCMU), newLeg("101", codec.PCMU)
		x, guard := &exchange{numbers: map[string]*line{"030123456": abroad(far)}, book: book{"101": {{"bob", answers(bob, time.Second)}}}}, &door{}
		w, _ := trunkWorld(t, x, guard, nil)
		alice := w.calls(t, "100", "030123456")
		time.Sleep(time.Second)
		if err := w.Transfer(t.Context(), alice.id, call.Transfer{To: "101"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		hear(t, far, bob)
		want(t, "calls", w.Len(), 1)
		want(t, "counted", guard.open(), 1)
		bob.bye(dialplan.CauseNormal)
		w.all(t, 2)
		want(t, "counted afterwards", guard.open(), 0)
	})
}

// leaderWorld has a conference 850 that 100 leads, and nobody else does without a PIN.
func leaderWorld(t *testing.T, x *exchange, guard call.Guard) *world {
	t.Helper()
	text := trunkPlan + `conferences: {team: {dial: "850", leaders: ["100"]}}` + "\n"
	l, err := config.Parse("plan.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldOf(t, l.Plan, call.Options{Dialer: x, Guard: guard, Log: slog.New(slog.DiscardHandler)})
	w.cfg.Conferences = map[string]config.Conference{"team": {Dial: "850", Leaders: []string{"100"}, Announce: conference.AnnounceNone}}
	return w
}

// Nobody leads a conference because the one who sent him there may.
func TestWhoIsSentIntoAConferenceDoesNotLead(t *testing.T) {
	for _, attended := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			bob := newLeg("101", codec.PCMU)
			w := leaderWorld(t, &exchange{book: book{"101": {{"bob", answers(bob, 0)}}}}, nil)
			alice := w.calls(t, "100", "101")
			time.Sleep(time.Second)
			to := call.Transfer{To: "850"}
			if attended {
				second := w.calls(t, "100", "850")
				eventually(t, "100 leads", func() bool { return len(w.members()) == 1 && w.members()[0].Leader })
				to.Replaces = second.id
			}
			if err := w.Transfer(t.Context(), alice.id, to); err != nil {
				t.Fatal(err)
			}
			eventually(t, "101 is there", func() bool { return len(w.members()) == 1 && w.members()[0].Party == "101" })
			want(t, "101 leads", w.members()[0].Leader, false)
			bob.bye(dialplan.CauseNormal)
			for _, r := range w.all(t, 2) {
				if n := len(r.Conferences); n > 0 {
					want(t, "the record says that it leads", r.Conferences[n-1].Leader, false)
				}
			}
		})
	}
}

// Somebody outside who was sent into a conference is none of ours: who was called at our cost
// does not stay with him.
func TestAnOutsiderInAConferenceIsNotOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, stranger := newLeg("+4930123456", codec.PCMU), newLeg("+4930999", codec.PCMU)
		x := &exchange{numbers: map[string]*line{"030123456": abroad(far), "030999": abroad(stranger)}}
		w := leaderWorld(t, x, &door{})
		boss := w.calls(t, "100", "850")
		caller := w.calls(t, "100", "030999")
		time.Sleep(time.Second)
		if err := w.Transfer(t.Context(), caller.id, call.Transfer{To: "850"}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "two are there", func() bool { return len(w.members()) == 2 })
		if e := <-w.invites(t, "030123456", "100"); e != nil {
			t.Fatal(e)
		}
		eventually(t, "three are there", func() bool { return len(w.members()) == 3 })
		boss.bye(dialplan.CauseNormal)
		time.Sleep(5 * time.Second)
		want(t, "who was called has gone", far.ctx.Err() != nil, true)
		stranger.bye(dialplan.CauseNormal)
	})
}
