package sipua

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

func TestOutgoingCall(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(c *config.Config) { c.SIP.Domain = "pbx.example" })
	p := b.phone("101")
	inv := caller()
	inv.FromName, inv.MaxForwards = `Al "x" \ ice`, 20
	var rang []int
	out := b.dial(context.Background(), "101", inv, func(pr call.Progress) { rang = append(rang, pr.Status) })
	req := p.request(sip.INVITE)
	if req.Recipient.User != "peer" || req.From().Address.String() != "sip:100@pbx.example" || req.To().Address.String() != "sip:101@pbx.example" ||
		req.MaxForwards().Val() != 19 || value(req, "P-Asserted-Identity") != `"Al \"x\" \\ ice" <sip:100@pbx.example>` ||
		!hasToken(req, "Supported", "100rel") || !hasToken(req, "Supported", "timer") || typesOf(req.Body()) != "0 8 101" {
		t.Fatalf("INVITE\n%v", req)
	}
	p.reply(req, 100, "")
	p.reply(req, 180, "callee")
	p.reply(req, 200, "callee", plainSDP, "Server: Phone 2")
	if ack := p.request(sip.ACK); toTag(ack) != "callee" || ack.CSeq().SeqNo != req.CSeq().SeqNo || ack.Recipient.User != "peer" {
		t.Fatalf("ACK\n%v", ack)
	}
	d := b.wait(out)
	if d.err != nil {
		t.Fatal(d.err)
	}
	if len(rang) != 1 || rang[0] != 180 {
		t.Fatalf("progress %v", rang)
	}
	if i := d.leg.Info(); i.Inbound || i.Party != "101" || i.UserAgent != "Phone 2" || i.SIPCallID != req.CallID().Value() {
		t.Fatalf("info %+v", i)
	}
	d.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	bye := p.request(sip.BYE)
	if bye.CSeq().SeqNo <= req.CSeq().SeqNo {
		t.Fatalf("BYE\n%v", bye)
	}
	p.reply(bye, 200, "")
}

func TestCalleeHangsUp(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	s.send("BYE", `Reason: Q.850;cause=27;text="link down"`)
	s.response(200)
	if e := b.ends(leg, dialplan.CauseUnreachable); !e.Remote || !strings.Contains(e.Detail, "link down") {
		t.Fatalf("%+v", e)
	}
	s.send("INFO")
	s.response(481)
}

func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	for status, cause := range map[int]dialplan.Cause{
		486: dialplan.CauseBusy, 600: dialplan.CauseBusy, 603: dialplan.CauseDeclined, 404: dialplan.CauseNotFound,
		401: dialplan.CauseForbidden, 407: dialplan.CauseForbidden, 480: dialplan.CauseNoAnswer, 408: dialplan.CauseUnreachable,
		503: dialplan.CauseUnreachable, 488: dialplan.CauseNoCommonCodec, 500: dialplan.CauseRejected,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p := b.phone("101")
			out := b.dial(context.Background(), "101", caller(), nil)
			req := p.request(sip.INVITE)
			p.reply(req, status, "x", `Warning: 399 phone "because"`)
			p.request(sip.ACK)
			if e := b.fails(b.wait(out).err, cause); e.Status != status || !e.Remote || !strings.Contains(e.Detail, "because") {
				t.Fatalf("%+v", e)
			}
		})
	}
}

func TestContacts(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(c *config.Config) { c.Extensions["102"] = config.Extension{DND: true} })
	for extension, cause := range map[string]dialplan.Cause{
		"999": dialplan.CauseNotFound, "101": dialplan.CauseNotRegistered, "102": dialplan.CauseDoNotDisturb,
	} {
		_, err := b.ua.Contacts(extension)
		b.fails(err, cause)
	}
}

func TestMoreThanTenProvisionals(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	var n int
	out := b.dial(context.Background(), "101", caller(), func(call.Progress) { n++ })
	req := p.request(sip.INVITE)
	for range 30 {
		p.reply(req, 180, "callee")
	}
	p.reply(req, 200, "callee", plainSDP)
	p.request(sip.ACK)
	if d := b.wait(out); d.err != nil {
		t.Fatal(d.err)
	}
	if n < 12 {
		t.Fatalf("%d provisionals were reported", n)
	}
}

func TestForkedCallKeepsTheFirstAnswerOnly(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 180, "forkA")
	p.reply(req, 180, "forkB")
	p.reply(req, 200, "forkA", sdpText(1, "sendrecv", "8"))
	if ack := p.request(sip.ACK); toTag(ack) != "forkA" {
		t.Fatalf("ACK\n%v", ack)
	}
	p.reply(req, 200, "forkB", sdpText(1, "sendrecv", "0"))
	got := map[sip.RequestMethod]int{}
	for range 2 {
		r := p.next().(*sip.Request)
		if toTag(r) != "forkB" {
			t.Fatalf("got\n%v", r)
		}
		got[r.Method]++
		if r.Method == sip.BYE {
			p.reply(r, 200, "")
		}
	}
	if got[sip.ACK] != 1 || got[sip.BYE] != 1 {
		t.Fatalf("got %v", got)
	}
	d := b.wait(out)
	if d.err != nil || !d.leg.Media().Formats()[0].Same(codec.PCMA) {
		t.Fatalf("%+v", d)
	}
	p.keepAll.Store(true)
	p.reply(req, 200, "forkA", sdpText(1, "sendrecv", "8"))
	if ack := p.request(sip.ACK); toTag(ack) != "forkA" {
		t.Fatalf("ACK\n%v", ack)
	}
	p.reply(req, 200, "forkB", sdpText(1, "sendrecv", "0"))
	if ack := p.request(sip.ACK); toTag(ack) != "forkB" {
		t.Fatalf("ACK\n%v", ack)
	}
	p.silent(t1)
}

