package sipua

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
)

func TestSplitHeedsQuotesAndBrackets(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`a, b ,c`:                          "a|b|c",
		`"x, \" y" <sip:a@b;c,d>, <sip:e>`: `"x, \" y" <sip:a@b;c,d>|<sip:e>`,
		``:                                 "",
		`,`:                                "|",
	} {
		if got := strings.Join(split(in, ','), "|"); got != want {
			t.Errorf("split %q: %q, want %q", in, got, want)
		}
	}
}

func TestReasonOfTheFarSide(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]dialplan.Ended{
		``: {Cause: dialplan.CauseNormal},
		`Q.850;cause=16;text="Normal call clearing"`:      {Cause: dialplan.CauseNormal, Detail: "Q.850 cause 16 Normal call clearing"},
		`Q.850 ; cause = 17`:                              {Cause: dialplan.CauseBusy, Detail: "Q.850 cause 17"},
		`SIP;cause=200;text="Call completed elsewhere"`:   {Cause: dialplan.CauseAnsweredElsewhere, Detail: "SIP cause 200 Call completed elsewhere"},
		`SIP;cause=486, Q.850;cause=16`:                   {Cause: dialplan.CauseBusy, Status: 486, Detail: "Q.850 cause 16"},
		`X;cause=nonsense`:                                {Cause: dialplan.CauseNormal},
		`Q.850;cause=102;text="a \"quoted\" ; text, too"`: {Cause: dialplan.CauseSessionExpired, Detail: `Q.850 cause 102 a "quoted" ; text, too`},
	} {
		req := sip.NewRequest(sip.BYE, sip.Uri{Host: "h"})
		if reason != "" {
			req.AppendHeader(sip.NewHeader("Reason", reason))
		}
		want.Remote = true
		if got := endedByRemote(req, dialplan.CauseNormal); *got != want {
			t.Errorf("%s: %+v, want %+v", reason, *got, want)
		}
	}
}

func TestStrictRouterGetsTheTargetLast(t *testing.T) {
	t.Parallel()
	uri := func(s string) sip.Uri {
		u, ok := parseURI(s)
		if !ok {
			t.Fatal(s)
		}
		return u
	}
	d := &dialog{callID: "c", target: uri("sip:phone@10.0.0.1"), routes: []sip.Uri{uri("<sip:old.example>"), uri("<sip:new.example;lr>")}}
	req := d.request(sip.INFO)
	var routes []string
	for _, h := range req.GetHeaders("Route") {
		routes = append(routes, h.Value())
	}
	if req.Recipient.String() != "sip:old.example" || strings.Join(routes, " ") != "<sip:new.example;lr> <sip:phone@10.0.0.1>" {
		t.Fatalf("got\n%v", req)
	}
}

// What the far side writes into headers that are read here never panics, and
// never comes out with a line end.
func FuzzHeaderValues(f *testing.F) {
	for _, s := range []string{`Q.850;cause=16;text="x"`, `"a\" b" <sip:x@y;lr>;q=1, <sip:z>`, "1800;refresher=uac", "5 (later)", "%31%3", "1 2 INVITE", "a\r\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		req := sip.NewRequest(sip.BYE, sip.Uri{Host: "h"})
		for _, name := range []string{"Reason", "Session-Expires", "Retry-After", "Supported", "Record-Route"} {
			req.AppendHeader(sip.NewHeader(name, s))
		}
		decimal(req, "Retry-After")
		refresher(s)
		hasToken(req, "Supported", "timer")
		recordRoutes(req)
		matchesRAck(s, 1, &sip.CSeqHeader{SeqNo: 2})
		for _, out := range []string{endedByRemote(req, dialplan.CauseNormal).Detail, displayName(s), unescape(s), quotedName(s), clean(s)} {
			if strings.ContainsAny(out, "\r\n\x00") {
				t.Fatalf("%q became %q", s, out)
			}
		}
	})
}
