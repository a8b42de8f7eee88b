package call_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// pair is two phones that talk: 100 has called 101.
type pair struct {
	*world
	legs [2]*fakeLeg
}

// talking lets 100 talk with 101; the others behave as phones says.
func talking(t *testing.T, phones book) *pair {
	t.Helper()
	bob := newLeg("101", codec.PCMU)
	phones["101"] = append(phones["101"], &phone{"bob", answers(bob, time.Second)})
	p := &pair{world: newWorld(t, phones)}
	p.cfg.Transfers = config.Transfers{Key: "##", ConsultKey: "*3"}
	p.legs = [2]*fakeLeg{p.calls(t, "100", "101"), bob}
	time.Sleep(2 * time.Second)
	want(t, "state", p.Calls()[0].State, call.Up)
	return p
}

// reports is what who transfers is told.
type reports struct {
	mu  sync.Mutex
	all []int
}

func (r *reports) note(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, status)
}

func (r *reports) told(t *testing.T, statuses ...int) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.all, statuses) {
		t.Errorf("who transfers was told %v, want %v", r.all, statuses)
	}
}

// hear checks that two parties hear each other.
func hear(t *testing.T, a, b *fakeLeg) {
	t.Helper()
	synctest.Wait()
	for _, d := range [][2]*fakeLeg{{a, b}, {b, a}} {
		before := d[1].media.count()
		d[0].media.hear()
		if d[1].media.count() != before+1 {
			t.Errorf("%s does not hear %s", d[1].party, d[0].party)
		}
	}
}

// all are the records of the calls, by their beginning.
func (w *world) all(t *testing.T, n int) (list []storage.CDR) {
	t.Helper()
	for range n {
		list = append(list, next(t, w))
	}
	synctest.Wait()
	want(t, "records left", len(w.cdrs), 0)
	want(t, "calls left", w.Len(), 0)
	for _, x := range []string{"100", "101", "102"} {
		want(t, x+" busy", w.Busy(x), false)
	}
	slices.SortFunc(list, func(a, b storage.CDR) int { return a.Start.Compare(b.Start) })
	return list
}

func blind(t *testing.T, p *pair, by int, to string) *reports {
	t.Helper()
	r := &reports{}
	if err := p.Transfer(t.Context(), p.legs[by].id, call.Transfer{To: to, Report: r.note}); err != nil {
		t.Fatal(err)
	}
	return r
}

func eitherSide(t *testing.T, phones func() book, test func(t *testing.T, p *pair, by int)) {
	t.Helper()
	for by, name := range []string{"by the caller", "by the callee"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, talking(t, phones()), by) })
		})
	}
}

func TestBlindTransfer(t *testing.T) {
	var carol *fakeLeg
	eitherSide(t, func() book {
		carol = newLeg("102", codec.PCMU)
		return book{"102": {{"carol", answers(carol, 5*time.Second)}}}
	}, func(t *testing.T, p *pair, by int) {
		party := p.legs[1-by]
		r := blind(t, p, by, "102")
		time.Sleep(4 * time.Second)
		r.told(t, 180)
		time.Sleep(2 * time.Second)
		r.told(t, 180, 200)
		hear(t, party, carol)
		told(t, p.legs[by], append(slices.Clone(told0(p.legs[by])), "hangup transferred")...)
		party.bye(dialplan.CauseNormal)
		list := p.all(t, 2)
		want(t, "first cause", list[0].Cause, "transferred")
		want(t, "second", list[1].From+" to "+list[1].To, party.party+" to 102")
		want(t, "it comes from", list[1].After, list[0].ID)
		want(t, "transferred by", list[1].TransferredBy, p.legs[by].id)
		want(t, "the leg went to", list[0].Legs[1-by].MovedTo, list[1].ID)
		want(t, "the same leg", list[1].Legs[0].ID, party.id)
		want(t, "hung up by", list[1].HungUpBy, party.id)
	})
}

// told0 is what a leg was told but for its last word.
func told0(l *fakeLeg) []string {
	all := l.told()
	return all[:max(0, len(all)-1)]
}

