package sipua

import (
	"context"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
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
	b := newBedWith(t, soon, func(c *config.Config) { c.SIP.SessionExpires = config.Duration(4 * time.Second) })
	s, _ := b.outbound(caller(), plainSDP, "Allow: UPDATE", "Session-Expires: 2;refresher=uac")
	s.reply(s.request(sip.UPDATE), 422, "", "Min-SE: 3")
	again := s.request(sip.UPDATE)
	if value(again, "Session-Expires") != "3;refresher=uac" {
		t.Fatalf("UPDATE\n%v", again)
	}
	s.reply(again, 200, "", "Session-Expires: 3;refresher=uac")
}
