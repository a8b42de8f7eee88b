package sipua

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// Every direction that the far side can offer meets every one that this side is
// ready for (RFC 3264 §6.1).
func TestReInviteIsAnsweredFromNear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		near   media.Direction
		offer  string
		answer string
	}{
		{media.SendRecv, "sendrecv", "sendrecv"},
		{media.SendRecv, "sendonly", "recvonly"},
		{media.SendRecv, "recvonly", "sendonly"},
		{media.SendRecv, "inactive", "inactive"},
		{media.SendOnly, "sendrecv", "sendonly"},
		{media.SendOnly, "sendonly", "inactive"},
		{media.SendOnly, "recvonly", "sendonly"},
		{media.SendOnly, "inactive", "inactive"},
		{media.RecvOnly, "sendrecv", "recvonly"},
		{media.RecvOnly, "sendonly", "recvonly"},
		{media.RecvOnly, "recvonly", "inactive"},
		{media.RecvOnly, "inactive", "inactive"},
		{media.Inactive, "sendrecv", "inactive"},
		{media.Inactive, "sendonly", "inactive"},
		{media.Inactive, "recvonly", "inactive"},
		{media.Inactive, "inactive", "inactive"},
	} {
		t.Run(c.near.String()+" meets "+c.offer, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			s, leg := b.inbound(want(c.near, codec.PCMU, codec.PCMA))
			s.send("INVITE", sdpText(2, c.offer, "8", "0"))
			ok := s.response(200)
			if d := directionOf(ok.Body()); d != c.answer {
				t.Fatalf("answered %s, want %s", d, c.answer)
			}
			if typesOf(ok.Body()) != "0 8" { // in the order of near
				t.Fatalf("answered types %s", typesOf(ok.Body()))
			}
			s.ack()
			b.changed(leg)
			if d := leg.Far().Direction.String(); d != c.offer {
				t.Fatalf("far is %s, want %s", d, c.offer)
			}
			if d := leg.Media().Direction().String(); d != c.answer {
				t.Fatalf("media is %s, want %s", d, c.answer)
			}
		})
	}
}

func TestHoldAndResumeByUsTenTimes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	version := ""
	for i := range 10 {
		leg.Near(want(media.SendOnly, both.Formats...))
		hold := s.request(sip.INVITE)
		if directionOf(hold.Body()) != "sendonly" || versionOf(hold.Body()) == version {
			t.Fatalf("hold %d\n%v", i, hold)
		}
		s.reply(hold, 200, "", sdpText(2+2*i, "recvonly", "0", "8", "101"))
		s.request(sip.ACK)
		b.changed(leg)
		if leg.Far().Direction != media.SendRecv || leg.Media().Direction() != media.SendOnly {
			t.Fatalf("held: far %v, media %v", leg.Far().Direction, leg.Media().Direction())
		}
		leg.Near(both)
		resume := s.request(sip.INVITE)
		if directionOf(resume.Body()) != "sendrecv" {
			t.Fatalf("resume %d\n%v", i, resume)
		}
		version = versionOf(resume.Body())
		s.reply(resume, 200, "", sdpText(3+2*i, "sendrecv", "0", "8", "101"))
		s.request(sip.ACK)
		b.changed(leg)
		if leg.Media().Direction() != media.SendRecv {
			t.Fatalf("resumed: media %v", leg.Media().Direction())
		}
	}
	leg.Near(both)
	s.silent(2 * t1) // nothing to change
}

func TestFormatsThatNearNoLongerHasAreTakenOut(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(both)
	leg.Near(want(media.SendRecv, codec.PCMA, codec.DTMF))
	req := s.request(sip.INVITE)
	if typesOf(req.Body()) != "8 101" {
		t.Fatalf("offered %s", typesOf(req.Body()))
	}
	s.reply(req, 200, "", sdpText(2, "sendrecv", "8", "101"))
	s.request(sip.ACK)
	b.changed(leg)
	if f := leg.Far().Formats; !f[0].Same(codec.PCMA) {
		t.Fatalf("far %v", f)
	}
}

func TestRepeated2xxToAReInviteIsAcknowledgedAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	s.keepAll.Store(true)
	leg.Near(want(media.Inactive, both.Formats...))
	req := s.request(sip.INVITE)
	for range 3 {
		s.reply(req, 200, "", sdpText(2, "inactive", "0", "8", "101"))
		if ack := s.request(sip.ACK); ack.CSeq().SeqNo != req.CSeq().SeqNo {
			t.Fatalf("ACK\n%v", ack)
		}
	}
	s.silent(2 * t1)
}

