package peers

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

// What a phone does is shown by lamps (dialog-info, to sipp and to a phone that looks at all
// that the RFC demands) and by presence, in the words of each maker.
func TestPhonesAreWatched(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	o := openOffice(t)
	for _, p := range o.phones {
		p.screen.forget()
	}
	lamps := sipp{scenario: "watch", extension: "104", callee: "101", port: freePort(t)}
	notified, unlit := lamps.watch(o.ctx, t, o)
	dave := o.phone("103", testphone.Options{})
	if r := dave.Watch(o.ctx, "101", 600); r.Status != 200 {
		t.Fatalf("SUBSCRIBE was answered %s", r)
	}
	alice, bob, carol := o.phones[0], o.phones[1], o.phones[2]
	shows := func(state, presence string, notifies int) {
		t.Helper()
		if !callscript.Until(o.ctx, func() bool { return dave.Lamp("101").State == state }) {
			t.Fatalf("the lamp shows %+v, want %s\n%s", dave.Lamp("101"), state, dave.Trace())
		}
		notified(notifies)
		if presence != "" {
			carol.expect(o.ctx, "to see "+presence, presence)
		}
	}
	carol.tell(`friend add "bob" sip:101@$SERVER`)
	shows("idle", `Friend "bob".* is Online`, 1)
	alice.calls("101")
	bob.isRung(o.ctx)
	shows("ringing", "", 2)
	bob.tell(bob.answer)
	bob.isAnswered(o.ctx)
	shows("talking", "", 3)
	alice.hangsUp()
	bob.isLeft(o.ctx)
	shows("idle", "", 4)
	unlit()
}

// watch starts a subscriber. Its results wait until it was told so often, and until it has
// ended its subscription.
func (s sipp) watch(ctx context.Context, t *testing.T, o *office) (notified func(times int), ended func()) {
	t.Helper()
	dir, ended := s.begin(ctx, t, o.server)
	return func(times int) {
		t.Helper()
		if !callscript.Until(ctx, func() bool {
			names, _ := filepath.Glob(filepath.Join(dir, "*_messages.log"))
			if len(names) == 0 {
				return false
			}
			data, _ := os.ReadFile(names[0])
			return strings.Count(string(data), "\nNOTIFY sip:") >= times
		}) {
			t.Fatalf("sipp was not told %d times\n%s", times, logs(dir))
		}
	}, ended
}
