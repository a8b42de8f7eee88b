package sipua

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

func TestIncomingCallIsAuthenticatedRungAnsweredAndHungUp(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(c *config.Config) {
		e := c.Extensions["100"]
		e.Name = "Alice"
		c.Extensions["100"] = e
	})
	s := newSide(b.phone("100"), "100", "%31%30%31")
	s.call(plainSDP, "User-Agent: Phone 1")
	c := b.take()
	f := c.facts
	if f.From != "100" || f.FromName != "Alice" || f.To != "101" || f.Extension != "100" || f.Transport != "udp" || f.UserAgent != "Phone 1" || f.MaxForwards != 70 {
		t.Fatalf("facts %+v", f)
	}
	c.leg.Ring()
	ringing := s.response(180)
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	ok := s.response(200)
	if toTag(ringing) == "" || toTag(ringing) != toTag(ok) {
		t.Fatalf("To tags %q and %q", toTag(ringing), toTag(ok))
	}
	if ok.Contact() == nil || !hasToken(ok, "Allow", "UPDATE") || directionOf(ok.Body()) != "sendrecv" {
		t.Fatalf("200 is\n%v", ok)
	}
	s.learn(ok)
	s.ack()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if i := c.leg.Info(); !i.Inbound || i.Party != "100" || i.SIPCallID != s.callID || i.UserAgent != "Phone 1" {
		t.Fatalf("info %+v", i)
	}
	s.send("BYE")
	s.response(200)
	if e := b.ends(c.leg, dialplan.CauseNormal); !e.Remote {
		t.Fatalf("%+v", e)
	}
}

func TestIncomingCallOverTCP(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phoneOn("tcp", "100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.learn(s.response(200))
	s.ack()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	s.reply(s.request(sip.BYE), 200, "")
}

func TestClosedConnectionOfTheCallerEndsTheLeg(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phoneOn("tcp", "100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	s.conn.Close()
	b.ends(c.leg, dialplan.CauseUnreachable)
}

func TestInvitesThatCannotBecomeACall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		invite []string
		status int
		header string
		value  string
	}{
		{"no SDP in the body", []string{"Content-Type: text/plain", "body:hello"}, 415, "Accept", "application/sdp"},
		{"unreadable SDP", []string{"v=0\r\nrubbish\r\n"}, 400, "Warning", "399"},
		{"no codec of ours", []string{strings.ReplaceAll(sdpText(1, "sendrecv", "0"), "PCMU", "L16")}, 488, "Warning", "305 dialtone \"no common codec: far side has L16/8000"},
		{"no audio", []string{"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 4000 RTP/AVP 99\r\n"}, 488, "Warning", "304"},
		{"short session timer", []string{"Supported: timer", "Session-Expires: 60", plainSDP}, 422, "Min-SE", "90"},
		{"unusable Contact", []string{"Contact: *", plainSDP}, 400, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			s := newSide(b.phone("100"), "100", "101")
			s.call(c.invite...)
			res := s.response(c.status)
			if c.header != "" && !strings.Contains(value(res, c.header), c.value) {
				t.Fatalf("%s is %q, want %q", c.header, value(res, c.header), c.value)
			}
		})
	}
}

func TestCallerHasToProveWhoItIs(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone(""), "100", "101")
	s.send("INVITE", plainSDP)
	if res := s.response(401); len(res.GetHeaders("WWW-Authenticate")) == 0 {
		t.Fatalf("challenge\n%v", res)
	}
	s.sendBranch("ACK", s.cseq, s.invite)
	s.send("INVITE", plainSDP, `Authorization: Digest username="100", realm="dialtone", nonce="x", uri="sip:101@dialtone", response="y"`)
	s.response(401)
	if len(b.calls) > 0 {
		t.Fatal("a call without the password was taken")
	}
}