func TestReInviteWithoutAnOffer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(both)
	s.send("INVITE")
	ok := s.response(200)
	if typesOf(ok.Body()) != "0 8 101" || directionOf(ok.Body()) != "sendrecv" {
		t.Fatalf("200\n%v", ok)
	}
	leg.Near(want(media.SendOnly, both.Formats...)) // has to wait for the ACK
	invite := s.cseq
	s.send("UPDATE", sdpText(2, "sendrecv", "0"))
	s.response(491)
	s.sendAs("ACK", invite, sdpText(2, "sendrecv", "8", "101"))
	b.changed(leg)
	if f := leg.Media().Formats(); !f[0].Same(codec.PCMA) {
		t.Fatalf("formats %v", f)
	}
	hold := s.request(sip.INVITE)
	if directionOf(hold.Body()) != "sendonly" {
		t.Fatalf("re-INVITE\n%v", hold)
	}
	s.reply(hold, 200, "", sdpText(3, "recvonly", "8", "101"))
	s.request(sip.ACK)
}

func TestRefusedOfferKeepsTheSession(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(want(media.SendRecv, codec.PCMU))
	for _, c := range []struct {
		body   string
		status int
		warn   string
	}{
		{sdpText(2, "sendonly", "9"), 488, `305 dialtone "no common codec: far side has G722/8000`},
		{"v=0\r\nnonsense\r\n", 400, "399"},
		{strings.Replace(sdpText(2, "sendonly", "0"), "m=audio", "m=video", 1), 488, "304"},
	} {
		s.send("INVITE", c.body)
		if res := s.response(c.status); !strings.HasPrefix(value(res, "Warning"), c.warn) {
			t.Fatalf("Warning %q, want %q", value(res, "Warning"), c.warn)
		}
		s.sendBranch("ACK", s.cseq, s.invite)
	}
	if leg.Far().Direction != media.SendRecv || leg.Media().Direction() != media.SendRecv || leg.Context().Err() != nil {
		t.Fatalf("far %+v", leg.Far())
	}
}

func TestOfferOfOursThatIsRefusedIsNotRepeated(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	leg.Near(want(media.Inactive, both.Formats...))
	req := s.request(sip.INVITE)
	s.reply(req, 488, "")
	s.request(sip.ACK)
	s.silent(4 * t1)
	if leg.Context().Err() != nil || leg.Media().Direction() != media.SendRecv {
		t.Fatal("the session did not stay")
	}
	leg.Near(want(media.SendOnly, both.Formats...))
	req = s.request(sip.INVITE)
	s.reply(req, 200, "", sdpText(2, "recvonly", "0", "8", "101"))
	s.request(sip.ACK)
}

func TestServerErrorWithRetryAfterIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	leg.Near(want(media.SendOnly, both.Formats...))
	s.reply(s.request(sip.INVITE), 500, "", "Retry-After: 1")
	s.request(sip.ACK)
	s.reply(s.request(sip.INVITE), 200, "", sdpText(2, "recvonly", "0", "8", "101"))
	s.request(sip.ACK)
}

func TestReInviteToADialogThatIsGone(t *testing.T) {
	t.Parallel()
	for status, cause := range map[int]dialplan.Cause{481: dialplan.CauseGone, 408: dialplan.CauseUnreachable, 0: dialplan.CauseUnreachable} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			s, leg := b.outbound(caller())
			leg.Near(want(media.SendOnly, both.Formats...))
			req := s.request(sip.INVITE)
			if status != 0 {
				s.reply(req, status, "")
				s.request(sip.ACK)
			}
			b.ends(leg, cause)
			if status != 481 {
				s.request(sip.BYE)
			}
		})
	}
}

func TestHangupWhileAReInviteWaits(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	leg.Near(want(media.SendOnly, both.Formats...))
	req := s.request(sip.INVITE)
	s.send("BYE")
	s.response(200)
	b.ends(leg, dialplan.CauseNormal)
	s.reply(req, 487, "")
	s.request(sip.ACK)
}

func TestReInviteBeforeTheFinalAnswerIsPutOff(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	c.leg.Ring()
	s.learn(s.response(180))
	s.send("INVITE", sdpText(2, "sendonly", "0"))
	if res := s.response(500); value(res, "Retry-After") == "" {
		t.Fatalf("got\n%v", res)
	}
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseBusy})
}

