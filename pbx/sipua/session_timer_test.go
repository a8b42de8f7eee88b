package sipua

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
)

func mustAddr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// soon makes sessions of a few seconds possible.
func soon(t *timers) { t.minSE = time.Second }

func TestSessionTimerAsRefresherByUpdate(t *testing.T) {
	t.Parallel()
	inFakeTime(t, soon, func(t *testing.T, b *bed) {
		s, leg := b.outbound(caller(), plainSDP, "Allow: INVITE, UPDATE", "Session-Expires: 2;refresher=uac")
		for range 2 {
			up := s.request(sip.UPDATE)
			if value(up, "Session-Expires") != "2;refresher=uac" || len(up.Body()) != 0 {
				t.Fatalf("UPDATE\n%v", up)
			}
			s.reply(up, 200, "", "Session-Expires: 2;refresher=uac")
		}
		if leg.Context().Err() != nil {
			t.Fatal("the session ended")
		}
	}, func(c *config.Config) { c.SIP.SessionExpires = config.Duration(2 * time.Second) })
}

func TestSessionTimerAsRefresherByReInvite(t *testing.T) {
	t.Parallel()
	inFakeTime(t, soon, func(t *testing.T, b *bed) {
		s, leg := b.inbound(both, plainSDP, "Supported: timer", "Session-Expires: 2;refresher=uas")
		up := s.request(sip.INVITE)
		if !strings.HasSuffix(value(up, "Session-Expires"), ";refresher=uac") || directionOf(up.Body()) != "sendrecv" {
			t.Fatalf("re-INVITE\n%v", up)
		}
		s.reply(up, 200, "", sdpText(1, "sendrecv", "0", "8", "101"), "Session-Expires: 2;refresher=uac")
		s.request(sip.ACK)
		// No answer to the next one: the session runs out.
		s.request(sip.INVITE)
		b.ends(leg, dialplan.CauseSessionExpired)
	})
}

func TestSessionTimerOfTheFarSide(t *testing.T) {
	t.Parallel()
	inFakeTime(t, soon, func(t *testing.T, b *bed) {
		s, leg := b.outbound(caller(), plainSDP, "Require: timer", "Session-Expires: 2;refresher=uas")
		s.send("UPDATE", "Supported: timer", "Session-Expires: 2;refresher=uac")
		if res := s.response(200); value(res, "Session-Expires") != "2;refresher=uac" || !hasToken(res, "Require", "timer") {
			t.Fatalf("200\n%v", res)
		}
		start := time.Now()
		bye := s.request(sip.BYE)
		if since := time.Since(start); since < time.Second {
			t.Fatalf("BYE after %v", since)
		}
		s.reply(bye, 200, "")
		b.ends(leg, dialplan.CauseSessionExpired)
	})
}

// Without a timer at the far side, refreshes only find out whether it is there:
// a refusal says that it is.
func TestRefusedRefreshKeepsACallWithoutATimerAtTheFarSide(t *testing.T) {
	t.Parallel()
	inFakeTime(t, soon, func(t *testing.T, b *bed) {
		s, leg := b.outbound(caller())
		for range 3 {
			s.reply(s.request(sip.INVITE), 488, "")
			s.request(sip.ACK)
		}
		if leg.Context().Err() != nil {
			t.Fatal(context.Cause(leg.Context()))
		}
	}, func(c *config.Config) { c.SIP.SessionExpires = config.Duration(time.Second) })
}

func TestRefusedRefreshIsTriedAgain(t *testing.T) {
	t.Parallel()
	inFakeTime(t, soon, func(t *testing.T, b *bed) {
		s, leg := b.outbound(caller(), plainSDP, "Allow: UPDATE", "Session-Expires: 4;refresher=uac")
		s.reply(s.request(sip.UPDATE), 503, "")
		s.reply(s.request(sip.UPDATE), 200, "", "Session-Expires: 4;refresher=uac")
		s.send("OPTIONS")
		s.response(200)
		if leg.Context().Err() != nil {
			t.Fatal(context.Cause(leg.Context()))
		}
	})
}

// The session is refreshed even when its 200 lacks the answer.
func TestRefreshWithoutAnAnswerIsARefresh(t *testing.T) {
	t.Parallel()
	inFakeTime(t, soon, func(t *testing.T, b *bed) {
		s, leg := b.outbound(caller(), plainSDP, "Session-Expires: 2;refresher=uac")
		for range 3 {
			s.reply(s.request(sip.INVITE), 200, "", "Session-Expires: 2;refresher=uac")
			s.request(sip.ACK)
		}
		if leg.Context().Err() != nil {
			t.Fatal(context.Cause(leg.Context()))
		}
	})
}

func TestSessionTimerElection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		invite []string
		expect string
	}{
		{"nothing asked, none supported", nil, "1800;refresher=uas"},
		{"supported", []string{"Supported: timer"}, "1800;refresher=uas"},
		{"asked", []string{"Supported: timer", "Session-Expires: 600"}, "600;refresher=uac"},
		{"asked in compact form", []string{"k: timer", "x: 600"}, "600;refresher=uac"},
		{"asked for us", []string{"Supported: timer", "Session-Expires: 600;refresher=uas"}, "600;refresher=uas"},
		{"a longer one at least", []string{"Supported: timer", "Min-SE: 3600"}, "3600;refresher=uas"},
		{"more than a day is asked", []string{"Supported: timer", "Session-Expires: 4294967295"}, "86400;refresher=uac"},
		{"asked by a proxy for a phone without timers", []string{"Session-Expires: 600"}, "600;refresher=uas"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, func(cfg *config.Config) { cfg.SIP.SessionExpires = config.Duration(30 * time.Minute) })
			s := newSide(b.phone("100"), "100", "101")
			s.call(append(c.invite, plainSDP)...)
			l := b.take().leg
			done := make(chan error, 1)
			go func() { done <- l.Answer(context.Background(), both) }()
			res := s.response(200)
			if got := value(res, "Session-Expires"); got != c.expect {
				t.Fatalf("Session-Expires %q, want %q", got, c.expect)
			}
			s.learn(res)
			s.ack()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestShortRefreshIsRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, _ := b.inbound(both)
	s.send("UPDATE", "Supported: timer", "Session-Expires: 30")
	if res := s.response(422); value(res, "Min-SE") != "90" {
		t.Fatalf("422\n%v", res)
	}
}
