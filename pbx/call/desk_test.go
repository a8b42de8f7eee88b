package call_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// fromTrunk is a party that came in on a trunk, whatever it says that it is.
type fromTrunk struct{ *fakeLeg }

func (l fromTrunk) Info() call.LegInfo { return call.LegInfo{Party: l.party, Trunk: "provider"} }

// lines is a log that is read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// desk is a world with all that a desk needs: 100, 101 and 102 are in a group, and two
// callers can be parked.
func desk(t *testing.T, phones book) (*world, *lines) {
	t.Helper()
	var numbers []string
	for n := 100; n < 110; n++ {
		numbers = append(numbers, strconv.Itoa(n))
	}
	group := &dialplan.GroupSpec{}
	for _, n := range numbers[:3] {
		group.Members = append(group.Members, &dialplan.MemberSpec{Extension: dialplan.Text{Value: n}})
	}
	groups := map[string]*dialplan.GroupSpec{"sales": group}
	plan, found := dialplan.Compile(dialplan.Spec{
		Extensions: numbers, Groups: groups, RingTimeout: 30 * time.Second, Features: dialplan.Features{Echo: "600", Pickup: "*8", Intercom: "*80"},
		Parking: dialplan.Parking{Dial: "700", Slots: "701-702", Timeout: time.Minute, RingBack: 20 * time.Second, Announce: true},
	})
	for _, f := range found {
		if !f.Warning {
			t.Fatal(f)
		}
	}
	log := &lines{}
	w := newWorldOf(t, plan, call.Options{Dialer: phones, Log: slog.New(slog.NewTextHandler(log, nil))})
	w.cfg.Groups = groups
	return w, log
}

// comes lets a leg come in with facts, and gives why it was refused at once.
func (w *world) comes(t *testing.T, l call.Inbound, f dialplan.Facts) {
	t.Helper()
	if e := w.Accept(l, f); e != nil {
		t.Fatal(e)
	}
}

func TestPickup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := desk(t, book{"101": {{"bob", answers(newLeg("101", codec.PCMU), time.Hour)}}})
		alice := w.calls(t, "100", "101")
		time.Sleep(time.Second)
		// Both want it at the same moment: one gets it.
		first, second := w.calls(t, "102", "*8"), w.calls(t, "102", "*8101")
		time.Sleep(time.Second)
		winner, loser := first, second
		if second.Context().Err() == nil {
			winner, loser = second, first
		}
		if loser.Context().Err() == nil {
			t.Fatal("both have taken the same call")
		}
		hear(t, alice, winner)
		winner.bye(dialplan.CauseNormal)
		list := w.all(t, 3)
		want(t, "the call that rang", list[0].Cause, "normal")
		want(t, "who talked", list[0].Legs[len(list[0].Legs)-1].Party, "102")
		want(t, "the phone that rang", list[0].Legs[1].Cause, "answered-elsewhere")
		if !slices.ContainsFunc(list[1:], func(r storage.CDR) bool { return r.Cause == "transferred" && r.Legs[0].MovedTo == list[0].ID }) {
			t.Errorf("no record says that its caller went on in %s: %+v", list[0].ID, list[1:])
		}
	})
}

func TestNobodyOutsidePicksUp(t *testing.T) {
	for _, test := range []struct {
		name  string
		leg   func(*fakeLeg) call.Inbound
		facts dialplan.Facts
	}{
		{"from a trunk", func(l *fakeLeg) call.Inbound { return fromTrunk{l} }, dialplan.Facts{From: "101", Trunk: "provider", Context: "extensions"}},
		{"from a trunk, transferred there by who may", func(l *fakeLeg) call.Inbound { return fromTrunk{l} }, dialplan.Facts{From: "101", Extension: "101", TransferredBy: "101"}},
		{"an extension without a common group", func(l *fakeLeg) call.Inbound { return l }, dialplan.Facts{From: "105", Extension: "105"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, log := desk(t, book{"101": {{"bob", answers(newLeg("101", codec.PCMU), time.Hour)}}})
				w.calls(t, "100", "101")
				time.Sleep(time.Second)
				party := "101"
				if test.facts.Trunk == "" && test.facts.TransferredBy == "" {
					party = test.facts.From
				}
				l := newLeg(party, codec.PCMU)
				test.facts.To = "*8101"
				w.comes(t, test.leg(l), test.facts)
				time.Sleep(time.Second)
				if l.Context().Err() == nil || slices.Contains(l.told(), "200") {
					t.Errorf("it was told %q", l.told())
				}
				want(t, "state of the call that rings", w.Calls()[0].State, call.Ringing)
				want(t, "how often it is logged", log.count("pick-up refused"), 1)
			})
		})
	}
}

func TestOwnListOfPickup(t *testing.T) {
	for _, of := range []string{"101", "sales"} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := desk(t, book{"101": {{"bob", answers(newLeg("101", codec.PCMU), time.Hour)}}})
			w.cfg.Extensions["105"] = config.Extension{Pickup: []string{of}}
			alice := w.calls(t, "100", "101")
			time.Sleep(time.Second)
			eve := w.calls(t, "105", "*8")
			time.Sleep(time.Second)
			hear(t, alice, eve)
			// It is no right the other way round.
			bob := w.calls(t, "101", "*8105")
			time.Sleep(time.Second)
			want(t, "refused", bob.Context().Err() != nil, true)
		})
	}
}

