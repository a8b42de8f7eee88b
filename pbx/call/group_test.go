package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/storage"
)

// routed is a world with extensions 100 to 103 and the plan of text.
func routed(t *testing.T, phones book, text string) *world {
	t.Helper()
	l, err := config.Parse("plan.yaml", []byte(`
extensions:
  "100": {password: kqvt-8mzn-3xwp-r5hc}
  "101": {password: b7fd-w2ks-9pte-n4vx}
  "102": {password: m5yr-h8cq-2nwd-x7zt}
  "103": {password: t4xk-n8vq-6hmc-w2pd}
`+text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return newPlannedWorld(t, phones, l.Plan)
}

func TestGroupMembersRing(t *testing.T) {
	for _, test := range []struct {
		name   string
		plan   string
		phones func(a, b *fakeLeg) book
		answer time.Duration // until the caller talks
		by     string
		cause  string
	}{
		{
			"all at once, the first wins", `groups: {g: {members: ["101", "102"]}}`,
			func(a, b *fakeLeg) book {
				return book{"101": {{"a", answers(a, 9*time.Second)}}, "102": {{"b", answers(b, 4*time.Second)}}}
			}, 4 * time.Second, "102", "normal",
		},
		{
			"a delay lets the first ring alone", `groups: {g: {members: ["101", {extension: "102", delay: 10s}]}}`,
			func(a, b *fakeLeg) book {
				return book{"101": {{"a", answers(a, time.Hour)}}, "102": {{"b", answers(b, 2*time.Second)}}}
			}, 12 * time.Second, "102", "normal",
		},
		{
			"nobody waits for a delay when no other rings", `groups: {g: {members: ["101", {extension: "102", delay: 10s}]}}`,
			func(_, b *fakeLeg) book {
				return book{"101": {{"a", refuses(486, time.Second)}}, "102": {{"b", answers(b, 2*time.Second)}}}
			}, 3 * time.Second, "102", "normal",
		},
		{
			"one after the other", `groups: {g: {members: ["101", "102"], strategy: sequential, each: 5s}}`,
			func(a, b *fakeLeg) book {
				return book{"101": {{"a", answers(a, 8*time.Second)}}, "102": {{"b", answers(b, 2*time.Second)}}}
			}, 7 * time.Second, "102", "normal",
		},
		{
			"one is not registered", `groups: {g: {members: ["101", "102"], strategy: sequential, each: 5s}}`,
			func(_, b *fakeLeg) book { return book{"102": {{"b", answers(b, 2*time.Second)}}} },
			2 * time.Second, "102", "normal",
		},
		{
			"who declines keeps nobody else from answering", `groups: {g: {members: ["101", "102"]}}`,
			func(_, b *fakeLeg) book {
				return book{"101": {{"a", refuses(603, time.Second)}}, "102": {{"b", answers(b, 4*time.Second)}}}
			}, 4 * time.Second, "102", "normal",
		},
		{
			"all are busy", `groups: {g: {members: ["101", "102"]}}`,
			func(_, _ *fakeLeg) book {
				return book{"101": {{"a", refuses(486, time.Second)}}, "102": {{"b", refuses(480, 2*time.Second)}}}
			}, 0, "", "busy",
		},
		{
			"nobody answers in time", `groups: {g: {members: ["101", "102"]}}`,
			func(a, b *fakeLeg) book {
				return book{"101": {{"a", answers(a, time.Hour)}}, "102": {{"b", answers(b, time.Hour)}}}
			}, 0, "", "no-answer",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newLeg("101", codec.PCMU), newLeg("102", codec.PCMU)
				w := routed(t, test.phones(a, b), test.plan+"\ndialplan: {phones: [{name: it, to: 200, do: [{dial: g, timeout: 30s}]}]}\n")
				began := time.Now()
				alice := w.calls(t, "100", "200")
				time.Sleep(40 * time.Second)
				if test.answer > 0 {
					alice.bye(dialplan.CauseNormal)
				}
				r := next(t, w)
				want(t, "cause", r.Cause, test.cause)
				if test.answer > 0 {
					want(t, "answered after", r.Answer.Sub(began), test.answer)
					callees := r.Legs[1:]
					i := slices.IndexFunc(callees, func(l storage.CDRLeg) bool { return !l.Answer.IsZero() })
					if i < 0 || callees[i].Party != test.by {
						t.Errorf("%s did not answer: %+v", test.by, callees)
					}
				}
				synctest.Wait()
				for _, n := range []string{"100", "101", "102"} {
					if w.Busy(n) {
						t.Errorf("%s still counts as busy", n)
					}
				}
			})
		})
	}
}

func TestStepsBeforeADial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := routed(t, book{"101": {{"bob", answers(bob, 5*time.Second)}}}, `
dialplan:
  phones: [{name: it, to: 200, do: [{ring: 2s}, answer, {tone: 425, for: 3s}, {wait: 1s}, {dial: "101"}]}]
`)
		alice := w.calls(t, "100", "200")
		time.Sleep(20 * time.Second)
		told(t, alice, "180", "200")
		bob.media.hear()
		if alice.media.count() == 0 {
			t.Error("alice does not hear bob")
		}
		bob.bye(dialplan.CauseNormal)
		r := next(t, w)
		want(t, "cause", r.Cause, "normal")
		want(t, "route", r.Route, "it")
		want(t, "answered after", r.Answer.Sub(r.Start), 2*time.Second)
		if len(r.Trace) == 0 {
			t.Error("the record has no trace")
		}
	})
}

// A caller who leaves ends every step.
func TestCallerLeavesDuringAStep(t *testing.T) {
	for _, step := range []string{"{wait: 1h}", "{ring: 1h}", "{tone: 425, for: 1h}", "{music: 1h}", "{echo: 1h}", `{dial: "101", on: {failed: [{wait: 1h}]}}`} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bob := newLeg("101", codec.PCMU)
				w := routed(t, book{"101": {{"bob", answers(bob, time.Hour)}}}, "dialplan: {phones: [{name: it, to: 200, do: ["+step+", {hangup: busy}]}]}\n")
				alice := w.calls(t, "100", "200")
				time.Sleep(5 * time.Second)
				alice.bye(dialplan.CauseCancelled)
				r := next(t, w)
				want(t, "cause", r.Cause, "cancelled")
				want(t, "after", r.End.Sub(r.Start), 5*time.Second)
			})
		})
	}
}
