package sipedge

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestWhereAnswersGo(t *testing.T) {
	const from = "192.0.2.1:40000"
	for via, want := range map[string]string{
		"192.0.2.1:5070;rport":               from,             // asked for (RFC 3581)
		"192.0.2.1:5070":                     "192.0.2.1:5070", // listens on another port
		"192.0.2.1":                          "192.0.2.1:5060", // on the usual one
		"10.0.0.1:5070":                      from,             // behind NAT
		"phone.example:5070":                 from,             // who knows
		"192.0.2.1:5070;maddr=198.51.100.66": "192.0.2.1:5070", // not to third parties
		"":                                   from,             // no Via that can be read
	} {
		m := parseDatagram([]byte("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP " + via + "\r\n\r\n"))
		if have := replyTo(m, netip.MustParseAddrPort(from)); have.String() != want {
			t.Errorf("Via %q: %s, want %s", via, have, want)
		}
	}
}

func TestWhereRequestsGo(t *testing.T) {
	b := start(t, setUp{})
	for uri, want := range map[string]string{
		"sip:a@192.0.2.1":                    "udp 192.0.2.1:5060 true",
		"sip:a@192.0.2.1:5070;transport=tcp": "tcp 192.0.2.1:5070 false",
		"sip:a@192.0.2.1;transport=TLS":      "tls 192.0.2.1:5061 false",
		"sips:a@[2001:db8::1]":               "tls [2001:db8::1]:5061 false",
		"sip:a@example.com;maddr=192.0.2.7":  "udp 192.0.2.7:5060 true",
		"sip:a@192.0.2.1;transport=sctp":     `transport "sctp"`,
		"tel:+491234":                        "names no SIP server",
		"sip:a@localhost:5080":               "udp 127.0.0.1:5080 true",
	} {
		var u sip.Uri
		if err := sip.ParseUri(uri, &u); err != nil {
			t.Fatal(err)
		}
		list, choice, err := b.resolve(t.Context(), &u)
		have := fmt.Sprint(err)
		if err == nil {
			have = fmt.Sprintf("%s %s %v", list[0].transport, list[0].at, choice)
		}
		if !strings.Contains(have, want) {
			t.Errorf("%s: %s, want %s", uri, have, want)
		}
	}
}

func TestRequestsFollowTheirRoute(t *testing.T) {
	b := start(t, setUp{})
	p, _ := meetPhone(b, "udp")
	req := ask(t, sip.INFO, "sip:x@203.0.113.1")
	var hop sip.Uri
	if err := sip.ParseUri("sip:"+p.LocalAddr().String()+";lr", &hop); err != nil {
		t.Fatal(err)
	}
	req.AppendHeader(&sip.RouteHeader{Address: hop})
	tx, err := b.Request(t.Context(), req, Flow{})
	if err != nil {
		t.Fatal(err)
	}
	got := p.request()
	if got.Recipient.Host != "203.0.113.1" || FlowOf(tx).Remote.String() != p.LocalAddr().String() {
		t.Errorf("on %v came\n%s", FlowOf(tx), got)
	}
	p.send(reply(got, 200, "OK", "x"))
	wantResponse(t, tx)
}
