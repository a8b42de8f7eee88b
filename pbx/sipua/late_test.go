package sipua

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
)

func TestByeInsteadOfTheAck(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.learn(s.response(200))
	s.send("BYE")
	s.response(200)
	if e := b.fails(<-done, dialplan.CauseNormal); !e.Remote {
		t.Fatalf("%+v", e)
	}
	s.keepAll.Store(true)
	s.silent(4 * t1) // the 200 is not repeated
}

// An answer that finds its leg over must not keep the leg from being forgotten.
func TestReasonOfALegThatIsNotYetForgotten(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	l := b.take().leg.(*inLeg)
	go func() { _ = l.Answer(context.Background(), both) }()
	s.learn(s.response(200))
	why := &dialplan.Ended{Cause: dialplan.CauseNormal, Remote: true}
	b.ua.table.mu.Lock() // holds up the leg between its end and its being forgotten
	finished := make(chan struct{})
	go func() { defer close(finished); l.finish(why, false) }()
	for ended := false; !ended; {
		l.mu.Lock()
		ended = l.phase == over
		l.mu.Unlock()
	}
	got := make(chan *dialplan.Ended, 1)
	go func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		got <- l.whyLocked()
	}()
	select {
	case e := <-got:
		if e != why {
			t.Errorf("ended with %v, want %v", e, why)
		}
	case <-time.After(4 * t1):
		t.Error("the leg's mutex is held until it is forgotten")
	}
	b.ua.table.mu.Unlock()
	<-finished
}

func TestAnswerAfterItsTransactionIsAcknowledged(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 200, "callee", plainSDP)
	first := p.request(sip.ACK)
	b.wait(out)
	late := sip.NewResponseFromRequest(req, 200, "OK", nil)
	late.To().Params.Add("tag", "callee")
	b.ua.onStray(late, sipedge.Flow{})
	if again := p.request(sip.ACK); again.CSeq().SeqNo != first.CSeq().SeqNo || toTag(again) != "callee" {
		t.Fatalf("ACK\n%v", again)
	}
	late.To().Params.Add("tag", "stranger")
	b.ua.onStray(late, sipedge.Flow{})
	p.silent(t1)
}

func TestReInviteThatIsNeverDecidedIsCancelled(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	leg.Near(want(media.SendOnly, both.Formats...))
	req := s.request(sip.INVITE)
	s.reply(req, 100, "")
	c := s.request(sip.CANCEL)
	s.reply(c, 200, "")
	s.reply(req, 487, "")
	s.request(sip.ACK)
	if leg.Context().Err() != nil || leg.Media().Direction() != media.SendRecv {
		t.Fatal("the session did not stay")
	}
}

func TestRefreshWithALongerInterval(t *testing.T) {
	t.Parallel()
	inFakeTime(t, soon, func(t *testing.T, b *bed) {
		s, _ := b.outbound(caller(), plainSDP, "Allow: UPDATE", "Session-Expires: 2;refresher=uac")
		s.reply(s.request(sip.UPDATE), 422, "", "Min-SE: 3")
		again := s.request(sip.UPDATE)
		if value(again, "Session-Expires") != "3;refresher=uac" {
			t.Fatalf("UPDATE\n%v", again)
		}
		s.reply(again, 200, "", "Session-Expires: 3;refresher=uac")
	}, func(c *config.Config) { c.SIP.SessionExpires = config.Duration(4 * time.Second) })
}

func TestAnswerToAReInviteIsNotRepeatedAfterTheBye(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(both)
	s.send("INVITE", sdpText(2, "sendonly", "0"))
	s.response(200)
	s.send("BYE") // and no ACK
	s.response(200)
	b.ends(leg, dialplan.CauseNormal)
	s.keepAll.Store(true)
	s.silent(4 * t1)
}

