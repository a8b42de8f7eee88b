package sipua

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// rack is the RAck header for a reliable response.
func rack(res *sip.Response) string {
	return fmt.Sprintf("RAck: %s %s", value(res, "RSeq"), res.CSeq().Value())
}

func TestReliableProgressHoldsTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("100")
	s := newSide(p, "100", "101")
	s.call(plainSDP, "Supported: 100rel", "Allow: UPDATE")
	c := b.take()
	c.leg.Ring()
	if res := s.response(180); hasToken(res, "Require", "100rel") {
		t.Fatalf("180 without need reliable\n%v", res)
	}
	p.keepAll.Store(true)
	if err := c.leg.Progress(both); err != nil {
		t.Fatal(err)
	}
	early := s.response(183)
	if again := s.response(183); value(again, "RSeq") != value(early, "RSeq") || !hasToken(early, "Require", "100rel") {
		t.Fatalf("183\n%v\nand again\n%v", early, again)
	}
	p.keepAll.Store(false)
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.learn(early)
	invite := s.cseq
	s.send("PRACK", "RAck: 1 1 INVITE")
	s.response(481)
	s.send("PRACK", rack(early))
	s.response(200)
	ok := s.response(200) // only now
	if ok.CSeq().MethodName != sip.INVITE || len(ok.Body()) != 0 {
		t.Fatalf("200\n%v", ok)
	}
	s.sendAs("ACK", invite)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestEveryProvisionalIsReliableWhenRequired(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP, "Require: 100rel")
	c := b.take()
	c.leg.Ring()
	ringing := s.response(180)
	c.leg.Ring() // waits for the first one's PRACK
	s.learn(ringing)
	invite := s.cseq
	s.send("PRACK", rack(ringing))
	got := []*sip.Response{s.next().(*sip.Response), s.next().(*sip.Response)}
	if got[0].CSeq().MethodName != sip.PRACK {
		got[0], got[1] = got[1], got[0]
	}
	if got[0].StatusCode != 200 || got[1].StatusCode != 180 || rack(got[1]) == rack(ringing) {
		t.Fatalf("got\n%v\n%v", got[0], got[1])
	}
	s.send("PRACK", rack(got[1]))
	s.response(200)
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.response(200)
	s.sendAs("ACK", invite)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestProvisionalWithoutPrackEndsTheCall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP, "Require: 100rel")
	c := b.take()
	c.leg.Ring()
	s.response(180)
	s.response(504)
	b.ends(c.leg, dialplan.CauseAckTimeout)
}

// A 180 that the 200 overtook is dropped by the phone, and never gets its PRACK
// (RFC 3262 §3: what was answered is not to be insisted on).
func TestAnsweredCallStaysWithoutThePrackForIts180(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP, "Require: 100rel")
	c := b.take()
	c.leg.Ring()
	s.response(180)
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.learn(s.response(200))
	s.ack()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s.silent(70 * t1)
	if c.leg.Context().Err() != nil {
		t.Fatal(context.Cause(c.leg.Context()))
	}
}

// A 183 with our offer that waited behind a 180 is never sent when the call is
// answered: the offer goes into the 200, its answer into the ACK.
func TestOfferThatTheAnswerOvertookIsInThe200(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call("Require: 100rel")
	c := b.take()
	c.leg.Ring()
	if err := c.leg.Progress(both); err != nil {
		t.Fatal(err)
	}
	s.response(180)
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	ok := s.response(200)
	if typesOf(ok.Body()) != "0 8 101" {
		t.Fatalf("200\n%v", ok)
	}
	s.learn(ok)
	s.ack(sdpText(1, "sendrecv", "8"))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if f := c.leg.Media().Formats(); len(f) != 1 || !f[0].Same(codec.PCMA) {
		t.Fatalf("formats %v", f)
	}
}

func TestOfferInAReliableProvisionalIsAnsweredInThePrack(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call("Supported: 100rel")
	c := b.take()
	if err := c.leg.Progress(both); err != nil {
		t.Fatal(err)
	}
	early := s.response(183)
	s.learn(early)
	invite := s.cseq
	s.send("PRACK", rack(early), sdpText(1, "sendrecv", "8"))
	s.response(200)
	b.changed(c.leg)
	if f := c.leg.Media().Formats(); len(f) != 1 || !f[0].Same(codec.PCMA) {
		t.Fatalf("formats %v", f)
	}
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.response(200)
	s.sendAs("ACK", invite)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestPrackWithAnOfferIsAnswered(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP, "Supported: 100rel")
	c := b.take()
	if err := c.leg.Progress(both); err != nil {
		t.Fatal(err)
	}
	early := s.response(183)
	s.learn(early)
	s.send("PRACK", rack(early), sdpText(2, "sendonly", "8"))
	if res := s.response(200); directionOf(res.Body()) != "recvonly" || typesOf(res.Body()) != "8" {
		t.Fatalf("200 to PRACK\n%v", res)
	}
	if c.leg.Far().Direction != media.SendOnly {
		t.Fatalf("far %+v", c.leg.Far())
	}
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseBusy})
	s.response(486)
}

func TestUpdateBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP, "Supported: 100rel", "Allow: UPDATE, INVITE")
	c := b.take()
	if err := c.leg.Progress(both); err != nil {
		t.Fatal(err)
	}
	early := s.response(183)
	s.learn(early)
	s.send("PRACK", rack(early))
	s.response(200)
	s.send("UPDATE", sdpText(2, "inactive", "0", "8"))
	if res := s.response(200); directionOf(res.Body()) != "inactive" {
		t.Fatalf("200 to UPDATE\n%v", res)
	}
	b.changed(c.leg)
	c.leg.Near(want(media.Inactive, codec.PCMU)) // PCMA is agreed, and must go
	up := s.request(sip.UPDATE)
	if typesOf(up.Body()) != "0" || directionOf(up.Body()) != "inactive" {
		t.Fatalf("UPDATE\n%v", up)
	}
	s.reply(up, 200, "", sdpText(3, "inactive", "0"))
	b.changed(c.leg)
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseBusy})
	s.response(486)
}

// As UAC: reliable provisionals are acknowledged once, in order; the answer in
// one is final.
func TestReliableProvisionalsOfTheCallee(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	progress := make(chan call.Progress, 8)
	out := b.dial(context.Background(), "101", caller(), func(pr call.Progress) { progress <- pr })
	req := p.request(sip.INVITE)
	p.reply(req, 183, "callee", "Require: 100rel", "RSeq: 7", sdpText(1, "sendrecv", "8"))
	prack := p.request(sip.PRACK)
	if value(prack, "RAck") != "7 "+req.CSeq().Value() || prack.CSeq().SeqNo != req.CSeq().SeqNo+1 {
		t.Fatalf("PRACK\n%v", prack)
	}
	p.reply(prack, 200, "callee")
	if pr := <-progress; pr.Early == nil {
		t.Fatalf("%+v", pr)
	}
	p.reply(req, 183, "callee", "Require: 100rel", "RSeq: 7") // repeated
	p.reply(req, 180, "callee", "Require: 100rel", "RSeq: 9") // 8 is missing
	p.reply(req, 180, "callee", "Require: 100rel", "RSeq: 8")
	if second := p.request(sip.PRACK); value(second, "RAck") != "8 "+req.CSeq().Value() {
		t.Fatalf("PRACK\n%v", second)
	} else {
		p.reply(second, 200, "callee")
	}
	p.reply(req, 200, "callee", sdpText(1, "sendrecv", "0")) // to be ignored, RFC 6337
	p.request(sip.ACK)
	d := b.wait(out)
	if d.err != nil || !d.leg.Media().Formats()[0].Same(codec.PCMA) {
		t.Fatalf("%+v", d)
	}
}

func TestUpdateOfTheCalleeBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	progress := make(chan call.Progress, 8)
	out := b.dial(context.Background(), "101", caller(), func(pr call.Progress) { progress <- pr })
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	<-progress
	s := sideOf(p, req, "callee")
	s.send("UPDATE", sdpText(1, "sendrecv", "8"))
	s.response(491) // our offer has no answer yet
	p.reply(req, 183, "callee", "Require: 100rel", "RSeq: 1", sdpText(1, "sendrecv", "8"))
	<-progress
	p.reply(p.request(sip.PRACK), 200, "callee")
	s.send("UPDATE", sdpText(2, "sendonly", "8"))
	if res := s.response(200); directionOf(res.Body()) != "recvonly" {
		t.Fatalf("200 to UPDATE\n%v", res)
	}
	p.reply(req, 200, "callee")
	p.request(sip.ACK)
	d := b.wait(out)
	if d.err != nil || d.leg.Far().Direction != media.SendOnly || !strings.Contains(d.leg.Info().URI, p.addr()) {
		t.Fatalf("%+v", d)
	}
}