func TestByeEndsTheDialogWhateverIsAnswered(t *testing.T) {
	t.Parallel()
	for _, statuses := range [][]int{{100, 200}, {481}, {408}, {500}, {}} {
		t.Run(fmt.Sprint(statuses), func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			s, leg := b.outbound(caller())
			leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
			bye := s.request(sip.BYE)
			for _, st := range statuses {
				s.reply(bye, st, "")
			}
			b.ends(leg, dialplan.CauseNormal)
		})
	}
}

func TestCancelTakesTheWayOfTheInvite(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p := b.phoneOn(network, "")
			b.register("101", p, "sip:bob@10.255.255.1:5060;transport="+network)
			ctx, cancel := context.WithCancelCause(context.Background())
			out := b.dial(ctx, "101", caller(), nil)
			req := p.request(sip.INVITE)
			cancel(&dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere})
			b.fails(b.wait(out).err, dialplan.CauseAnsweredElsewhere)
			p.silent(t1 / 4) // no CANCEL before a provisional response
			p.reply(req, 180, "callee")
			c := p.request(sip.CANCEL)
			if c.Recipient.String() != req.Recipient.String() || c.Via().Value() != req.Via().Value() ||
				value(c, "Reason") != `SIP;cause=200;text="Call completed elsewhere"` {
				t.Fatalf("CANCEL\n%v\nfor\n%v", c, req)
			}
			p.reply(c, 200, "callee")
			p.reply(req, 487, "callee")
			p.request(sip.ACK)
		})
	}
}

func TestAnswerThatCrossesTheCancel(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	ringing := make(chan struct{})
	ctx, cancel := context.WithCancelCause(context.Background())
	out := b.dial(ctx, "101", caller(), func(call.Progress) { close(ringing) })
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	<-ringing
	cancel(&dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere})
	b.fails(b.wait(out).err, dialplan.CauseAnsweredElsewhere)
	c := p.request(sip.CANCEL)
	p.reply(req, 200, "callee", plainSDP)
	p.reply(c, 481, "callee")
	got := map[sip.RequestMethod]*sip.Request{}
	for range 2 {
		r := p.next().(*sip.Request)
		got[r.Method] = r
	}
	if got[sip.ACK] == nil || got[sip.BYE] == nil || value(got[sip.BYE], "Reason") != `SIP;cause=200;text="Call completed elsewhere"` {
		t.Fatalf("got %v", got)
	}
	p.reply(got[sip.BYE], 200, "")
}

func TestSilentPhoneIsUnreachable(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	out := b.dial(context.Background(), "101", caller(), nil)
	p.request(sip.INVITE)
	b.fails(b.wait(out).err, dialplan.CauseUnreachable)
}

func TestPhoneWhoseConnectionIsGone(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phoneOn("tcp", "101")
	out := b.dial(context.Background(), "101", caller(), nil)
	p.request(sip.INVITE)
	p.conn.Close()
	b.fails(b.wait(out).err, dialplan.CauseUnreachable)
	b.fails(b.wait(b.dial(context.Background(), "101", caller(), nil)).err, dialplan.CauseUnreachable)
}

func TestPhoneThatStopsAnsweringAfterTheCancel(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	ctx, cancel := context.WithCancelCause(context.Background())
	ringing := make(chan struct{})
	out := b.dial(ctx, "101", caller(), func(call.Progress) { close(ringing) })
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	<-ringing
	cancel(&dialplan.Ended{Cause: dialplan.CauseNoAnswer})
	b.fails(b.wait(out).err, dialplan.CauseNoAnswer)
	p.request(sip.CANCEL)
	b.ua.Close(context.Background()) // waits for the transaction to be given up
}

func TestAnswersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer []string
		cause  dialplan.Cause
	}{
		"no description":    {[]string{"X: y"}, dialplan.CauseNotAcceptable},
		"unreadable":        {[]string{"v=0\r\nx\r\n"}, dialplan.CauseNotAcceptable},
		"codec not offered": {[]string{sdpText(1, "sendrecv", "9")}, dialplan.CauseNoCommonCodec},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			p := b.phone("101")
			out := b.dial(context.Background(), "101", caller(), nil)
			req := p.request(sip.INVITE)
			p.reply(req, 200, "callee", c.answer...)
			p.request(sip.ACK)
			p.reply(p.request(sip.BYE), 200, "")
			b.fails(b.wait(out).err, c.cause)
		})
	}
}

