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
)

// After the step progress the caller hears what is played without an answer, until
// a step asks for one.
func TestProgress(t *testing.T) {
	for _, test := range []struct {
		name, do string
		codecs   []codec.Format
		told     []string
		answered time.Duration // from the start, 0 is never
		cause    string
	}{
		{"a tone, then busy", "[progress, {tone: 425, for: 2s}, {hangup: busy}]", []codec.Format{codec.PCMU}, []string{"183", "hangup busy"}, 0, "busy"},
		{"once is enough", "[progress, progress, {music: 2s}, {hangup: busy}]", []codec.Format{codec.PCMU}, []string{"183", "hangup busy"}, 0, "busy"},
		{"an answer later", "[progress, {tone: 425, for: 2s}, answer, {tone: 425, for: 1s}, progress]", []codec.Format{codec.PCMU}, []string{"183", "200", "hangup normal"}, 2 * time.Second, "normal"},
		{"then somebody answers", `[progress, {tone: 425, for: 2s}, {dial: "101"}]`, []codec.Format{codec.PCMU}, []string{"183", "180", "200", "hangup normal"}, 7 * time.Second, "normal"},
		{"in what the caller speaks, if it is nothing of ours", "[progress, {echo: 2s}, {hangup: busy}]", []codec.Format{codec.G722}, []string{"183", "183", "hangup busy"}, 0, "busy"},
		{"longer than a caller may be silent", "[progress, {tone: 425, for: 5m}, {hangup: busy}]", []codec.Format{codec.PCMU}, []string{"183", "hangup busy"}, 0, "busy"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bob := newLeg("101", test.codecs...)
				w := routed(t, book{"101": {{"bob", answers(bob, 5*time.Second)}}}, "dialplan: {phones: [{name: it, to: 200, do: "+test.do+"}]}\n")
				alice := w.calls(t, "100", "200", test.codecs...)
				time.Sleep(10 * time.Second)
				bob.bye(dialplan.CauseNormal)
				r := next(t, w)
				want(t, "cause", r.Cause, test.cause)
				if test.answered == 0 {
					want(t, "answered", r.Answer.IsZero(), true)
				} else {
					want(t, "answered after", r.Answer.Sub(r.Start), test.answered)
				}
				told(t, alice, test.told...)
			})
		})
	}
}

// keeper is a dialer that keeps the last invitation.
type keeper struct {
	book
	inv call.Invitation
}

func (k *keeper) Dial(ctx context.Context, to call.Contact, inv call.Invitation, progress func(call.Progress)) (call.Leg, error) {
	k.inv = inv
	return k.book.Dial(ctx, to, inv, progress)
}

func TestHeadersReachTheCallee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := config.Parse("plan.yaml", []byte(`
extensions: {"100": {password: kqvt-8mzn-3xwp-r5hc}, "101": {password: b7fd-w2ks-9pte-n4vx}}
dialplan: {phones: [{name: it, to: 200, do: [{header: {X-To: "for ${to}"}}, {dial: "101"}]}]}
`), nil)
		if err != nil {
			t.Fatal(err)
		}
		k := &keeper{book: book{"101": {{"bob", refuses(486, time.Second)}}}}
		w := newWorldOf(t, l.Plan, call.Options{Dialer: k, Log: slog.New(slog.DiscardHandler)})
		w.calls(t, "100", "200")
		next(t, w)
		want(t, "X-To", k.inv.Headers["X-To"], "for 200")
	})
}