func TestReInviteThatOvertakesTheAck(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.learn(s.response(200))
	first := s.cseq
	s.send("INVITE", sdpText(2, "sendonly", "0"))
	if res := s.response(200); directionOf(res.Body()) != "recvonly" {
		t.Fatalf("got\n%v", res)
	}
	s.sendAs("ACK", first)
	s.ack()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestReInviteWithoutAnAckEndsTheCall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(both)
	s.send("INVITE", sdpText(2, "sendonly", "0"))
	s.response(200)
	s.reply(s.request(sip.BYE), 200, "")
	b.ends(leg, dialplan.CauseAckTimeout)
}

func TestRequestsInOrderOfCSeq(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		s, leg := b.inbound(both)
		next := s.cseq + 1
		s.sendAs("INFO", next+1, "Content-Type: text/x", "body:second") // waits for the first
		s.sendAs("INFO", next, "Content-Type: text/x", "body:first")
		s.response(200)
		s.response(200)
		for _, w := range []string{"first", "second"} {
			if i := <-leg.Infos(); string(i.Body) != w {
				t.Fatalf("got %q, want %q", i.Body, w)
			}
		}
		s.sendAs("INFO", next)
		s.response(500)
		s.sendAs("INFO", next+50) // a gap that stays
		s.response(200)
	})
}

// Each one that comes gives those before the others time to come, too.
func TestRequestsThatComeInTheWrongOrderSlowly(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		s, leg := b.inbound(both)
		first := s.cseq + 1
		s.sendAs("INFO", first+2, "Content-Type: text/x", "body:third")
		s.silent(b.ua.reorder * 9 / 10)
		s.sendAs("INFO", first, "Content-Type: text/x", "body:first")
		s.response(200)
		s.silent(b.ua.reorder * 9 / 10)
		s.sendAs("INFO", first+1, "Content-Type: text/x", "body:second")
		s.response(200)
		s.response(200)
		for _, w := range []string{"first", "second", "third"} {
			if i := <-leg.Infos(); string(i.Body) != w {
				t.Fatalf("got %q, want %q", i.Body, w)
			}
		}
	})
}

func TestRequestsOutsideOfAnyDialog(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.rtag = "unknown"
	for _, m := range []string{"BYE", "INVITE", "INFO", "UPDATE", "PRACK"} {
		s.send(m)
		s.response(481)
		if m == "INVITE" {
			s.sendBranch("ACK", s.cseq, s.invite)
		}
	}
	s.send("ACK")
	s.silent(t1)
}

func TestRefreshWithoutAChangeIsNoChange(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(both)
	s.send("INVITE", plainSDP)
	first := s.response(200)
	s.ack()
	s.send("OPTIONS")
	s.response(200)
	s.send("INVITE", plainSDP)
	if again := s.response(200); string(again.Body()) != string(first.Body()) {
		t.Fatalf("answers\n%s\n%s", first.Body(), again.Body())
	}
	s.ack()
	s.send("INFO")
	s.response(200)
	if len(leg.Changed()) > 0 {
		t.Fatal("a token in Changed")
	}
}

func TestPhoneThatMovesWhileItTalks(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(both)
	moved := *s
	moved.peer = newPeer(t, "udp", b.udp)
	moved.send("UPDATE") // new address, new Contact
	moved.response(200)
	if !strings.Contains(leg.Info().URI, moved.addr()) || !strings.HasSuffix(leg.Info().Remote, moved.addr()) {
		t.Fatalf("info %+v", leg.Info())
	}
	leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	bye := moved.request(sip.BYE)
	if !strings.Contains(bye.Recipient.String(), moved.addr()) {
		t.Fatalf("BYE\n%v", bye)
	}
	moved.reply(bye, 200, "")
}

func TestPhoneThatRegistersFromElsewhereWhileItTalks(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	moved := newPeer(t, "udp", b.udp)
	b.mu.Lock()
	c := &b.phones["101"][0]
	c.Peer.Remote = mustAddr(moved.addr())
	c.LastSeen = time.Now()
	b.mu.Unlock()
	leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	moved.reply(moved.request(sip.BYE), 200, "")
	s.silent(t1)
}

