package call_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// jukebox notes who hears music.
type jukebox struct {
	mu    sync.Mutex
	heard []string // classes, as they begin
	now   map[media.Endpoint]string
}

func (j *jukebox) Play(ctx context.Context, e media.Endpoint, class string) error {
	j.mu.Lock()
	j.heard = append(j.heard, class)
	if j.now == nil {
		j.now = map[media.Endpoint]string{}
	}
	j.now[e] = class
	j.mu.Unlock()
	<-ctx.Done()
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.now, e)
	return context.Cause(ctx)
}

func (j *jukebox) hears(l *fakeLeg) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.now[l.Media()]
}

// newMusicWorld is a world with a jukebox, and without the silence that ends calls.
func newMusicWorld(t *testing.T, phones book, plan *dialplan.Plan) (*world, *jukebox) {
	t.Helper()
	j := &jukebox{}
	w := newWorldOf(t, plan, call.Options{Dialer: phones, Log: slog.New(slog.DiscardHandler), Music: j})
	w.cfg.Media.Timeout = 0
	w.cfg.Music.Hold = "shop"
	return w, j
}

func plain(t *testing.T) *dialplan.Plan {
	t.Helper()
	plan, found := dialplan.Compile(dialplan.Spec{Extensions: []string{"100", "101"}, RingTimeout: 30 * time.Second})
	if len(found) > 0 {
		t.Fatal(found)
	}
	return plan
}

func TestWhoIsOnHoldHearsMusic(t *testing.T) {
	for _, way := range []media.Direction{media.SendOnly, media.Inactive} {
		synctest.Test(t, func(t *testing.T) {
			bob := newLeg("101", codec.PCMU)
			w, music := newMusicWorld(t, book{"101": {{"bob", answers(bob, 0)}}}, plain(t))
			alice := w.calls(t, "100", "101")
			synctest.Wait()
			for range 10 {
				alice.hold(way)
				synctest.Wait()
				want(t, "bob hears", music.hears(bob), "shop")
				want(t, "alice hears", music.hears(alice), "")
				want(t, "bob is offered", bob.nearNow().Direction, media.SendOnly)
				n := bob.media.count()
				alice.media.hear()
				want(t, "packets of alice that bob gets", bob.media.count()-n, 0)
				bob.hold(media.RecvOnly) // what a phone says to that
				synctest.Wait()
				want(t, "bob hears", music.hears(bob), "shop")
				alice.hold(media.SendRecv)
				bob.hold(media.SendRecv)
				synctest.Wait()
				want(t, "bob hears", music.hears(bob), "")
				want(t, "bob is offered", bob.nearNow().Direction, media.SendRecv)
				n = bob.media.count()
				alice.media.hear()
				want(t, "packets of alice that bob gets", bob.media.count()-n, 1)
			}
			want(t, "times that music began", len(music.heard), 10)
			alice.hold(way)
			synctest.Wait()
			alice.bye(dialplan.CauseNormal)
			next(t, w)
			synctest.Wait()
			want(t, "bob hears", music.hears(bob), "")
		})
	}
}

func TestWhenBothHoldNobodyHearsMusic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w, music := newMusicWorld(t, book{"101": {{"bob", answers(bob, 0)}}}, plain(t))
		alice := w.calls(t, "100", "101")
		synctest.Wait()
		alice.hold(media.SendOnly)
		bob.hold(media.SendOnly)
		synctest.Wait()
		want(t, "alice hears", music.hears(alice)+music.hears(bob), "")
		alice.hold(media.SendRecv)
		synctest.Wait()
		want(t, "alice hears", music.hears(alice), "shop")
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

func TestWithoutMusicHoldIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w, music := newMusicWorld(t, book{"101": {{"bob", answers(bob, 0)}}}, plain(t))
		w.cfg.Music.Hold = "none"
		alice := w.calls(t, "100", "101")
		synctest.Wait()
		alice.hold(media.SendOnly)
		synctest.Wait()
		n := bob.media.count()
		alice.media.hear()
		want(t, "packets of alice that bob gets", bob.media.count()-n, 1)
		alice.hold(media.Inactive)
		synctest.Wait()
		want(t, "bob is offered", bob.nearNow().Direction, media.Inactive)
		want(t, "music", len(music.heard), 0)
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

func TestWhoCannotHearMusicIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.G729)
		w, music := newMusicWorld(t, book{"101": {{"bob", answers(bob, 0)}}}, plain(t))
		alice := w.calls(t, "100", "101", codec.G729)
		synctest.Wait()
		alice.hold(media.SendOnly)
		synctest.Wait()
		want(t, "music", len(music.heard), 0)
		want(t, "bob is offered", bob.nearNow().Direction, media.SendOnly)
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

// ringingPlan dials 101 from 200, answered before or not, with music or without.
func ringingPlan(t *testing.T, answered bool, class string) *dialplan.Plan {
	t.Helper()
	dial := &dialplan.Dial{To: dialplan.Texts{{Value: "101"}}, WithMusic: dialplan.Text{Value: class}}
	steps := dialplan.Steps{dial}
	if answered {
		steps = slices.Insert(steps, 0, dialplan.Step(&dialplan.Answer{}))
	}
	plan, found := dialplan.Compile(dialplan.Spec{
		Extensions: []string{"100", "101"}, RingTimeout: 30 * time.Second, Music: []string{"shop"},
		Contexts: map[string][]*dialplan.RouteSpec{"phones": {{To: dialplan.Texts{{Value: "200"}}, Do: steps}}},
	})
	for _, f := range found {
		if !f.Warning {
			t.Fatal(f)
		}
	}
	return plan
}

func TestWhoWasAnsweredHearsThatItRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w, music := newMusicWorld(t, book{"101": {{"bob", answers(bob, 10*time.Second)}}}, ringingPlan(t, true, ""))
		alice := w.calls(t, "100", "200")
		time.Sleep(9900 * time.Millisecond)
		if n := alice.media.count(); n < 490 || n > 500 {
			t.Errorf("%d packets of the ringing tone", n)
		}
		time.Sleep(time.Second)
		n := alice.media.count()
		time.Sleep(time.Second)
		want(t, "packets after the answer", alice.media.count()-n, 0)
		want(t, "music", len(music.heard), 0)
		told(t, alice, "200")
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}

func TestMusicInsteadOfTheRingingTone(t *testing.T) {
	for _, answered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			bob := newLeg("101", codec.PCMU)
			w, music := newMusicWorld(t, book{"101": {{"bob", answers(bob, 10*time.Second)}}}, ringingPlan(t, answered, "shop"))
			alice := w.calls(t, "100", "200")
			time.Sleep(5 * time.Second)
			want(t, "alice hears", music.hears(alice), "shop")
			time.Sleep(6 * time.Second)
			want(t, "alice hears", music.hears(alice), "")
			if answered {
				told(t, alice, "200")
			} else {
				told(t, alice, "183", "200")
			}
			alice.bye(dialplan.CauseNormal)
			next(t, w)
		})
	}
}
