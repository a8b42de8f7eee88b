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
	"dialtone/pbx/voicemail"
)

// What nobody would do is refused at once, and keeps nobody else from what can be done.
func TestNobodyIsThereToTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, book{})
		alice := w.calls(t, "100", "600")
		time.Sleep(time.Second)
		asked := time.Now()
		if err := w.Transfer(t.Context(), alice.id, call.Transfer{To: "102"}); err == nil {
			t.Error("who is alone has transferred somebody")
		}
		want(t, "waited", time.Since(asked), time.Duration(0))
	})
}

// A change that came to nothing does not keep the next one from being made.
func TestAChangeIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}, "102": {{"carol", answers(newLeg("102", codec.PCMU), time.Hour)}}})
		alice := newLeg("100", codec.PCMU)
		alice.ack = 8 * time.Second // until then nothing is changed
		w.comes(t, alice, dialplan.Facts{From: "100", To: "101", Extension: "100"})
		time.Sleep(time.Second)
		if err := w.Transfer(t.Context(), bob.id, call.Transfer{To: "102"}); err == nil {
			t.Error("transferred before the caller is answered")
		}
		if err := w.Transfer(t.Context(), bob.id, call.Transfer{To: "102"}); err != nil {
			t.Error(err)
		}
	})
}

// Who takes the caller's place while it hears a phone that does not ring hears ringing.
func TestNobodyIsLeftInSilence(t *testing.T) {
	eitherSide(t, func() book {
		carol := newLeg("102", codec.PCMU)
		silent := func(ctx context.Context, _ func(call.Progress)) (call.Leg, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		return book{"102": {{"carol", speaksEarly(carol, time.Second, silent)}}}
	}, func(t *testing.T, p *pair, by int) {
		second := p.calls(t, p.legs[by].party, "102")
		time.Sleep(2 * time.Second)
		party := p.legs[1-by]
		before := party.media.count()
		if err := p.Transfer(t.Context(), p.legs[by].id, call.Transfer{To: "102", Replaces: second.id}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if party.media.count() == before {
			t.Error("it hears nothing")
		}
	})
}

// box is a mailbox whose owner is at once joined with who leaves a message.
type box struct {
	owner chan voicemail.Line
	over  chan struct{}
	began int
}

func (b *box) Deposit(ctx context.Context, l voicemail.Line, _ dialplan.Depositing) (dialplan.Deposited, error) {
	b.began++
	defer close(b.over)
	return dialplan.Deposited{}, l.Join(ctx, <-b.owner)
}

func (b *box) Visit(ctx context.Context, l voicemail.Line, _ dialplan.Visiting) (dialplan.Visited, error) {
	if _, err := l.Say(ctx, "", nil, ""); err != nil { // answers
		return dialplan.Visited{}, err
	}
	b.owner <- l
	<-b.over
	return dialplan.Visited{}, context.Cause(ctx)
}

// An owner who talks with who was leaving a message is in that call only: both may transfer,
// and another phone may take their place.
func TestTheOwnerOfAMailboxIsInOneCall(t *testing.T) {
	for _, by := range []string{"100", "101"} {
		synctest.Test(t, func(t *testing.T) { ownerTalks(t, by) })
	}
}

func ownerTalks(t *testing.T, by string) {
	t.Helper()
	l, err := config.Parse("plan.yaml", []byte(`
extensions: {"100": {password: kqvt-8mzn-3xwp-r5hc}, "101": {password: b7fd-w2ks-9pte-n4vx}, "102": {password: m5yr-h8cq-2nwd-x7zt}}
voicemail: {enabled: true}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	carol, mail := newLeg("102", codec.PCMU), &box{owner: make(chan voicemail.Line), over: make(chan struct{})}
	w := newWorldOf(t, l.Plan, call.Options{Dialer: book{"102": {{"carol", answers(carol, 0)}}}, Voicemail: mail, Log: slog.New(slog.DiscardHandler)})
	legs := map[string]*fakeLeg{"100": w.calls(t, "100", "*99101"), "101": w.calls(t, "101", "*96")}
	time.Sleep(time.Second)
	hear(t, legs["100"], legs["101"])
	want(t, "lamps of the owner", len(w.Dialogs(anybody)["101"]), 1)
	another := newLeg("100", codec.PCMU)
	if e := w.TakeOver(another, dialplan.Facts{From: "100", Extension: "100"}, call.Taking{Leg: legs["100"].id, Of: "100"}); e != nil {
		t.Fatal(e)
	}
	time.Sleep(time.Second)
	legs["100"] = another
	hear(t, legs["100"], legs["101"])
	want(t, "messages begun", mail.began, 1)
	if err := w.Transfer(t.Context(), legs[by].id, call.Transfer{To: "102"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	carol.bye(dialplan.CauseNormal)
	w.all(t, 4)
}