func TestInfoBothWays(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	leg.SendInfo(call.Info{ContentType: "application/dtmf-relay", Body: []byte("Signal=1")})
	leg.SendInfo(call.Info{ContentType: "application/dtmf-relay", Body: []byte("Signal=2")})
	first := s.request(sip.INFO)
	s.silent(t1 / 4) // the second waits
	s.reply(first, 200, "")
	second := s.request(sip.INFO)
	if string(first.Body()) != "Signal=1" || string(second.Body()) != "Signal=2" || first.ContentType().Value() != "application/dtmf-relay" {
		t.Fatalf("got\n%v\n%v", first, second)
	}
	s.reply(second, 415, "")
	s.send("INFO", "Content-Type: application/dtmf-relay", "body:Signal=3")
	s.response(200)
	if i := <-leg.Infos(); i.ContentType != "application/dtmf-relay" || string(i.Body) != "Signal=3" {
		t.Fatalf("info %+v", i)
	}
	s.send("INFO", "Info-Package: foo")
	s.response(469)
	s.send("INFO")
	s.response(200)
	for i := range 2 * maxInfos {
		s.send("INFO", "Content-Type: x/y", fmt.Sprintf("body:%d", i))
		s.response(200)
	}
	if i := <-leg.Infos(); string(i.Body) != strconv.Itoa(maxInfos) {
		t.Fatalf("oldest kept is %s", i.Body)
	}
}

// What was refused once is asked for again after something else was accepted.
func TestACallThatWasHeldIsResumedAfterARefusal(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	hold, refuse := want(media.SendOnly, both.Formats...), want(media.Inactive, both.Formats...)
	leg.Near(refuse)
	s.reply(s.request(sip.INVITE), 488, "")
	s.request(sip.ACK)
	leg.Near(hold)
	s.reply(s.request(sip.INVITE), 200, "", sdpText(2, "recvonly", "0", "8", "101"))
	s.request(sip.ACK)
	b.changed(leg)
	leg.Near(refuse)
	req := s.request(sip.INVITE)
	if directionOf(req.Body()) != "inactive" {
		t.Fatalf("asked for\n%v", req)
	}
	s.reply(req, 200, "", sdpText(3, "inactive", "0", "8", "101"))
	s.request(sip.ACK)
	b.changed(leg)
}

// A phone that does not want to hear whom it talks with is resumed all the same.
func TestARefusedIdentityDoesNotKeepACallOnHold(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	out := b.dial(t.Context(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 200, "callee", "Allow: INVITE, ACK, BYE, UPDATE", plainSDP)
	p.request(sip.ACK)
	s, leg := sideOf(p, req, "callee"), b.wait(out).leg
	leg.Connected(call.Identity{Number: "102"})
	s.reply(s.request(sip.UPDATE), 488, "")
	leg.Near(want(media.SendOnly, both.Formats...))
	s.reply(s.request(sip.INVITE), 488, "")
	s.request(sip.ACK)
	leg.Near(both)
	leg.Near(want(media.Inactive, both.Formats...))
	s.reply(s.request(sip.INVITE), 200, "", sdpText(2, "inactive", "0", "8", "101"))
	s.request(sip.ACK)
	b.changed(leg)
	leg.Near(both) // as it was when the identity was refused
	req = s.request(sip.INVITE)
	if directionOf(req.Body()) != "sendrecv" {
		t.Fatalf("asked for\n%v", req)
	}
	s.reply(req, 200, "", sdpText(3, "sendrecv", "0", "8", "101"))
	s.request(sip.ACK)
	b.changed(leg)
}

// Who talked with a colleague, and then with a caller who hides its number, is told so.
func TestAnAnonymousCallerTakesTheColleaguesNameAway(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"102", "", "anonymous"} {
		b := newBed(t)
		p := b.phone("101")
		inv := caller()
		inv.From = from
		out := b.dial(t.Context(), "101", inv, nil)
		req := p.request(sip.INVITE)
		p.reply(req, 200, "callee", "Allow: INVITE, ACK, BYE, UPDATE", plainSDP)
		p.request(sip.ACK)
		s, leg := sideOf(p, req, "callee"), b.wait(out).leg
		leg.Connected(call.Identity{})
		if from != "102" { // it knows
			p.silent(50 * time.Millisecond)
			continue
		}
		req = s.request(sip.UPDATE)
		if h := req.GetHeader("P-Asserted-Identity"); h == nil || !strings.Contains(h.Value(), "anonymous.invalid") {
			t.Errorf("it is told\n%v", req)
		}
		s.reply(req, 200, "")
	}
}
