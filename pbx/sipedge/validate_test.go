package sipedge

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

func TestRequestsThatAreRefused(t *testing.T) {
	without := func(name string) func(string) string {
		return func(s string) string {
			var out []string
			for _, l := range strings.SplitAfter(s, "\r\n") {
				if !strings.HasPrefix(l, name+":") {
					out = append(out, l)
				}
			}
			return strings.Join(out, "")
		}
	}
	change := func(old, by string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, by, 1) }
	}
	add := func(line string) func(string) string { return change("Max-Forwards: 70", line+"\r\nMax-Forwards: 70") }
	for _, c := range []struct {
		name, method string
		change       func(string) string
		code         int
		reason       string
	}{
		{"no From", "INVITE", without("From"), 400, "Missing From"},
		{"no To", "INVITE", without("To"), 400, "Missing To"},
		{"no Call-ID", "INVITE", without("Call-ID"), 400, "Missing Call-ID"},
		{"no CSeq", "INVITE", without("CSeq"), 400, "Missing CSeq"},
		{"no From tag", "INVITE", change(";tag=a1", ""), 400, "Missing From Tag"},
		{"CSeq of another method", "INVITE", change("1 INVITE", "1 BYE"), 400, "CSeq Method Does Not Match"},
		{"CSeq too large", "INVITE", change("CSeq: 1", "CSeq: 2147483648"), 400, "Bad CSeq"},
		{"two Call-IDs", "INVITE", add("Call-ID: other"), 400, "Duplicate Call-ID"},
		{"two From", "INVITE", add("f: <sip:evil@example.com>;tag=9"), 400, "Duplicate From"},
		{"line without colon", "INVITE", add("roobar"), 400, "Bad Header Field"},
		{"port out of range", "INVITE", change("sip:100@127.0.0.1 ", "sip:100@127.0.0.1:99999 "), 400, "Bad Request-URI"},
		{"port out of range in Contact", "INVITE", change("<sip:a@192.0.2.9>", "<sip:a@192.0.2.9:70000>"), 400, "Bad Contact"},
		{"broken escape", "INVITE", change("sip:100@", "sip:1%0@"), 400, "Bad Request-URI"},
		{"NUL in a header", "INVITE", add("Subject: a\x00b"), 400, "Bad Subject"},
		{"CR in a header", "INVITE", add("Subject: a\rb"), 400, "Bad Header Section"},
		{"no empty line", "INVITE", func(s string) string { return strings.TrimSuffix(s, "\r\n") }, 400, "Missing Empty Line"},
		{"other version", "INVITE", change("SIP/2.0\r\n", "SIP/3.0\r\n"), 505, "Version Not Supported"},
		{"lower-case method", "INVITE", change("INVITE sip", "invite sip"), 400, "CSeq Method Does Not Match"},
		{"unknown scheme", "INVITE", change("sip:100@127.0.0.1 ", "xyz:100 "), 416, "Unsupported URI Scheme"},
		{"unknown method", "FOO", nil, 501, "Not Implemented"},
		{"known method without handler", "SUBSCRIBE", nil, 405, "Method Not Allowed"},
		{"no hops left", "INVITE", change("Max-Forwards: 70", "Max-Forwards: 0"), 483, "Too Many Hops"},
		{"unknown extension", "INVITE", add("Require: 100rel, Foo,bar"), 420, "Bad Extension"},
		{"packed body", "INVITE", func(s string) string {
			return strings.Replace(s, "Content-Length: 0\r\n\r\n", "e: gzip\r\nContent-Length: 1\r\n\r\nx", 1)
		}, 415, "Unsupported Content-Encoding"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, setUp{edge: always})
			text := request(c.method, 1)
			if c.change != nil {
				text = c.change(text)
			}
			p := b.phone("udp")
			p.send(text)
			res := p.wantCode(c.code)
			if res.Reason != c.reason {
				t.Errorf("reason %q, want %q", res.Reason, c.reason)
			}
			if c.code == 420 && res.GetHeader("unsupported").Value() != "Foo, bar" {
				t.Error(res)
			}
			if (c.code == 405 || c.code == 501) && !strings.Contains(res.GetHeader("allow").Value(), "INVITE") {
				t.Error(res)
			}
			if n, _, _ := b.txs.sizes(); n != 0 {
				t.Errorf("a refused request left %d transactions", n)
			}
			// The same request as an ACK meets silence.
			if c.method == "INVITE" {
				p.send(strings.ReplaceAll(text, "INVITE", "ACK"))
				if res := p.answer(20 * time.Millisecond); res != nil {
					t.Errorf("an ACK was answered:\n%s", res)
				}
			}
		})
	}
}

