package call_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/pbx/conference"
)

// tollGuard permits nothing.
type tollGuard struct{ asked chan call.Toll }

func (g tollGuard) Permit(t call.Toll) (call.Permit, error) {
	g.asked <- t
	return nil, &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "not permitted"}
}

// roomWorld has a conference 850, in which extension 100 is, and a route to the outside.
func roomWorld(t *testing.T, phones call.Dialer, guard call.Guard) (*world, *fakeLeg) {
	t.Helper()
	entry := dialplan.ConferenceEntry{Dial: "850"}
	route := &dialplan.RouteSpec{
		Name: dialplan.Text{Value: "outside"}, To: dialplan.Texts{{Value: "0."}},
		Do: dialplan.Steps{&dialplan.Dial{To: dialplan.Texts{{Value: "030123"}}, Via: dialplan.Texts{{Value: "line"}}}},
	}
	mobile := &dialplan.Dial{To: dialplan.Texts{{Value: "0170111"}}, Via: dialplan.Texts{{Value: "line"}}, As: dialplan.Text{Value: "100"}}
	away := &dialplan.RouteSpec{Name: dialplan.Text{Value: "away"}, To: dialplan.Texts{{Value: "103"}}, Do: dialplan.Steps{mobile}}
	greeted := &dialplan.RouteSpec{Name: dialplan.Text{Value: "greeted"}, To: dialplan.Texts{{Value: "104"}}, Do: dialplan.Steps{&dialplan.Answer{}, mobile}}
	plan, found := dialplan.Compile(dialplan.Spec{
		Extensions: []string{"100", "101", "102", "103", "104"}, RingTimeout: 30 * time.Second, Trunks: []string{"line"},
		Conferences: map[string]dialplan.ConferenceEntry{"team": entry},
		Contexts:    map[string][]*dialplan.RouteSpec{dialplan.PhonesContext: {route, away, greeted}},
	})
	for _, f := range found {
		if !f.Warning {
			t.Fatal(f)
		}
	}
	w := newWorldOf(t, plan, call.Options{Dialer: phones, Guard: guard, Log: slog.New(slog.DiscardHandler)})
	w.cfg.Conferences = map[string]config.Conference{"team": {Dial: "850", Announce: conference.AnnounceNone}}
	boss := w.calls(t, "100", "850", codec.PCMU)
	eventually(t, "100 is in the room", func() bool { return len(w.members()) == 1 })
	return w, boss
}

func (w *world) members() []conference.MemberInfo {
	i, _ := w.Rooms().Find("team")
	return i.Members
}

// eventually lets the fake time pass until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain for: " + what)
		}
	}
}

// invites calls a number into the room and gives why it does not come.
func (w *world) invites(t *testing.T, number, as string) <-chan *dialplan.Ended {
	t.Helper()
	over := make(chan *dialplan.Ended, 2)
	if err := w.Rooms().Call("team", conference.Calling{Number: number, As: as, Party: as, Over: func(e *dialplan.Ended) { over <- e }}); err != nil {
		t.Fatal(err)
	}
	return over
}

func TestACalledOneComesIntoTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann := newLeg("101", codec.PCMA)
		w, boss := roomWorld(t, book{"101": {{"ann", answers(ann, 0)}}}, nil)
		if e := <-w.invites(t, "101", "100"); e != nil {
			t.Fatal(e)
		}
		eventually(t, "both talk", func() bool {
			m := w.members()
			return len(m) == 2 && !m[0].Waiting && !m[1].Waiting
		})
		if m := w.members()[1]; m.Party != "101" || m.Leader {
			t.Errorf("%+v", m)
		}
		heard := ann.media.count()
		eventually(t, "101 hears the room", func() bool { return ann.media.count() > heard+5 })
		ann.hold(media.SendOnly)
		eventually(t, "who holds is not heard", func() bool { return w.members()[1].Held })
		ann.hold(media.SendRecv)
		eventually(t, "who holds no more is heard", func() bool { return !w.members()[1].Held })
		ann.bye(dialplan.CauseNormal)
		cdr := <-w.cdrs
		if len(cdr.Conferences) != 1 || cdr.Conferences[0].Room != "team" || cdr.Conferences[0].Leave.IsZero() || cdr.From != "100" || cdr.To != "101" {
			t.Errorf("%+v", cdr)
		}
		eventually(t, "100 is alone", func() bool { return len(w.members()) == 1 })
		boss.bye(dialplan.CauseNormal)
		<-w.cdrs
	})
}

func TestWhoIsCalledDoesNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guard := tollGuard{make(chan call.Toll, 1)}
		w, _ := roomWorld(t, book{"101": {{"ann", refuses(486, 0)}}}, guard)
		for number, want := range map[string]dialplan.Cause{
			"101": dialplan.CauseBusy, "102": dialplan.CauseNotRegistered, "999": dialplan.CauseNotFound,
			"030123": dialplan.CauseForbidden, "850": dialplan.CauseNoAnswer,
		} {
			if e := <-w.invites(t, number, "100"); e == nil || e.Cause != want {
				t.Errorf("%s does not come for %v, want %v", number, e, want)
			}
			<-w.cdrs
		}
		if toll := <-guard.asked; toll.Extension != "100" || toll.Number != "030123" {
			t.Errorf("%+v pays", toll)
		}
		for _, number := range []string{"030123", "850", "999"} {
			err := w.Rooms().Call("team", conference.Calling{Number: number, Party: "+49301"})
			var e *dialplan.Ended
			if !errors.As(err, &e) || e.Cause != dialplan.CauseForbidden {
				t.Errorf("nobody pays, and %s is called: %v", number, err)
			}
		}
	})
}

func TestTheRoomEndsWhileItCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		withdrawn := make(chan error, 1)
		w, boss := roomWorld(t, book{"101": {{"ann", func(ctx context.Context, _ func(call.Progress)) (call.Leg, error) {
			<-ctx.Done()
			withdrawn <- context.Cause(ctx)
			return nil, context.Cause(ctx)
		}}}}, nil)
		over := w.invites(t, "101", "100")
		synctest.Wait() // it rings
		boss.bye(dialplan.CauseNormal)
		<-withdrawn
		if e := <-over; e == nil || e.Cause != dialplan.CauseNormal {
			t.Errorf("the call ended by %v", e)
		}
	})
}

// An extension that is forwarded to a mobile phone is not in the room: two strangers must not
// talk at its cost.
func TestAnExtensionThatIsElsewhereIsPaidFor(t *testing.T) {
	for number, way := range map[string]string{"103": "forwarded", "104": "forwarded once it was answered"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mobile := newLeg("0170111", codec.PCMA)
				x := &exchange{numbers: map[string]*line{"0170111": outsideLine(mobile, answers(mobile, time.Second))}}
				w, boss := roomWorld(t, x, &door{})
				if e := <-w.invites(t, number, "100"); e != nil {
					t.Fatal(e)
				}
				eventually(t, "both talk", func() bool { return len(w.members()) == 2 && mobile.media.count() > 5 })
				boss.bye(dialplan.CauseNormal)
				eventually(t, "the mobile phone is let go", func() bool { return mobile.Context().Err() != nil })
				<-w.cdrs
				<-w.cdrs
			})
		})
	}
}