func TestEarlyMediaOfTheCallee(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	early := make(chan call.Progress, 4)
	out := b.dial(context.Background(), "101", caller(), func(pr call.Progress) { early <- pr })
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	if pr := <-early; pr.Early != nil {
		t.Fatalf("%+v", pr)
	}
	p.reply(req, 183, "callee", sdpText(1, "sendrecv", "8"))
	pr := <-early
	if pr.Status != 183 || pr.Early == nil || !pr.Far.Formats[0].Same(codec.PCMA) || pr.Far.Direction != media.SendRecv {
		t.Fatalf("%+v", pr)
	}
	p.reply(req, 200, "callee") // the description of the 183 stands
	p.request(sip.ACK)
	d := b.wait(out)
	if d.err != nil || d.leg.Media() != pr.Early {
		t.Fatalf("%+v", d)
	}
}

func TestCodecsOfTheExtension(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(c *config.Config) { c.Extensions["101"] = config.Extension{Codecs: []string{"PCMA", "GSM"}} })
	p := b.phone("101")
	b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	if got := typesOf(req.Body()); got != "8 101" {
		t.Fatalf("offered %q", got)
	}
	p.reply(req, 486, "x")
	p.request(sip.ACK)
	b.fails(b.wait(b.dial(context.Background(), "101", caller(codec.PCMU), nil)).err, dialplan.CauseNoCommonCodec)
}

func TestRouteOfTheRegistration(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("")
	b.register("101", p, "sip:bob@10.0.0.9")
	b.phones["101"][0].Path = []string{"<sip:edge.example;lr>, <sip:core.example;lr>"}
	b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	var routes []string
	for _, h := range req.GetHeaders("Route") {
		routes = append(routes, h.Value())
	}
	if strings.Join(routes, " ") != "<sip:edge.example;lr> <sip:core.example;lr>" {
		t.Fatalf("INVITE\n%v", req)
	}
	p.reply(req, 486, "x")
}

func TestRecordRouteOfTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 200, "callee", "Record-Route: <sip:b.example;lr>", "Record-Route: <sip:a.example;lr>", plainSDP)
	ack := p.request(sip.ACK)
	if r := ack.GetHeaders("Route"); len(r) != 2 || r[0].Value() != "<sip:a.example;lr>" || r[1].Value() != "<sip:b.example;lr>" {
		t.Fatalf("ACK\n%v", ack)
	}
	b.wait(out).leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	p.reply(p.request(sip.BYE), 200, "")
}

func TestRedirection(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p, other := b.phone("101"), b.phone("101")
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 302, "x", "Contact: <"+other.uri("peer")+">;q=1")
	p.request(sip.ACK)
	again := other.request(sip.INVITE)
	if again.CSeq().SeqNo != req.CSeq().SeqNo+1 || again.CallID().Value() != req.CallID().Value() {
		t.Fatalf("second INVITE\n%v", again)
	}
	other.reply(again, 302, "y", "Contact: <sip:stranger@example.com>")
	if e := b.fails(b.wait(out).err, dialplan.CauseRedirected); !strings.Contains(e.Detail, "stranger@example.com") {
		t.Fatalf("%+v", e)
	}
}

func TestLongerSessionIntervalIsGranted(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 422, "x", "Min-SE: 7200")
	p.request(sip.ACK)
	again := p.request(sip.INVITE)
	if value(again, "Session-Expires") != "7200" {
		t.Fatalf("second INVITE\n%v", again)
	}
	p.reply(again, 422, "x", "Min-SE: 7200")
	p.request(sip.ACK)
	b.fails(b.wait(out).err, dialplan.CauseRejected)
}

// The answers of many phones of a ring group in the same instant: each is either
// the conversation or acknowledged and hung up.
func TestAnswersInTheSameInstant(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	const phones = 8
	var invited, left sync.WaitGroup // every phone is invited before any answers
	invited.Add(phones)
	left.Add(phones)
	for range phones {
		p := b.phone("101")
		hungUp := false
		p.serve(func(r *sip.Request) bool {
			switch r.Method {
			case sip.INVITE:
				invited.Done()
				invited.Wait()
				p.reply(r, 180, "callee")
				p.reply(r, 200, "callee", plainSDP)
			case sip.CANCEL:
				if hungUp {
					t.Error("CANCEL after BYE")
					return true
				}
				p.reply(r, 481, "callee")
			case sip.BYE:
				if hungUp {
					t.Error("two BYEs")
					return true
				}
				hungUp = true
				p.reply(r, 200, "")
				left.Done()
			}
			return true
		})
	}
	contacts, err := b.ua.Contacts("101")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	answers := make(chan dialled, phones)
	for _, c := range contacts {
		go func() {
			l, err := b.ua.Dial(ctx, c, caller(), nil)
			answers <- dialled{l, err}
		}()
	}
	winner := b.wait(answers)
	if winner.err != nil {
		t.Fatal(winner.err)
	}
	cancel(&dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere})
	for range phones - 1 {
		if d := b.wait(answers); d.err == nil {
			d.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere})
		}
	}
	winner.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	left.Wait()
}
