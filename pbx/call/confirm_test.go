package call_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// pressesLater is one key and when it is pressed, "4s:1" as an event or "4s:i1" as INFO;
// nothing when script is empty.
func (l *fakeLeg) pressesLater(t *testing.T, script string) {
	t.Helper()
	if script == "" {
		return
	}
	at, key, _ := strings.Cut(script, ":")
	d, err := time.ParseDuration(at)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(d, func() {
		if digit, info := strings.CutPrefix(key, "i"); info {
			l.infos <- call.Info{ContentType: "application/dtmf", Body: []byte(digit)}
			return
		}
		l.media.event(key[0])
	})
}

// Phones answer after 2 and 3 s and do what their scripts say from the start of the
// call; tones ask from the answer on for 1 s, and again 5 s later.
func TestWhoAnswersIsAsked(t *testing.T) {
	for _, test := range []struct {
		name   string
		dial   string
		a, b   string // keys
		bye    time.Duration
		answer time.Duration // until the caller talks
		by     string        // who does
		cause  string
		over   time.Duration // the end, when nobody does
	}{
		{name: "one of two confirms", dial: `["101", "102"], timeout: 10s`, b: "4s:1", answer: 4100 * ms, by: "102"},
		{name: "the first to confirm wins, not the first to answer", dial: `["101", "102"], timeout: 20s`, a: "5s:1", b: "4s:1", answer: 4100 * ms, by: "102"},
		{name: "as INFO", dial: `"101", timeout: 20s`, a: "4s:i1", answer: 4000 * ms, by: "101"},
		{name: "when asked for the second time", dial: `"101", timeout: 20s`, a: "9s:1", answer: 9100 * ms, by: "101"},
		{name: "after the time for which it rings", dial: `"101", timeout: 5s`, a: "6s:1", answer: 6100 * ms, by: "101"},
		{name: "after its turn", dial: `["101", "103"], strategy: sequential, each: 3s`, a: "7s:1", answer: 7100 * ms, by: "101"},
		{name: "another key refuses", dial: `"101", timeout: 20s`, a: "4s:2", cause: "declined", over: 4 * time.Second},
		{name: "hanging up refuses", dial: `"101", timeout: 20s`, bye: 5 * time.Second, cause: "declined", over: 5 * time.Second},
		{name: "voicemail", dial: `"101", timeout: 20s`, cause: "no-answer", over: 14 * time.Second},
		{name: "voicemail lets the others ring no longer", dial: `["101", "103"], timeout: 5s`, cause: "no-answer", over: 14 * time.Second},
		{name: "all refuse", dial: `["101", "102"], timeout: 20s`, a: "4s:2", b: "5s:3", cause: "declined", over: 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, c := newLeg("101", codec.PCMU, codec.DTMF), newLeg("102", codec.PCMU, codec.DTMF), newLeg("103", codec.PCMU)
				phones := book{
					"101": {{"a", answers(a, 2*time.Second)}}, "102": {{"b", answers(b, 3*time.Second)}}, "103": {{"c", answers(c, time.Hour)}},
				}
				w := routed(t, phones, "dialplan: {phones: [{name: it, to: 200, do: [{dial: "+test.dial+", confirm: tones}]}]}\n")
				began := time.Now()
				alice := w.calls(t, "100", "200", codec.PCMU)
				a.pressesLater(t, test.a)
				b.pressesLater(t, test.b)
				if test.bye > 0 {
					time.AfterFunc(test.bye, func() { a.bye(dialplan.CauseNormal) })
				}
				time.Sleep(30 * time.Second)
				if test.by != "" {
					want(t, "told", slices.Compact(alice.told())[0], "180")
					before := alice.media.count()
					map[string]*fakeLeg{"101": a, "102": b}[test.by].media.hear()
					want(t, "packets of who confirmed", alice.media.count()-before, 1)
					alice.bye(dialplan.CauseNormal)
				}
				r := next(t, w)
				if test.by == "" {
					want(t, "cause", r.Cause, test.cause)
					want(t, "answered", r.Answer.IsZero(), true)
					want(t, "over after", r.End.Sub(began).Round(100*ms), test.over)
				} else {
					want(t, "answered after", r.Answer.Sub(began).Round(100*ms), test.answer)
				}
				synctest.Wait()
				for _, n := range []string{"100", "101", "102", "103"} {
					want(t, n+" is busy", w.Busy(n), false)
				}
			})
		})
	}
}

const screened = `dialplan: {phones: [{name: it, to: 200, do: [{dial: ["101", "102"], confirm: tones}]}]}` + "\n"

func TestTwoConfirmAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLeg("101", codec.PCMU, codec.DTMF), newLeg("102", codec.PCMU, codec.DTMF)
		w := routed(t, book{"101": {{"a", answers(a, time.Second)}}, "102": {{"b", answers(b, time.Second)}}}, screened)
		alice := w.calls(t, "100", "200", codec.PCMU)
		time.Sleep(2 * time.Second)
		a.media.event('1')
		b.media.event('1')
		time.Sleep(time.Second)
		over := 0
		for _, l := range []*fakeLeg{a, b} {
			if l.ctx.Err() != nil {
				over++
				told(t, l, "hangup answered-elsewhere")
			}
		}
		want(t, "phones that were too late", over, 1)
		alice.bye(dialplan.CauseNormal)
		want(t, "cause", next(t, w).Cause, "normal")
	})
}

func TestCallerLeavesWhileACalleeIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLeg("101", codec.PCMU), newLeg("102", codec.PCMU)
		w := routed(t, book{"101": {{"a", answers(a, time.Second)}}, "102": {{"b", answers(b, time.Hour)}}}, screened)
		alice := w.calls(t, "100", "200", codec.PCMU)
		time.Sleep(2 * time.Second)
		if a.media.count() == 0 {
			t.Error("a is not asked")
		}
		alice.bye(dialplan.CauseCancelled)
		r := next(t, w)
		want(t, "cause", r.Cause, "cancelled")
		told(t, a, "hangup cancelled")
		told(t, b, "cancel cancelled")
		want(t, "a answered", r.Legs[1].Answer.IsZero(), false)
	})
}

// The caller hears what the network plays before the answer, and then ringing: not
// the callee, who is asked.
func TestEarlyMediaEndsWhenACalleeIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newLeg("101", codec.PCMU, codec.DTMF)
		w := routed(t, book{"101": {{"a", speaksEarly(a, 0, func(context.Context, func(call.Progress)) (call.Leg, error) {
			time.Sleep(2 * time.Second)
			return a, nil
		})}}}, screened)
		alice := w.calls(t, "100", "200", codec.PCMU)
		time.Sleep(time.Second)
		a.media.hear()
		want(t, "packets before the answer", alice.media.count(), 1)
		time.Sleep(2 * time.Second)
		a.media.hear()
		want(t, "packets while it is asked", alice.media.count(), 1)
		told(t, alice, "183", "180")
		a.media.event('1')
		time.Sleep(time.Second)
		a.media.hear()
		want(t, "packets when it has confirmed", alice.media.count(), 2)
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}
