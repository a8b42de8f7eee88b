package call_test

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

// Whatever else happens in the same moment, who hung up is on the record.
func TestCallerLeavesAFeatureWhileRenegotiating(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		for range 3000 {
			alice := w.calls(t, "100", "600")
			synctest.Wait()
			alice.hold(media.SendRecv)
			alice.bye(dialplan.CauseNormal)
			if r := next(t, w); r.HungUpBy != alice.ID() {
				t.Fatalf("hung up by %q, want the caller %q", r.HungUpBy, alice.ID())
			}
			synctest.Wait()
		}
	})
}

// Who hangs up in the moment in which its ACK comes was answered.
func TestCallerWhoHangsUpAtOnceWasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 { // which is noticed first is chance
			w := newWorld(t, book{"101": {{"bob", answers(newLeg("101", codec.PCMU), 0)}}})
			alice := newLeg("100", codec.PCMU)
			alice.ack = time.Second
			if e := w.Accept(alice, dialplan.Facts{From: "100", To: "101", Extension: "100"}); e != nil {
				t.Fatal(e)
			}
			time.Sleep(time.Second)
			alice.bye(dialplan.CauseNormal)
			if r := next(t, w); r.Answer.IsZero() || r.Cause != "normal" {
				t.Fatalf("%s, answered at %v", r.Cause, r.Answer)
			}
			synctest.Wait()
		}
	})
}

func TestSilenceCountsFromTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
		alice := newLeg("100", codec.PCMU)
		alice.ack = 50 * time.Second
		if e := w.Accept(alice, dialplan.Facts{From: "100", To: "101", Extension: "100"}); e != nil {
			t.Fatal(e)
		}
		r := next(t, w)
		want(t, "cause", r.Cause, "rtp-timeout")
		if d := r.End.Sub(r.Answer); d < time.Minute {
			t.Errorf("ended %v after the answer, media.timeout is 1m", d)
		}
	})
}

func TestCodecThatComesBackInTheLastMomentIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
		alice := w.calls(t, "100", "101")
		synctest.Wait()
		agrees := func(f codec.Format) {
			bob.media.mu.Lock()
			bob.media.formats = []codec.Format{f}
			bob.media.mu.Unlock()
		}
		agrees(codec.G729)
		bob.token()
		time.Sleep(4 * time.Second)
		agrees(codec.PCMA) // news of it is on its way
		time.Sleep(2 * time.Second)
		alice.media.hear()
		want(t, "calls", w.Len(), 1)
		want(t, "packets that reached bob", bob.media.count(), 1)
		alice.bye(dialplan.CauseNormal)
		want(t, "cause", next(t, w).Cause, "normal")
	})
}

// A phone that offers its audio with port 0 switches it off for a while; that is
// no lack of codecs.
func TestCallStaysUpWhileAudioIsSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bob := newLeg("101", codec.PCMU)
		w := newWorld(t, book{"101": {{"bob", answers(bob, 0)}}})
		alice := w.calls(t, "100", "101")
		synctest.Wait()
		bob.media.mu.Lock()
		bob.media.formats, bob.media.direction = nil, media.Inactive
		bob.media.mu.Unlock()
		bob.hold(media.Inactive)
		time.Sleep(10 * time.Second)
		want(t, "calls", w.Len(), 1)
		alice.bye(dialplan.CauseNormal)
		want(t, "cause", next(t, w).Cause, "normal")
	})
}

// A call that was accepted is recorded before Close returns, however close the
// two were.
func TestCloseWaitsForACallAcceptedAtTheSameTime(t *testing.T) {
	for range 2000 {
		w := newWorld(t, nil)
		var accepting sync.WaitGroup
		accepting.Go(func() {
			w.Accept(newLeg("100", codec.PCMU), dialplan.Facts{From: "100", To: "199", Extension: "100"})
		})
		for w.Total() == 0 {
			runtime.Gosched()
		}
		w.Close()
		if len(w.cdrs) != 1 {
			t.Fatal("Close returned before the call was recorded")
		}
		accepting.Wait()
	}
}