func TestExtensionIsTheCallerWhateverFromSays(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(c *config.Config) {
		e := c.Extensions["100"]
		e.Language = "de"
		c.Extensions["100"] = e
	})
	s := newSide(b.phone("100"), "100", "101")
	s.send("INVITE", plainSDP)
	cred := s.credentials(s.response(401), "INVITE")
	s.local = "\"The \\\"Boss\\\"\" <sip:999@dialtone>"
	s.send("INVITE", plainSDP, "Authorization: "+cred)
	if f := b.take().facts; f.From != "100" || f.FromName != `The "Boss"` || f.Language != "de" {
		t.Fatalf("facts %+v", f)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		ended  *dialplan.Ended
		status int
		header string
		value  string
	}{
		{"extension has too many calls", &dialplan.Ended{Cause: dialplan.CauseCallLimit, Status: 486}, 486, "Retry-After", "10"},
		{"server has too many calls", &dialplan.Ended{Cause: dialplan.CauseCallLimit}, 503, "Retry-After", "10"},
		{"unknown number", &dialplan.Ended{Cause: dialplan.CauseNotFound}, 404, "Reason", "Q.850;cause=1"},
		{"do not disturb", &dialplan.Ended{Cause: dialplan.CauseDoNotDisturb}, 486, "", ""},
		{"nobody registered", &dialplan.Ended{Cause: dialplan.CauseNotRegistered}, 480, "Reason", "Q.850;cause=20"},
		{"declined", &dialplan.Ended{Cause: dialplan.CauseDeclined, Status: 603}, 603, "", ""},
		{"redirected", &dialplan.Ended{Cause: dialplan.CauseRedirected, Status: 302}, 480, "", ""},
		{"no common codec", &dialplan.Ended{Cause: dialplan.CauseNoCommonCodec, Detail: "a met b"}, 488, "Warning", `305 dialtone "a met b"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.refuse = c.ended
			s := newSide(b.phone("100"), "100", "101")
			s.call(plainSDP)
			res := s.response(c.status)
			if c.header != "" && !strings.HasPrefix(value(res, c.header), c.value) {
				t.Fatalf("%s is %q, want %q", c.header, value(res, c.header), c.value)
			}
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	c.leg.Ring()
	s.response(180)
	s.sendAs("CANCEL", s.cseq, `Reason: SIP;cause=200;text="Call completed elsewhere"`)
	s.response(200)
	s.response(487)
	if e := b.ends(c.leg, dialplan.CauseAnsweredElsewhere); !e.Remote {
		t.Fatalf("%+v", e)
	}
	if err := c.leg.Answer(context.Background(), both); err == nil {
		t.Fatal("a cancelled call was answered")
	}
}

func TestCancelRightBehindTheInvite(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.send("INVITE", plainSDP)
	cred := s.credentials(s.response(401), "INVITE")
	s.send("INVITE", plainSDP, "Authorization: "+cred)
	s.sendAs("CANCEL", s.cseq)
	seen := []int{s.next().(*sip.Response).StatusCode, s.next().(*sip.Response).StatusCode}
	if seen[0]+seen[1] != 200+487 {
		t.Fatalf("got %v", seen)
	}
	select {
	case c := <-b.calls:
		b.ends(c.leg, dialplan.CauseCancelled)
	case <-time.After(2 * t1):
	}
}

// Who hangs up right behind the ACK was answered; which is noticed first is chance.
func TestByeRightBehindTheACK(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		phone := b.phone("100")
		for range 20 {
			s := newSide(phone, "100", "101")
			s.call(plainSDP)
			c := b.take()
			done := make(chan error, 1)
			go func() { done <- c.leg.Answer(context.Background(), both) }()
			s.learn(s.response(200))
			s.ack()
			s.send("BYE")
			s.response(200)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			b.ends(c.leg, dialplan.CauseNormal)
		}
	})
}

func TestByeBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	c.leg.Ring()
	s.learn(s.response(180))
	s.send("BYE")
	seen := []int{s.next().(*sip.Response).StatusCode, s.next().(*sip.Response).StatusCode}
	if seen[0]+seen[1] != 200+487 {
		t.Fatalf("got %v", seen)
	}
	b.ends(c.leg, dialplan.CauseCancelled)
}

func TestOfferInThe200AndAnswerInTheAck(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call()
	c := b.take()
	if err := c.leg.Progress(both); err == nil {
		t.Fatal("progress without an offer")
	}
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	ok := s.response(200)
	if got := typesOf(ok.Body()); got != "0 8 101" {
		t.Fatalf("offered %q", got)
	}
	s.learn(ok)
	s.ack(sdpText(1, "recvonly", "8", "101"))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	far := c.leg.Far()
	if len(far.Formats) != 2 || !far.Formats[0].Same(codec.PCMA) || far.Direction != media.RecvOnly {
		t.Fatalf("far %+v", far)
	}
	if d := c.leg.Media().Direction(); d != media.SendOnly {
		t.Fatalf("direction %v", d)
	}
}

func TestAckWithoutTheAnswerEndsTheCall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call()
	c := b.take()
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.learn(s.response(200))
	s.ack()
	s.reply(s.request(sip.BYE), 200, "")
	b.fails(<-done, dialplan.CauseNotAcceptable)
}

func TestNoCommonCodecLeavesTheCallToBeAnsweredOtherwise(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(sdpText(1, "sendrecv", "0"))
	c := b.take()
	b.fails(c.leg.Answer(context.Background(), want(media.SendRecv, codec.G722)), dialplan.CauseNoCommonCodec)
	b.fails(c.leg.Progress(want(media.SendRecv, codec.G722)), dialplan.CauseNoCommonCodec)
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), want(media.SendRecv, codec.PCMU)) }()
	s.learn(s.response(200))
	s.ack()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestEarlyMediaIsRepeatedInThe200(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	if err := c.leg.Progress(both); err != nil {
		t.Fatal(err)
	}
	early := s.response(183)
	go func() { _ = c.leg.Answer(context.Background(), both) }()
	ok := s.response(200)
	if string(early.Body()) != string(ok.Body()) || len(ok.Body()) == 0 {
		t.Fatalf("183 has\n%s\n200 has\n%s", early.Body(), ok.Body())
	}
	s.learn(ok)
	s.ack()
}

// T6: an answer without an ACK is repeated after T1, 2*T1 .. T2, then the call
// ends with BYE.
func TestLostAck(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		p := b.phone("100")
		s := newSide(p, "100", "101")
		s.call(plainSDP)
		c := b.take()
		p.keepAll.Store(true)
		done := make(chan error, 1)
		go func() { done <- c.leg.Answer(context.Background(), both) }()
		s.learn(s.response(200))
		copies := 0
		for {
			m := p.next()
			if req, ok := m.(*sip.Request); ok {
				if req.Method != sip.BYE {
					t.Fatalf("got %v", req)
				}
				p.reply(req, 481, "")
				break
			}
			copies++
		}
		// 64*T1 with intervals 1, 2, 4, 8, 8, 8... T1
		if copies < 8 || copies > 10 {
			t.Fatalf("200 was repeated %d times", copies)
		}
		b.fails(<-done, dialplan.CauseAckTimeout)
		b.ends(c.leg, dialplan.CauseAckTimeout)
	})
}

func TestHangupBeforeTheAckWaitsForIt(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	go func() { _ = c.leg.Answer(context.Background(), both) }()
	s.learn(s.response(200))
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseAdmin})
	s.silent(t1 / 4)
	s.ack()
	bye := s.request(sip.BYE)
	if value(bye, "Reason") != `Q.850;cause=16;text="Ended by the operator"` {
		t.Fatalf("Reason %q", value(bye, "Reason"))
	}
	s.reply(bye, 200, "")
}

func TestDrainingServerRefusesCalls(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.ua.Drain()
	s := newSide(b.phone("100"), "100", "101")
	s.send("INVITE", plainSDP)
	if res := s.response(503); value(res, "Retry-After") == "" {
		t.Fatalf("no Retry-After in\n%v", res)
	}
}

func TestProvisionalIsRepeated(t *testing.T) {
	t.Parallel()
	b := newBedWith(t, func(u *timers) { u.repeat = 2 * t1 })
	p := b.phone("100")
	s := newSide(p, "100", "101")
	s.call(plainSDP)
	c := b.take()
	p.keepAll.Store(true)
	c.leg.Ring()
	s.response(180)
	s.response(180)
	s.response(180)
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseBusy})
}
