package call_test

import (
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

var vp8 = codec.Format{Name: "VP8", PT: 96, Clock: 90000, Channels: 1}

// screenEnd is video without sockets. It counts the pictures that it is asked for.
type screenEnd struct {
	endpoint
	asked   int
	watched media.Camera
}

// Video implements media.Visual.
func (e *endpoint) Video() media.VideoEndpoint {
	if e.video == nil {
		return nil
	}
	return e.video
}

func (s *screenEnd) Refresh()                     { s.mu.Lock(); defer s.mu.Unlock(); s.asked++ }
func (s *screenEnd) Watch(c media.Camera)         { s.mu.Lock(); defer s.mu.Unlock(); s.watched = c }
func (*screenEnd) Missing(uint32, uint16, uint16) {}
func (*screenEnd) Limit(uint64)                   {}
func (*screenEnd) Fares(uint8)                    {}
func (*screenEnd) Taken(uint32, uint64, uint32)   {}
func (s *screenEnd) Forget(c media.Camera) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched == c {
		s.watched = nil
	}
}

// whom is whose video the endpoint of s shows, nil when nobody's.
func (s *screenEnd) whom() media.Camera { s.mu.Lock(); defer s.mu.Unlock(); return s.watched }

// filmed is a leg with video that goes some way.
func filmed(party string, d media.Direction) *fakeLeg {
	l := newLeg(party, codec.PCMU)
	l.media.video = &screenEnd{}
	l.far.Video = call.Video{Formats: []codec.Format{vp8}, Direction: d}
	return l
}

// films is the phone's re-INVITE with video.
func (l *fakeLeg) films(v call.Video) {
	l.mu.Lock()
	l.far.Video = v
	l.mu.Unlock()
	l.token()
}

// Each of the two is told what the other one does with video, whenever that changes, and
// they see each other.
func TestVideoOfBothIsMirrored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice, bob := filmed("100", media.SendRecv), filmed("101", media.RecvOnly)
		k := &keeper{book: book{"101": {{"bob", answers(bob, time.Second)}}}}
		w := newKeptWorld(t, k)
		if e := w.Accept(alice, dialplan.Facts{CallID: "v", To: "101", From: "100", Extension: "100"}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want(t, "invited with video", k.inv.Near.Video.Live(), true)
		want(t, "caller is told", alice.nearNow().Video.Direction, media.RecvOnly)
		want(t, "callee is told", bob.nearNow().Video.Direction, media.SendRecv)
		want(t, "bob sees alice", bob.media.video.whom() == media.Camera(alice.media.video), true)
		bob.media.video.hear()
		want(t, "pictures for alice", alice.media.video.count(), 1)

		bob.media.video.formats = []codec.Format{vp8}
		before := alice.media.video.asked
		bob.films(call.Video{Formats: []codec.Format{vp8}, Direction: media.SendRecv})
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "caller is told", alice.nearNow().Video.Direction, media.SendRecv)
		want(t, "alice is asked for a picture", alice.media.video.asked > before, true)
		for _, q := range quality(t, w) {
			want(t, q.Party+" has video", q.Video != nil, q.Party == "101")
		}
		bob.films(call.Video{Formats: []codec.Format{vp8}, Idle: true})
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "caller is told", alice.nearNow().Video.Live(), false)
		bob.bye(dialplan.CauseNormal)
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "nobody looks", alice.media.video.whom(), nil)
		bob.media.video.hear()
		want(t, "pictures for alice", alice.media.video.count(), 1)
		next(t, w)
	})
}

// quality measures the one call, in which the video of bob carries something.
func quality(t *testing.T, w *world) []call.Quality {
	t.Helper()
	q, ok := w.Quality(t.Context(), w.Calls()[0].ID, time.Second)
	if !ok || len(q) != 2 {
		t.Fatalf("%d parties, %v", len(q), ok)
	}
	return q
}

// newKeptWorld is a world whose invitations are kept.
func newKeptWorld(t *testing.T, k *keeper) *world {
	t.Helper()
	plan, found := dialplan.Compile(dialplan.Spec{Extensions: []string{"100", "101", "102"}, RingTimeout: 30 * time.Second})
	if len(found) > 0 {
		t.Fatal(found)
	}
	return newWorldOf(t, plan, call.Options{Dialer: k, Log: slog.New(slog.DiscardHandler)})
}

// After a transfer, the new party is seen, and not the one before.
func TestVideoAfterATransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice, bob, carol := filmed("100", media.SendRecv), filmed("101", media.SendRecv), filmed("102", media.SendRecv)
		k := &keeper{book: book{"101": {{"bob", answers(bob, time.Second)}}, "102": {{"carol", answers(carol, time.Second)}}}}
		w := newKeptWorld(t, k)
		if e := w.Accept(alice, dialplan.Facts{CallID: "v", To: "101", From: "100", Extension: "100"}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		k.inv = call.Invitation{}
		if err := w.Transfer(t.Context(), bob.ID(), call.Transfer{To: "102"}); err != nil {
			t.Fatal(err)
		}
		want(t, "nobody looks at bob", alice.media.video.whom(), nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want(t, "carol is invited with video", k.inv.Near.Video.Live(), true)
		want(t, "carol sees alice", carol.media.video.whom() == media.Camera(alice.media.video), true)
		want(t, "bob sees nobody", bob.media.video.whom(), nil)
		alice.media.video.hear()
		want(t, "pictures for bob", bob.media.video.count(), 0)
		want(t, "pictures for carol", carol.media.video.count(), 1)
		alice.bye(dialplan.CauseNormal)
		next(t, w)
		next(t, w)
	})
}

// Whoever has no video, a menu for instance, says so.
func TestNobodyToSee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, book{})
		alice := filmed("100", media.SendRecv)
		if e := w.Accept(alice, dialplan.Facts{CallID: "v", To: "600", From: "100", Extension: "100"}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "answered", slices.Contains(alice.told(), "200"), true)
		want(t, "video", len(alice.nearNow().Video.Formats), 0)
		want(t, "nobody looks", alice.media.video.whom(), nil)
		alice.bye(dialplan.CauseNormal)
		next(t, w)
	})
}
