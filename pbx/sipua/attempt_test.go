package sipua

import (
	"context"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/call"
)

// An early dialog that the phone ended is hung up when it is answered after all.
func TestAnswerInADialogThatIsOver(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	rings := make(chan call.Progress, 1)
	out := b.dial(context.Background(), "101", caller(), func(pr call.Progress) { rings <- pr })
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	<-rings
	s := sideOf(p, req, "callee")
	s.send("BYE")
	s.response(200)
	p.reply(req, 200, "callee", plainSDP)
	p.request(sip.ACK)
	p.reply(p.request(sip.BYE), 200, "")
	if d := b.wait(out); d.err == nil {
		t.Fatal("a leg came of it")
	}
}

// Some phones make the To tag of the Call-ID: a second try has the same.
func TestSecondTryWithTheSameTag(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(c *config.Config) { c.SIP.SessionExpires = config.Duration(30 * time.Minute) })
	p := b.phone("101")
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	p.reply(req, 422, "callee", "Min-SE: 3600")
	p.request(sip.ACK)
	again := p.request(sip.INVITE)
	p.reply(again, 180, "callee")
	p.reply(again, 200, "callee", plainSDP)
	p.request(sip.ACK)
	if d := b.wait(out); d.err != nil {
		t.Fatal(d.err)
	}
}

// A re-INVITE that meets our own INVITE in the same dialog is glare
// (RFC 3261 §14.2).
func TestReInviteOfTheCalleeBeforeItsAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	ctx, cancel := context.WithCancel(context.Background())
	rings := make(chan call.Progress, 1)
	out := b.dial(ctx, "101", caller(), func(pr call.Progress) { rings <- pr })
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	<-rings
	s := sideOf(p, req, "callee")
	s.send("INVITE", sdpText(2, "sendonly", "0"))
	s.response(491)
	s.sendBranch("ACK", s.cseq, s.invite)
	cancel()
	b.wait(out)
	p.reply(p.request(sip.CANCEL), 200, "callee")
	p.reply(req, 487, "callee")
	p.request(sip.ACK)
}