func TestReInvitesWithoutAcksAreBounded(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, _ := b.inbound(both)
	for range maxUnacked {
		s.send("INVITE", sdpText(2, "sendonly", "0"))
		s.response(200)
	}
	s.send("INVITE", sdpText(2, "sendonly", "0"))
	if res := s.response(500); value(res, "Retry-After") == "" {
		t.Fatalf("got\n%v", res)
	}
	s.send("BYE")
	s.response(200)
}

// A phone whose connection broke comes back by itself, as does its call.
func TestReInviteWaitsForAPhoneThatLostItsConnection(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phoneOn("tcp", "101")
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 200, "callee", plainSDP)
	p.request(sip.ACK)
	leg := b.wait(out).leg
	p.conn.Close()
	leg.Near(want(media.SendOnly, both.Formats...))
	back := b.phoneOn("tcp", "")
	b.mu.Lock()
	c := &b.phones["101"][0]
	c.Peer.Remote = mustAddr(back.addr())
	c.LastSeen = time.Now()
	b.mu.Unlock()
	hold := back.request(sip.INVITE)
	back.reply(hold, 200, "", sdpText(2, "recvonly", "0", "8", "101"))
	back.request(sip.ACK)
	b.changed(leg)
}

// A phone that is not behind NAT can be called although the connection that it
// registered over is gone, as all are after a restart (RFC 3261 §10.3).
func TestPhoneThatIsCalledBack(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	gone := b.phoneOn("tcp", "")
	b.register("101", gone, "sip:peer@"+door.Addr().String()+";transport=tcp")
	b.mu.Lock()
	b.phones["101"][0].Status = registrar.Gone
	b.mu.Unlock()
	gone.conn.Close()
	out := b.dial(context.Background(), "101", caller(), nil)
	_ = door.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	conn, err := door.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p := newPeerOn(t, "tcp", conn)
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	p.reply(req, 200, "callee", plainSDP)
	p.request(sip.ACK)
	leg := b.wait(out).leg
	leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	p.reply(p.request(sip.BYE), 200, "")
}

// What goes to a phone by TLS must not go by anything else.
func TestPhoneWhoseTLSIsGoneIsNotCalledInClear(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	b.mu.Lock()
	c := &b.phones["101"][0]
	c.Status, c.Peer.Transport = registrar.Gone, "tls"
	b.mu.Unlock()
	b.fails(b.wait(b.dial(context.Background(), "101", caller(), nil)).err, dialplan.CauseUnreachable)
	p.silent(t1)
}

// Whoever has not proved to be anybody may have forged the address that answers go
// to: no answer is repeated (RFC 3261 §26.3.2.4).
func TestStrangersAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for name, c := range map[string]struct {
		tag    string
		extra  []string
		status int
	}{
		"without credentials": {"", nil, 401},
		"with nonsense":       {"", []string{`Authorization: Digest username="100"`}, 401},
		"within no dialog":    {"unknown", nil, 481},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSide(b.phone("100"), "100", "101")
			s.keepAll.Store(true)
			s.rtag = c.tag
			branch := s.send("INVITE", c.extra...)
			s.response(c.status)
			s.silent(4 * t1)
			s.sendBranch("INVITE", s.cseq, branch, c.extra...)
			s.response(c.status)
			s.sendBranch("ACK", s.cseq, branch)
			s.silent(2 * t1)
		})
	}
}

func TestInfoBeforeTheAckIsSentAfterIt(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.learn(s.response(200))
	c.leg.SendInfo(call.Info{ContentType: "application/dtmf-relay", Body: []byte("Signal=1")})
	s.ack()
	s.reply(s.request(sip.INFO), 200, "")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestInfoThatTimedOutAtTheFarSideEndsTheDialog(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	leg.SendInfo(call.Info{ContentType: "application/dtmf-relay", Body: []byte("Signal=1")})
	s.reply(s.request(sip.INFO), 408, "")
	s.reply(s.request(sip.BYE), 200, "")
	b.ends(leg, dialplan.CauseUnreachable)
}
