package call_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

func anybody(string) bool { return true }

// shown is what lamps of extensions say: "100:> up 101" is that 100 talks with 101, which
// it called.
func shown(w *world) string {
	all := w.Dialogs(anybody)
	var out []string
	for _, e := range slices.Sorted(maps.Keys(all)) {
		for _, d := range all[e] {
			way := "<"
			if d.Initiator {
				way = ">"
			}
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s:%s %s %s", e, way, d.State, strings.TrimSpace(d.Remote+" "+d.RemoteName))))
		}
	}
	return strings.Join(out, ", ")
}

func TestWatchTellsOfEachStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w, _ := newMusicWorld(t, book{"101": {{"bob", answers(bob, 5*time.Second)}}}, plain(t))
		changed, stop := w.Watch()
		step := func(wanted string) {
			t.Helper()
			synctest.Wait()
			select {
			case <-changed:
			default:
				t.Errorf("nothing was told before %q", wanted)
			}
			want(t, "lamps", shown(w), wanted)
		}
		want(t, "lamps", shown(w), "")
		alice := w.calls(t, "100", "101")
		step("100:> ringing 101, 101:< ringing 100")
		id := w.Calls()[0].ID
		want(t, "it rings at 101", w.Rings(id, "101"), true)
		want(t, "it rings at 100", w.Rings(id, "100"), false)
		time.Sleep(6 * time.Second)
		step("100:> up 101, 101:< up 100")
		want(t, "it rings at 101", w.Rings(id, "101"), false)
		alice.hold(media.SendOnly)
		step("100:> held 101, 101:< up 100")
		alice.hold(media.SendRecv)
		step("100:> up 101, 101:< up 100")
		bob.bye(dialplan.CauseNormal)
		step("")
		next(t, w)
		stop()
		synctest.Wait()
		select { // of the end of the record
		case <-changed:
		default:
		}
		w.calls(t, "100", "101")
		synctest.Wait()
		select {
		case <-changed:
			t.Error("told after stop")
		default:
		}
	})
}

func TestLampsDoNotNameWhoHides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := newMusicWorld(t, book{"101": {{"bob", answers(newLeg("101", codec.PCMU), time.Hour)}}}, plain(t))
		l := newLeg("0301234", codec.PCMU)
		if e := w.Accept(l, dialplan.Facts{From: "100", FromName: "Alice", To: "101", Extension: "100", Anonymous: true}); e != nil {
			t.Fatal(e)
		}
		synctest.Wait()
		want(t, "lamps", shown(w), "100:> ringing 101, 101:< ringing")
		l.bye(dialplan.CauseNormal)
		next(t, w)
	})
}