func TestABlindTransferThatFailsComesBack(t *testing.T) {
	for _, test := range []struct {
		name  string
		phone func(context.Context, func(call.Progress)) (call.Leg, error)
		to    string
		told  []int
	}{
		{"busy", refuses(486, time.Second), "102", []int{486}},
		{"no answer", answers(newLeg("102", codec.PCMU), time.Hour), "102", []int{180, 480}},
		{"nobody has that number", nil, "199", []int{404}},
	} {
		t.Run(test.name, func(t *testing.T) {
			eitherSide(t, func() book { return book{"102": {{"carol", test.phone}}} }, func(t *testing.T, p *pair, by int) {
				r := blind(t, p, by, test.to)
				time.Sleep(40 * time.Second)
				r.told(t, test.told...)
				hear(t, p.legs[0], p.legs[1])
				p.legs[by].bye(dialplan.CauseNormal)
				list := p.all(t, 2)
				want(t, "cause", list[0].Cause, "normal")
				want(t, "who came back", list[1].Legs[0].MovedTo, list[0].ID)
			})
		})
	}
}

func TestWhoTransfersHangsUpMeanwhile(t *testing.T) {
	for _, succeeds := range []bool{true, false} {
		var carol *fakeLeg
		t.Run(fmt.Sprint("succeeds ", succeeds), func(t *testing.T) {
			eitherSide(t, func() book {
				carol = newLeg("102", codec.PCMU)
				if succeeds {
					return book{"102": {{"carol", answers(carol, 5*time.Second)}}}
				}
				return book{"102": {{"carol", refuses(486, 5*time.Second)}}}
			}, func(t *testing.T, p *pair, by int) {
				blind(t, p, by, "102")
				time.Sleep(time.Second)
				p.legs[by].bye(dialplan.CauseNormal)
				time.Sleep(5 * time.Second)
				if succeeds {
					hear(t, p.legs[1-by], carol)
					carol.bye(dialplan.CauseNormal)
				}
				list := p.all(t, 2)
				want(t, "first", list[0].HungUpBy, p.legs[by].id)
				if !succeeds {
					want(t, "second", list[1].Cause, "busy")
				}
				last := p.legs[1-by].told()
				if got := last[len(last)-1]; got != map[bool]string{true: "hangup normal", false: "hangup busy"}[succeeds] {
					t.Errorf("the party was told %q", got)
				}
			})
		})
	}
}

func TestWhoIsTransferredHangsUpMeanwhile(t *testing.T) {
	eitherSide(t, func() book { return book{"102": {{"carol", answers(newLeg("102", codec.PCMU), time.Hour)}}} },
		func(t *testing.T, p *pair, by int) {
			r := blind(t, p, by, "102")
			time.Sleep(time.Second)
			p.legs[1-by].bye(dialplan.CauseNormal)
			r.told(t, 180, 480)
			list := p.all(t, 2)
			want(t, "second", list[1].HungUpBy, p.legs[1-by].id)
		})
}

func TestAttendedTransfer(t *testing.T) {
	for _, calls := range []bool{true, false} {
		t.Run(fmt.Sprint("who transfers has called ", calls), func(t *testing.T) {
			var carol, second *fakeLeg
			eitherSide(t, func() book {
				carol, second = newLeg("102", codec.PCMU), nil
				b := book{"102": {{"carol", answers(carol, time.Second)}}}
				return b
			}, func(t *testing.T, p *pair, by int) {
				if calls {
					second = p.calls(t, p.legs[by].party, "102")
					time.Sleep(2 * time.Second)
				} else {
					second = newLeg(p.legs[by].party, codec.PCMU)
					carol = p.secondCall(t, second)
				}
				r := &reports{}
				if err := p.Transfer(t.Context(), p.legs[by].id, call.Transfer{To: "102", Replaces: second.id, Report: r.note}); err != nil {
					t.Fatal(err)
				}
				r.told(t, 200)
				hear(t, p.legs[1-by], carol)
				want(t, "calls", p.Len(), 1)
				for _, l := range []*fakeLeg{p.legs[by], second} {
					log := l.told()
					want(t, "told last", log[len(log)-1], "hangup transferred")
				}
				carol.bye(dialplan.CauseNormal)
				list := p.all(t, 2)
				want(t, "first", list[0].Cause, "transferred")
				want(t, "moved to", list[0].Legs[1-by].MovedTo, list[1].ID)
				last := list[1].Legs[len(list[1].Legs)-1]
				want(t, "replaces", last.Replaces, second.id)
				want(t, "the leg", last.ID, p.legs[1-by].id)
			})
		})
	}
}

