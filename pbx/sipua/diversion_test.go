package sipua

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/call"
)

func TestDiversionAndHistory(t *testing.T) {
	t.Parallel()
	at := func(user string) sip.Uri { return sip.Uri{Scheme: "sip", User: user, Host: "dialtone"} }
	for _, test := range []struct {
		way                []call.Diversion
		diverted, recorded string
	}{
		{
			[]call.Diversion{{From: "101", Reason: "unconditional"}},
			"<sip:101@dialtone>;reason=unconditional;counter=1",
			"<sip:101@dialtone>;index=1, <sip:103@dialtone;cause=302>;index=1.1;mp=1",
		},
		{
			[]call.Diversion{{From: "101", Reason: "no-answer"}, {From: "102", Reason: "user-busy"}},
			"<sip:102@dialtone>;reason=user-busy;counter=2",
			"<sip:101@dialtone>;index=1, <sip:102@dialtone;cause=408>;index=1.1;mp=1, <sip:103@dialtone;cause=486>;index=1.1.1;mp=1.1",
		},
		{
			[]call.Diversion{{From: "101", Reason: "unavailable"}},
			"<sip:101@dialtone>;reason=unavailable;counter=1",
			"<sip:101@dialtone>;index=1, <sip:103@dialtone;cause=503>;index=1.1;mp=1",
		},
		{
			earlier(2, []call.Diversion{{From: "101", Reason: "unavailable"}}),
			"<sip:101@dialtone>;reason=unavailable;counter=3",
			"<sip:anonymous@dialtone>;index=1, <sip:anonymous@dialtone;cause=302>;index=1.1;mp=1, " +
				"<sip:101@dialtone;cause=302>;index=1.1.1;mp=1.1, <sip:103@dialtone;cause=503>;index=1.1.1.1;mp=1.1.1",
		},
	} {
		if got := diversion(at, test.way).Value(); got != test.diverted {
			t.Errorf("Diversion: %s\nwant %s", got, test.diverted)
		}
		if got := history(at, test.way, "103").Value(); got != test.recorded {
			t.Errorf("History-Info: %s\nwant %s", got, test.recorded)
		}
	}
}

func TestHowOftenACallWasForwarded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		headers []string
		want    int
	}{
		{nil, 0},
		{[]string{"Diversion: <sip:1@a>;reason=user-busy"}, 1},
		{[]string{"Diversion: <sip:1@a>;reason=user-busy, <sip:2,3@b>;counter=\"2\"", "Diversion: <sip:4@a>;Counter = 3"}, 6},
		{[]string{"Diversion: <sip:1@a>;counter=0", "Diversion: <sip:1@a>;counter=-7", "Diversion: <sip:1@a>;counter=x"}, 3},
		{[]string{"Diversion: <sip:1@a>;counter=4000000000"}, maxForwards},
		{[]string{"History-Info: <sip:101@d>;index=1, <sip:102@d;cause=408>;index=1.1;mp=1", "History-Info: <sip:103@d;cause=486>;index=1.1.1;mp=1.1"}, 2},
		{[]string{"History-Info: <sip:101@d?Reason=SIP%3Bcause%3D302>;index=1, <sip:102@d;cause=302>;index=2"}, 1},
		{[]string{"History-Info: <sip:0800@d>;index=1, <sip:102@d;cause=380>;index=1.1;mp=1"}, 0},
		{[]string{"Diversion: <sip:1@a>", "History-Info: <sip:1@a>;index=1, <sip:2@a;cause=302>;index=1.1;mp=1"}, 1},
	} {
		req := sip.NewRequest(sip.INVITE, sip.Uri{Host: "h"})
		for _, h := range test.headers {
			name, value, _ := strings.Cut(h, ": ")
			req.AppendHeader(sip.NewHeader(name, value))
		}
		if got := forwards(req); got != test.want {
			t.Errorf("%q: %d times, want %d", test.headers, got, test.want)
		}
	}
}

func TestWhoTransferredACallerIsNamedToPhones(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(c *config.Config) { c.Extensions["102"] = config.Extension{Name: `Bob "B"`, Password: "x"} })
	inv := caller()
	inv.ReferredBy = "102"
	p := b.phone("101")
	out := b.dial(t.Context(), "101", inv, nil)
	req := p.request(sip.INVITE)
	if got, want := value(req, "Referred-By"), `"Bob \"B\"" <sip:102@`+b.cfg.SIP.Domain+">"; got != want {
		t.Errorf("Referred-By: %s, want %s", got, want)
	}
	p.reply(req, 486, "callee")
	p.request(sip.ACK)
	b.wait(out)
}
