package sipua

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/media"
	"dialtone/pbx/call"
)

func TestGlare(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	leg.Near(want(media.SendOnly, both.Formats...))
	ours := s.request(sip.INVITE)
	s.send("INVITE", sdpText(2, "sendonly", "0", "8", "101"))
	s.response(491)
	s.sendBranch("ACK", s.cseq, s.invite)
	s.reply(ours, 491, "")
	s.request(sip.ACK)
	s.silent(4 * t1) // 2.1 to 4 s when T1 is 500 ms
	again := s.request(sip.INVITE)
	if directionOf(again.Body()) != "sendonly" || versionOf(again.Body()) != versionOf(ours.Body()) {
		t.Fatalf("second try\n%v", again)
	}
	s.reply(again, 200, "", sdpText(2, "recvonly", "0", "8", "101"))
	s.request(sip.ACK)
	b.changed(leg)
}

// crossing has our offer, of sendonly, meet one of the far side, whose Call-ID it is.
func crossing(b *bed, theirs string) (s *side, leg call.Leg, ours *sip.Request) {
	b.t.Helper()
	s, leg = b.inbound(both)
	leg.Near(want(media.SendOnly, both.Formats...))
	ours = s.request(sip.INVITE)
	s.send("INVITE", theirs)
	return s, leg, ours
}

// refuses has the far side refuse ours for theirs, which is taken then; seq is theirs.
func refuses(s *side, ours *sip.Request) (seq int, ok *sip.Response) {
	s.t.Helper()
	seq = s.cseq
	s.reply(ours, 491, "")
	s.request(sip.ACK)
	return seq, s.response(200)
}

// The far side refuses our offer as it has made one itself: that is taken, and answers
// what ours asked.
func TestGlareIsOverWhenOursIsRefused(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		s, leg, ours := crossing(b, sdpText(2, "sendrecv", "0", "8", "101"))
		seq, ok := refuses(s, ours)
		if directionOf(ok.Body()) != "sendonly" {
			t.Fatalf("200\n%v", ok)
		}
		s.sendAs("ACK", seq)
		s.silent(10 * time.Second) // nothing is left to ask for
		if d := leg.Media().Direction(); d != media.SendOnly {
			t.Errorf("the direction is %v", d)
		}
	})
}

// Ours is taken while theirs waits: then theirs is as well.
func TestGlareIsOverWhenOursIsTaken(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		s, leg, ours := crossing(b, sdpText(3, "sendonly", "0", "8", "101"))
		seq := s.cseq
		s.reply(ours, 200, "", sdpText(2, "recvonly", "0", "8", "101"))
		s.request(sip.ACK)
		if ok := s.response(200); directionOf(ok.Body()) != "inactive" {
			t.Fatalf("200\n%v", ok)
		}
		s.sendAs("ACK", seq)
		b.changed(leg)
	})
}

// What is left to ask once theirs is through is asked at once, not after the wait for those
// who do not know when the other one is.
func TestGlareIsNotWaitedForWhenItIsOver(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		s, leg, ours := crossing(b, sdpText(2, "sendrecv", "0", "8", "101"))
		seq, _ := refuses(s, ours)
		leg.Near(want(media.Inactive, both.Formats...))
		begin := time.Now()
		s.sendAs("ACK", seq)
		again := s.request(sip.INVITE)
		if took := time.Since(begin); took > 0 || directionOf(again.Body()) != "inactive" {
			t.Fatalf("after %v\n%v", took, again)
		}
		s.reply(again, 200, "", sdpText(3, "inactive", "0", "8", "101"))
		s.request(sip.ACK)
		b.changed(leg)
	})
}

// One that refuses each time, and asks itself, is waited for after all.
func TestGlareDoesNotGoRound(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		s, leg := b.inbound(both)
		leg.Near(want(media.SendOnly, both.Formats...))
		ours := s.request(sip.INVITE)
		for i, next := range []media.Direction{media.Inactive, media.SendOnly, media.Inactive} {
			s.send("INVITE", sdpText(i+2, "sendrecv", "0", "8", "101"))
			seq, _ := refuses(s, ours)
			leg.Near(want(next, both.Formats...))
			begin := time.Now()
			s.sendAs("ACK", seq)
			ours = s.request(sip.INVITE)
			if took := time.Since(begin); (took > 0) != (i == 2) {
				t.Errorf("after 491 number %d it is asked again in %v", i+1, took)
			}
		}
	})
}

// Ours has no answer for long: theirs is refused.
func TestGlareDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	s, _, _ := crossing(newBed(t), sdpText(2, "sendrecv", "0", "8", "101"))
	s.response(491)
}