// secondCall lets 102 call the party of second, which answers with that leg.
func (p *pair) secondCall(t *testing.T, second *fakeLeg) (carol *fakeLeg) {
	t.Helper()
	p.dialer()[second.party] = []*phone{{"second", answers(second, time.Second)}}
	carol = p.calls(t, "102", second.party)
	time.Sleep(2 * time.Second)
	return carol
}

func TestATransferToWhoStillRings(t *testing.T) {
	var carol *fakeLeg
	eitherSide(t, func() book {
		carol = newLeg("102", codec.PCMU)
		return book{"102": {{"carol", answers(carol, 10*time.Second)}}}
	}, func(t *testing.T, p *pair, by int) {
		second := p.calls(t, p.legs[by].party, "102")
		time.Sleep(2 * time.Second)
		if err := p.Transfer(t.Context(), p.legs[by].id, call.Transfer{To: "102", Replaces: second.id}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		told(t, second, "180", "hangup transferred")
		time.Sleep(10 * time.Second)
		hear(t, p.legs[1-by], carol)
		p.legs[1-by].bye(dialplan.CauseNormal)
		list := p.all(t, 2)
		want(t, "who hung up", list[1].HungUpBy, p.legs[1-by].id)
	})
}

func TestATransferToAService(t *testing.T) {
	eitherSide(t, func() book { return book{} }, func(t *testing.T, p *pair, by int) {
		second := p.calls(t, p.legs[by].party, "600")
		time.Sleep(2 * time.Second)
		if err := p.Transfer(t.Context(), p.legs[by].id, call.Transfer{To: "600", Replaces: second.id}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		party := p.legs[1-by]
		before := party.media.count()
		party.media.hear()
		want(t, "echoed", party.media.count(), before+1)
		party.bye(dialplan.CauseNormal)
		p.all(t, 2)
	})
}

func TestBothTransferAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := talking(t, book{"102": {{"carol", answers(newLeg("102", codec.PCMU), 5*time.Second)}}, "103": {{"dave", answers(newLeg("103", codec.PCMU), 5*time.Second)}}})
		first := blind(t, p, 0, "102")
		err := p.Transfer(t.Context(), p.legs[1].id, call.Transfer{To: "103"})
		if err == nil {
			t.Error("the party that is transferred transfers")
		}
		time.Sleep(6 * time.Second)
		first.told(t, 180, 200)
		p.legs[1].bye(dialplan.CauseNormal)
		p.all(t, 2)
	})
}

func TestTwoCallsThatTransferIntoEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := talking(t, book{"102": {{"carol", answers(newLeg("102", codec.PCMU), time.Second)}}})
		second := p.calls(t, "100", "102")
		time.Sleep(2 * time.Second)
		errs := make(chan error, 2)
		for _, x := range [][2]*fakeLeg{{p.legs[0], second}, {second, p.legs[0]}} {
			go func() {
				errs <- p.Transfer(context.Background(), x[0].id, call.Transfer{To: "102", Replaces: x[1].id})
			}()
		}
		failed := 0
		for range 2 {
			if <-errs != nil {
				failed++
			}
		}
		time.Sleep(time.Second)
		if failed == 2 {
			want(t, "calls", p.Len(), 2)
		} else {
			want(t, "calls", p.Len(), 1)
		}
		p.legs[1].bye(dialplan.CauseNormal)
		second.bye(dialplan.CauseNormal)
		p.all(t, 2)
	})
}

func TestSomebodyElseTakesACallThatRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", answers(bob, time.Hour)}}})
		w.cfg.Extensions["102"] = config.Extension{Pickup: []string{"101"}}
		alice := w.calls(t, "100", "101")
		time.Sleep(2 * time.Second)
		carol := newLeg("102", codec.PCMU)
		if e := w.TakeOver(carol, dialplan.Facts{From: "102", Extension: "102"}, call.Taking{Call: w.Calls()[0].ID, Of: "101"}); e != nil {
			t.Fatal(e)
		}
		hear(t, alice, carol)
		told(t, bob, "cancel "+(&dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere}).Error())
		carol.bye(dialplan.CauseNormal)
		list := w.all(t, 2)
		want(t, "hung up by", list[0].HungUpBy, carol.id)
	})
}
