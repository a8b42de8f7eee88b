package call_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// entries are what records say of a leg, in their order: "1 to 2" is that it went on from
// the first call to the second.
func entries(list []storage.CDR, leg string) (out string) {
	number := map[string]int{}
	for i, r := range list {
		number[r.ID] = i + 1
	}
	for i, r := range list {
		for _, l := range r.Legs {
			if l.ID == leg {
				out += fmt.Sprintf("%d to %d, ", i+1, number[l.MovedTo])
			}
		}
	}
	return out
}

// Who has come back from a transfer and is transferred again keeps what the record says of
// the first time.
func TestTransferredTwice(t *testing.T) {
	eitherSide(t, func() book { return book{"102": {{"carol", refuses(486, time.Second)}}} }, func(t *testing.T, p *pair, by int) {
		blind(t, p, by, "102")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		p.dialer()["102"] = []*phone{{"carol", answers(newLeg("102", codec.PCMU), time.Second)}}
		began := time.Now()
		blind(t, p, by, "102")
		time.Sleep(5 * time.Second)
		p.legs[1-by].bye(dialplan.CauseNormal)
		list := p.all(t, 3)
		want(t, "the way of the party", entries(list, p.legs[1-by].id), "1 to 2, 1 to 3, 2 to 1, 3 to 0, ")
		for _, l := range list[0].Legs {
			if l.MovedTo == list[1].ID && !l.End.Before(began) {
				t.Errorf("it left for the first time at %v", l.End)
			}
		}
	})
}

// Somebody takes the place of a party that is transferred, while it rings: that one talks
// with who has transferred when the transfer comes to nothing.
func TestWhoComesBackIsAnother(t *testing.T) {
	eitherSide(t, func() book { return book{"102": {{"carol", answers(newLeg("102", codec.PCMU), time.Hour)}}} }, func(t *testing.T, p *pair, by int) {
		r := blind(t, p, by, "102")
		time.Sleep(time.Second)
		party, other := p.legs[1-by], newLeg(p.legs[1-by].party, codec.PCMU)
		if e := p.TakeOver(other, dialplan.Facts{From: party.party, Extension: party.party}, call.Taking{Leg: party.id, Of: party.party}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(40 * time.Second)
		r.told(t, 180, 480)
		want(t, "who was transferred is in no call", party.ctx.Err() != nil, true)
		hear(t, p.legs[by], other)
		p.legs[by].bye(dialplan.CauseNormal)
		synctest.Wait()
		want(t, "the other one is in no call any more", other.ctx.Err() != nil, true)
		list := p.all(t, 3)
		want(t, "the way of the other one", entries(list[1:], other.id), "1 to 0, 2 to 1, ")
		last := list[0].Legs[len(list[0].Legs)-1]
		want(t, "who came back", last.ID, other.id)
		want(t, "instead of", last.Replaces, party.id)
	})
}

// Who transfers hangs up at the moment in which the party comes back: the records of both
// calls know the party.
func TestNobodyIsThereToReturnTo(t *testing.T) {
	for range 20 {
		eitherSide(t, func() book { return book{"102": {{"carol", refuses(486, time.Second)}}} }, func(t *testing.T, p *pair, by int) {
			blind(t, p, by, "102")
			time.Sleep(time.Second)
			p.legs[by].bye(dialplan.CauseNormal)
			time.Sleep(time.Second)
			list := p.all(t, 2)
			if got := entries(list, p.legs[1-by].id); got != "1 to 2, 1 to 0, 2 to 1, " && got != "1 to 2, 2 to 0, " {
				t.Errorf("the way of the party: %s", got)
			}
		})
	}
}

// A caller who is replaced while it rings is neither rung for nor answered afterwards.
func TestAReplacedCallerIsNotAnswered(t *testing.T) {
	eitherSide(t, func() book { return book{} }, func(t *testing.T, p *pair, by int) {
		synctest.Wait()
		p.dialer()["102"] = []*phone{{"carol", func(ctx context.Context, progress func(call.Progress)) (call.Leg, error) {
			time.Sleep(2 * time.Second)
			return answers(newLeg("102", codec.PCMU), 2*time.Second)(ctx, progress)
		}}}
		second := p.calls(t, p.legs[by].party, "102")
		time.Sleep(time.Second)
		if err := p.Transfer(t.Context(), p.legs[by].id, call.Transfer{Replaces: second.id}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		p.legs[1-by].bye(dialplan.CauseNormal)
		first := p.all(t, 2)[1].Legs[0]
		want(t, "who called first", first.ID, second.id)
		want(t, "it heard no ringing, and no answer", first.Ring.IsZero() && first.Answer.IsZero(), true)
	})
}

// A phone that has refused the call after it spoke is not listened to any more while the
// next one rings.
func TestEarlyAudioEndsWithItsPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob, carol := newLeg("101", codec.PCMU), newLeg("102", codec.PCMU)
		w := routed(t, book{
			"101": {{"bob", speaksEarly(bob, time.Second, refuses(486, time.Second))}},
			"102": {{"carol", speaksEarly(carol, time.Second, answers(carol, time.Hour))}},
		}, `
groups: {g: {members: ["101", "102"], strategy: sequential, each: 20s}}
dialplan: {phones: [{name: it, to: 200, do: [{dial: g, timeout: 30s}]}]}
`)
		alice := w.calls(t, "100", "200")
		time.Sleep(4 * time.Second)
		hear(t, alice, carol)
		n := alice.media.count()
		bob.media.hear()
		want(t, "packets of who has refused", alice.media.count()-n, 0)
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

// Lamps show at once that somebody holds who talks with nobody.
func TestLampsOfWhoHoldsAlone(t *testing.T) {
	for name, to := range map[string]string{"a service": "600", "in a slot": "700", "it rings": "202"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := routed(t, book{"101": {{"bob", answers(newLeg("101", codec.PCMU), time.Hour)}}}, `
features: {echo: "600"}
parking: {dial: "700", slots: "701-702"}
dialplan: {phones: [{name: it, to: 202, do: [answer, {dial: "101", timeout: 1h}]}]}
`)
				w.cfg.Media.Timeout = 0
				alice := w.calls(t, "100", to)
				time.Sleep(time.Second)
				changed, stop := w.Watch()
				defer stop()
				alice.hold(media.SendOnly)
				synctest.Wait()
				select {
				case <-changed:
				default:
					t.Error("nothing was told")
				}
				want(t, "state", w.Dialogs(anybody)["100"][0].State, call.Held)
				alice.bye(dialplan.CauseNormal)
				next(t, w)
			})
		})
	}
}