// Every spelling that RFC 3261 allows arrives at the handler as if written plainly.
func TestSpellingsThatMeanTheSame(t *testing.T) {
	for name, text := range map[string]string{
		"compact": "REFER sip:x@h SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;rport\r\nf: <sip:a@b>;tag=1\r\n" +
			"t: <sip:a@b>;tag=2\r\ni: 1\r\nCSeq: 1 REFER\r\nk: timer\r\nx: 1800;refresher=uac\r\nr: <sip:c@d?Replaces=1%3B>\r\n" +
			"b: <sip:e@f>\r\no: presence\r\nm: <sip:a@h;lr>\r\nl: 0\r\n\r\n",
		"upper-case parameters": "REFER sip:x@h SIP/2.0\r\nVIA: SIP/2.0/UDP 192.0.2.9;BRANCH=z9hG4bK1;RPORT\r\n" +
			"FROM: <sip:a@b>;TAG=1\r\nTO: <sip:a@b>;Tag=2\r\nCALL-ID: 1\r\nCSEQ: 1 REFER\r\nSUPPORTED: timer\r\n" +
			"session-expires: 1800;refresher=uac\r\nREFER-TO: <sip:c@d?Replaces=1%3B>\r\nreferred-by: <sip:e@f>\r\n" +
			"EVENT: presence\r\ncontact: <sip:a@h;LR>\r\n\r\n",
		"white space, folding, leading line ends": "\r\n\r\nREFER sip:x@h SIP/2.0\r\nVia : SIP / 2.0 / UDP  192.0.2.9 ; branch =\r\n z9hG4bK1 ; rport\r\n" +
			"From:<sip:a@b> ; tag = 1\r\nTo:\t<sip:a@b>\r\n\t; tag=2\r\nCall-ID:1\r\nCSeq: 1 \t REFER\r\nSupported:timer\r\n" +
			"Session-Expires:1800;refresher=uac\r\nRefer-To: <sip:c@d?Replaces=1%3B>\r\nReferred-By: <sip:e@f>\r\n" +
			"Event: presence\r\nContact: <sip:a@h;lr>\r\n\r\n",
		"bare line feeds": "REFER sip:x@h SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;rport\nFrom: <sip:a@b>;tag=1\n" +
			"To: <sip:a@b>;tag=2\nCall-ID: 1\nCSeq: 1 REFER\nSupported: timer\nSession-Expires: 1800;refresher=uac\n" +
			"Refer-To: <sip:c@d?Replaces=1%3B>\nReferred-By: <sip:e@f>\nEvent: presence\nContact: <sip:a@h;lr>\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan *sip.Request, 1)
			b := start(t, setUp{edge: func(e *Edge) {
				e.Handle(sip.REFER, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
					got <- req.Clone()
					_ = e.Respond(tx, e.response(req, 202, "Accepted"))
				})
			}})
			p := b.phone("udp")
			p.send(text)
			p.wantCode(202)
			req := <-got
			for header, want := range map[string]string{
				"supported": "timer", "session-expires": "1800;refresher=uac", "event": "presence",
				"refer-to": "<sip:c@d?Replaces=1%3B>", "referred-by": "<sip:e@f>", "contact": "<sip:a@h;lr>",
				"from": "<sip:a@b>;tag=1", "to": "<sip:a@b>;tag=2", "call-id": "1", "cseq": "1 REFER",
			} {
				if h := req.GetHeader(header); h == nil || h.Value() != want {
					t.Errorf("%s is %v, want %q", header, h, want)
				}
			}
			if v := req.Via(); v.Host != "192.0.2.9" || v.Params.GetOr("branch", "") != "z9hG4bK1" || v.Params.GetOr("received", "") != "127.0.0.1" {
				t.Errorf("Via %s", v.Value())
			}
		})
	}
}