// park lets 101 park 100, with whom it talks.
func park(t *testing.T, w *world, bob *fakeLeg, to string) {
	t.Helper()
	r, before := &reports{}, bob.media.count()
	if err := w.Transfer(t.Context(), bob.id, call.Transfer{To: to, Report: r.note}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	r.told(t) // it hears the slot first
	if n := bob.media.count() - before; n < 20 {
		t.Errorf("who parks heard %d packets", n)
	}
	time.Sleep(9500 * time.Millisecond)
	r.told(t, 200)
}

func TestPark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w, log := desk(t, book{"101": {{"bob", answers(bob, time.Second)}}})
		alice := w.calls(t, "100", "101")
		time.Sleep(2 * time.Second)
		park(t, w, bob, "700")
		parked := w.Parked()
		if len(parked) != 1 || parked[0].Slot != "701" || parked[0].From != "100" || parked[0].By != "101" {
			t.Fatalf("parked: %+v", parked)
		}
		// Nobody outside gets it, whoever brings it there.
		for _, f := range []dialplan.Facts{{From: "103", Trunk: "provider", Context: "extensions"}, {From: "103", Extension: "103", TransferredBy: "103"}} {
			stranger := newLeg("103", codec.PCMU)
			f.To = "701"
			w.comes(t, fromTrunk{stranger}, f)
			time.Sleep(time.Second)
			want(t, "the stranger is refused", stranger.Context().Err() != nil, true)
		}
		want(t, "still parked", len(w.Parked()), 1)
		// Two fetch it at once: one gets it.
		first, second := w.calls(t, "102", "701"), w.calls(t, "103", "701")
		time.Sleep(time.Second)
		winner, loser := first, second
		if first.Context().Err() != nil {
			winner, loser = second, first
		}
		want(t, "the other is refused", loser.Context().Err() != nil, true)
		hear(t, alice, winner)
		want(t, "the slot is free", len(w.Parked()), 0)
		alice.bye(dialplan.CauseNormal)
		w.all(t, 6)
		want(t, "no error is logged", log.count("level=ERROR"), 0)
	})
}

func TestWhoParkedIsRungBack(t *testing.T) {
	for _, answered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			bob, again := newLeg("101", codec.PCMU), newLeg("101", codec.PCMU)
			var times atomic.Int32
			phones := book{"101": {{"bob", func(ctx context.Context, p func(call.Progress)) (call.Leg, error) {
				switch n := times.Add(1); {
				case n == 1:
					return answers(bob, time.Second)(ctx, p)
				case answered:
					return answers(again, 5*time.Second)(ctx, p)
				}
				return answers(again, time.Hour)(ctx, p)
			}}}}
			w, _ := desk(t, phones)
			alice := w.calls(t, "100", "101")
			time.Sleep(2 * time.Second)
			park(t, w, bob, "702")
			time.Sleep(51 * time.Second)
			want(t, "rung back", int(times.Load()), 2)
			want(t, "still to be fetched", w.Parked()[0].Slot, "702")
			time.Sleep(10 * time.Second)
			if answered {
				hear(t, alice, again)
				want(t, "the slot is free", len(w.Parked()), 0)
				alice.bye(dialplan.CauseNormal)
				w.all(t, 2)
				return
			}
			time.Sleep(time.Minute)
			want(t, "in the same slot", w.Parked()[0].Slot, "702")
			time.Sleep(3 * time.Minute)
			want(t, "rung in all", int(times.Load()), 4)
			list := w.all(t, 2)
			want(t, "at last", list[1].Cause, "no-answer")
		})
	}
}

func TestPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		never := answers(newLeg("102", codec.PCMU), time.Hour)
		w, _ := desk(t, book{"101": {{"bob", answers(bob, time.Second)}}, "102": {{"carol", never}}})
		alice := w.calls(t, "100", "*80sales")
		time.Sleep(5 * time.Second)
		want(t, "legs", len(w.Calls()[0].Legs), 3)
		want(t, "it rings at 102", w.Rings(w.Calls()[0].ID, "102"), false)
		// What is paged does not ring for others.
		carol := w.calls(t, "102", "*8")
		time.Sleep(time.Second)
		want(t, "nothing to pick up", carol.Context().Err() != nil, true)
		time.Sleep(10 * time.Second)
		want(t, "it goes on with one", bob.Context().Err(), nil)
		bob.bye(dialplan.CauseNormal)
		time.Sleep(time.Second)
		want(t, "and ends with the last", alice.Context().Err() != nil, true)
		list := w.all(t, 2)
		want(t, "cause", list[0].Cause, "normal")
	})
}

func TestNobodyOutsideListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w, _ := desk(t, book{"101": {{"bob", answers(bob, time.Second)}}})
		l := newLeg("102", codec.PCMU)
		w.comes(t, fromTrunk{l}, dialplan.Facts{From: "102", Extension: "102", TransferredBy: "102", To: "*80101"})
		time.Sleep(2 * time.Second)
		want(t, "refused", l.Context().Err() != nil, true)
		want(t, "bob is not called", len(bob.told()), 0)
	})
}
