package sipua

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/call"
)

// transfers are those that were asked for on a bed.
type transfers struct {
	ch     chan call.Transfer
	refuse atomic.Pointer[dialplan.Ended]
}

func (b *bed) transfers() *transfers {
	x := &transfers{ch: make(chan call.Transfer, 8)}
	b.ua.transfer = func(_ context.Context, _ string, t call.Transfer) error {
		if e := x.refuse.Load(); e != nil {
			return e
		}
		x.ch <- t
		return nil
	}
	return x
}

// notified takes a NOTIFY of a transfer and answers it.
func (s *side) notified(event, state, status string) {
	s.t.Helper()
	req := s.request(sip.NOTIFY)
	if got := value(req, "Event"); got != event {
		s.t.Errorf("Event %q, want %q", got, event)
	}
	if got := value(req, "Subscription-State"); !strings.HasPrefix(got, state) {
		s.t.Errorf("Subscription-State %q, want %s", got, state)
	}
	if got := value(req, "Content-Type"); got != "message/sipfrag;version=2.0" {
		s.t.Errorf("Content-Type %q", got)
	}
	if got := string(req.Body()); got != "SIP/2.0 "+status+"\r\n" {
		s.t.Errorf("told %q, want %q", got, status)
	}
	s.reply(req, 200, "")
}

func TestWhoTransfersIsToldHowItGoes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	x := b.transfers()
	s, _ := b.inbound(both)
	s.send("REFER", "Refer-To: <sip:102@pbx>", "Referred-By: <sip:100@pbx>")
	s.response(202)
	first := <-x.ch
	s.notified("refer", "active", "100 Trying")
	first.Report(180)
	s.notified("refer", "active", "180 Ringing")

	s.send("REFER", "Refer-To: <sip:101@pbx>") // one at a time
	s.response(491)
	first.Report(486)
	s.notified("refer", "terminated;reason=noresource", "486 Busy Here")

	s.send("REFER", "Refer-To: <sip:101@pbx>")
	s.response(202)
	second := <-x.ch
	event := fmt.Sprint("refer;id=", s.cseq)
	s.notified(event, "active", "100 Trying")
	second.Report(200)
	s.notified(event, "terminated", "200 OK")

	s.send("REFER", "Refer-To: <sip:101@pbx>", "Refer-Sub: false")
	if res := s.response(202); value(res, "Refer-Sub") != "false" {
		t.Errorf("without a subscription it is answered\n%v", res)
	}
	(<-x.ch).Report(200)
	s.silent(2 * t1)
}

// However much happens while a phone is slow to answer, it is told how the transfer ended.
func TestTheOutcomeIsToldAfterManyStatuses(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	x := b.transfers()
	s, leg := b.inbound(both)
	s.send("REFER", "Refer-To: <sip:102@pbx>")
	s.response(202)
	transfer := <-x.ch
	trying := s.request(sip.NOTIFY)
	for range 20 {
		transfer.Report(180)
	}
	transfer.Report(200)
	leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseTransferred})
	s.reply(trying, 200, "")
	for {
		req := s.request(sip.NOTIFY)
		s.reply(req, 200, "")
		if string(req.Body()) == "SIP/2.0 200 OK\r\n" {
			break
		}
	}
	s.reply(s.request(sip.BYE), 200, "")
}

func TestWhatREFERCannotAskFor(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	x := b.transfers()
	s, leg := b.inbound(both)
	other, _ := b.outbound(caller()) // a leg of 101
	for _, tt := range []struct {
		to     string
		status int
	}{
		{"", 400},
		{"Refer-To: <sip:101@pbx>, <sip:102@pbx>", 400},
		{"Refer-To: <sip:pbx>", 400},
		{"Refer-To: <mailto:101@pbx>", 400},
		{"Refer-To: <sip:101@pbx;method=BYE>", 501},
		{"Refer-To: <sip:101@pbx?Replaces=nonsense>", 400},
		{"Refer-To: <sip:101@pbx?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>", 404},
		{"Refer-To: <sip:101@pbx?Replaces=" + strings.NewReplacer(";", "%3B", "=", "%3D", "@", "%40").Replace(other.replaces()) + ">", 404}, // not its own
	} {
		var extra []string
		if tt.to != "" {
			extra = []string{tt.to}
		}
		s.send("REFER", extra...)
		s.response(tt.status)
	}
	x.refuse.Store(&dialplan.Ended{Cause: dialplan.CauseNoCall, Detail: "there is no such party any more"})
	s.send("REFER", "Refer-To: <sip:102@pbx>")
	s.response(404) // 481 would end the dialog
	x.refuse.Store(&dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "not that number"})
	s.send("REFER", "Refer-To: <sip:0900123@pbx>")
	s.response(403)
	if leg.Context().Err() != nil {
		t.Error("the call is over")
	}
}

// replaces names the dialog of s for whom has it, too.
func (s *side) replaces() string {
	return s.callID + ";to-tag=" + s.rtag + ";from-tag=" + s.ltag
}

func TestWhosePlaceAnINVITETakes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	taken := make(chan call.Taking, 8)
	b.ua.takeOver = func(_ call.Inbound, _ dialplan.Facts, t call.Taking) *dialplan.Ended {
		taken <- t
		return &dialplan.Ended{Cause: dialplan.CauseForbidden}
	}
	up, _ := b.inbound(both)
	ringing := b.phone("102")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rings := make(chan struct{})
	out := b.dial(ctx, "102", caller(), func(call.Progress) { close(rings) })
	invite := ringing.request(sip.INVITE)
	ringing.reply(invite, 180, "early")
	<-rings
	early := sideOf(ringing, invite, "early")
	waiting := newSide(b.phone(""), "100", "101") // a caller who is not answered yet
	waiting.call(plainSDP)
	unanswered := b.take()
	unanswered.leg.Ring()
	waiting.learn(waiting.response(180))
	for _, tt := range []struct {
		name     string
		replaces string
		status   int
		leg      bool
		call     string
	}{
		{"up", up.replaces(), 403, true, ""},
		{"up, early only", up.replaces() + " ; Early-Only", 486, false, ""},
		{"rings", early.replaces(), 403, false, "c1"},
		{"rings, early only", early.replaces() + ";early-only", 403, false, "c1"},
		{"not answered by us", waiting.replaces(), 481, false, ""},
		{"gone", "a;to-tag=b;from-tag=c", 481, false, ""},
		{"nonsense", "a;to-tag=b", 400, false, ""},
	} {
		s := newSide(newPeer(t, "udp", b.udp), "101", "100")
		s.call(plainSDP, "Replaces: "+tt.replaces)
		s.response(tt.status)
		s.sendBranch("ACK", s.cseq, s.invite)
		select {
		case got := <-taken:
			if (got.Leg != "") != tt.leg || got.Call != tt.call {
				t.Errorf("%s: takes %+v", tt.name, got)
			}
		default:
			if tt.leg || tt.call != "" {
				t.Errorf("%s: takes nothing", tt.name)
			}
		}
	}
	cancel()
	ringing.reply(ringing.request(sip.CANCEL), 200, "early")
	ringing.reply(invite, 487, "early")
	ringing.request(sip.ACK)
	b.wait(out)
}