func TestValuesAreTakenApart(t *testing.T) {
	m := parseDatagram([]byte("OPTIONS sip:x@[2001:db8::1]:5070;transport=tcp SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 192.0.2.1, SIP/2.0/TCP [2001:db8::2]:5062;foo=\"a,b\";branch=z9hG4bKx\r\n" +
		"From: \"Doe, \\\"J\\\"\" <sip:a;phone-context=+1@b>;tag=1;x=\"a;b=c\"\r\nTo: tel:+4912345;tag=q\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n" +
		"Contact: \"Doe, J\" <sip:%61@1.1.1.1>;q=1, <sip:b@2.2.2.2>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n" +
		"Route: <sip:p1;lr>,<sip:p2;lr>\r\n\r\n"))
	if m.fault != nil {
		t.Fatal(m.fault)
	}
	req := m.req
	vias, contacts, routes := req.GetHeaders("via"), req.GetHeaders("contact"), req.GetHeaders("route")
	if len(vias) != 2 || len(contacts) != 2 || len(routes) != 2 {
		t.Fatalf("%d Via, %d Contact, %d Route", len(vias), len(contacts), len(routes))
	}
	second := vias[1].(*sip.ViaHeader)
	if second.Host != "2001:db8::2" || second.Port != 5062 || Unquote(second.Params.GetOr("foo", "")) != "a,b" {
		t.Errorf("Via %+v", second)
	}
	if u := req.Recipient; u.Host != "[2001:db8::1]" || u.Port != 5070 || u.UriParams.GetOr("transport", "") != "tcp" {
		t.Errorf("Request-URI %+v", u)
	}
	if f := req.From(); f.DisplayName != `Doe, \"J\"` || f.Address.User != "a;phone-context=+1" || Unquote(f.Params.GetOr("x", "")) != "a;b=c" {
		t.Errorf("From %+v", f)
	}
	if to := req.To(); to.Address.Scheme != "tel" || to.Address.Raw() != "+4912345" || to.Params.GetOr("tag", "") != "q" {
		t.Errorf("To %+v", to)
	}
	c := contacts[1].(*sip.ContactHeader)
	if Unquote(c.Params.GetOr("+sip.instance", "")) != "<urn:uuid:1>" || UnescapeUser(contacts[0].(*sip.ContactHeader).Address.User) != "a" {
		t.Errorf("Contact %+v", c)
	}
	if again := parseDatagram([]byte(req.String())); again.fault != nil || again.req.String() != req.String() {
		t.Errorf("what was written cannot be read: %+v", again.fault)
	}
}

func TestMergedAndLoopedRequests(t *testing.T) {
	hold := make(chan struct{})
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INVITE, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			<-hold
			_ = e.Respond(tx, e.response(req, 200, "OK"))
		})
	}})
	defer close(hold)
	p := b.phone("udp")
	p.send(request("INVITE", 1))
	p.send(strings.Replace(request("INVITE", 1), "z9hG4bKtest1", "z9hG4bKother", 1))
	if res := p.wantCode(482); res.Reason != "Merged Request" {
		t.Error(res)
	}
	uri := sip.Uri{User: "100", Host: "127.0.0.1"}
	ours := "Via: SIP/2.0/UDP 192.0.2.1;branch=" + b.cookie + uriMark(&uri) + "x\r\n"
	p.send(request("INVITE", 2, ours))
	for {
		res := p.answer(time.Second)
		if res == nil {
			t.Fatal("a loop was not found")
		}
		if res.StatusCode == 482 {
			if res.Reason != "Loop Detected" {
				t.Error(res)
			}
			break
		}
	}
	// A spiral, to another number, goes on.
	p.send(requestTo("sip:200@127.0.0.1", "OPTIONS", 3, ours))
	for {
		if res := p.answer(time.Second); res == nil {
			t.Fatal("no answer")
		} else if res.CSeq().MethodName == "OPTIONS" {
			if res.StatusCode != 200 {
				t.Error(res)
			}
			break
		}
	}
}

func TestOptionsTellsWhatWeCan(t *testing.T) {
	b := start(t, setUp{edge: always})
	p := b.phone("udp")
	p.send(request("OPTIONS", 1))
	res := p.wantCode(200)
	for header, want := range map[string]string{
		"allow": "ACK, BYE, CANCEL, INFO, INVITE, OPTIONS, REGISTER", "accept": "application/sdp",
		"supported": "100rel, timer", "accept-encoding": "identity", "server": "Dialtone",
	} {
		if h := res.GetHeader(header); h == nil || h.Value() != want {
			t.Errorf("%s: %v, want %q", header, h, want)
		}
	}
}

func TestAHandlerThatPanicsAnswers500(t *testing.T) {
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INFO, func(context.Context, *sip.Request, sip.ServerTransaction, Flow) { panic("oh") })
	}})
	p := b.phone("tcp")
	p.send(request("INFO", 1))
	p.wantCode(500)
	p.send(request("OPTIONS", 2))
	p.wantCode(200)
}
