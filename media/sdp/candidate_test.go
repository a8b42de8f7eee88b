package sdp

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"dialtone/media/codec"
)

func TestCandidatesOfBrowsers(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"Chromium", "936664323 1 udp 2122194687 192.0.2.2 34877 typ host generation 0 network-id 1", "192.0.2.2:34877 2122194687"},
		{"IPv6", "816198067 1 udp 2122265343 2001:db8::2 58295 typ host generation 0", "[2001:db8::2]:58295 2122265343"},
		{"Firefox, capitals", "0 1 UDP 2122252543 192.0.2.2 40000 typ host", "192.0.2.2:40000 2122252543"},
		{"behind NAT", "1 1 udp 1685987071 203.0.113.5 34877 typ srflx raddr 0.0.0.0 rport 0", "203.0.113.5:34877 1685987071"},
		{"hidden behind a name", "1 1 udp 2113937151 0f8c0b2e-7b5b-4c0a-8a52-1f0f2c5b1d3e.local 34877 typ host", ""},
		{"a name that could be looked up", "1 1 udp 2113937151 victim.example.com 34877 typ host", ""},
		{"TCP", "1226555291 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active", ""},
		{"of RTCP", "0 2 UDP 2122252542 192.0.2.2 40001 typ host", ""},
		{"no port", "0 1 UDP 2122252543 192.0.2.2 0 typ host", ""},
		{"port too large", "0 1 UDP 2122252543 192.0.2.2 65536 typ host", ""},
		{"priority too large", "0 1 UDP 4294967296 192.0.2.2 5 typ host", ""},
		{"with a zone", "0 1 UDP 5 fe80::1%eth0 5 typ host", ""},
		{"cut off", "0 1 UDP 5 192.0.2.2 5 typ", ""},
		{"nothing", "", ""},
	} {
		got := ""
		for _, found := range readCandidates([]Attr{{"candidate", c.line}}) {
			got += fmt.Sprintf("%v %d", found.Addr, found.Priority)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	many := make([]Attr, 100)
	for i := range many {
		many[i] = Attr{"candidate", fmt.Sprintf("0 1 UDP 5 192.0.2.2 %d typ host", i+1)}
	}
	if n := len(readCandidates(many)); n != maxCandidates {
		t.Errorf("%d candidates are read", n)
	}
}

func TestFragments(t *testing.T) {
	const candidate = "a=candidate:0 1 UDP 5 192.0.2.%d 5 typ host\r\n"
	audio, video := fmt.Sprintf(candidate, 1), fmt.Sprintf(candidate, 2)
	for _, c := range []struct {
		name, mid, body string
		want            string
	}{
		{"as in RFC 8840", "0", "a=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=ice-ufrag:8hhY\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n" + audio + "m=video 9 RTP/AVP 31\r\na=mid:1\r\n" + video + "a=end-of-candidates\r\n", "8hhY 192.0.2.1:5 false"},
		{"the other line", "1", "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n" + audio + "m=video 9 RTP/AVP 31\r\na=mid:1\r\n" + video + "a=end-of-candidates\r\n", " 192.0.2.2:5 true"},
		{"without m-lines", "0", audio + "a=end-of-candidates\n", " 192.0.2.1:5 true"},
		{"without names", "0", "m=audio 9 RTP/AVP 0\n" + audio + "m=video 9 RTP/AVP 31\n" + video, " 192.0.2.1:5 false"},
		{"before our name is known", "", "m=audio 9 RTP/AVP 0\na=mid:audio\n" + audio, " 192.0.2.1:5 false"},
		{"empty", "0", "", "  false"},
	} {
		f, err := ParseTrickle([]byte(c.body), c.mid)
		at := ""
		for _, found := range f.Candidates {
			at += found.Addr.String()
		}
		if got := fmt.Sprintf("%s %s %v", f.Ufrag, at, f.End); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	for _, bad := range []string{"hello", "a", "aa=b\n", "a=ice-ufrag:x\n", "a=ice-pwd:short\n", "a=ice-ufrag:" + strings.Repeat("x", 257), strings.Repeat("a=x\n", maxFragment)} {
		if _, err := ParseTrickle([]byte(bad), "0"); err == nil {
			t.Errorf("%.20q is taken", bad)
		}
	}
}

func FuzzTrickle(f *testing.F) {
	f.Add([]byte("a=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:0 1 UDP 5 192.0.2.1 5 typ host\r\na=end-of-candidates\r\n"))
	f.Add([]byte("m=\nm=\na=mid:\na=candidate:\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseTrickle(b, "0")
		if err != nil {
			return
		}
		if len(got.Candidates) > maxCandidates {
			t.Fatalf("%d candidates", len(got.Candidates))
		}
		for _, c := range got.Candidates {
			if !c.Addr.IsValid() || c.Addr.Port() == 0 {
				t.Fatalf("candidate %v", c)
			}
		}
	})
}

// A full agent does not call itself a lite one, and tells of its address outside without the
// one inside.
func TestReflexiveCandidatesHideOurAddress(t *testing.T) {
	n := NewNegotiator(1)
	if _, err := n.ReceiveOffer(browserOffer(t)); err != nil {
		t.Fatal(err)
	}
	l := near(formats(codec.PCMU))
	l.WebRTC = ice("ours")
	l.WebRTC.Full = true
	l.WebRTC.Reflexive = []netip.AddrPort{netip.MustParseAddrPort("203.0.113.7:61000"), netip.MustParseAddrPort("[2001:db8:7::1]:61001")}
	answer, agreed, err := n.CreateAnswer(l)
	if err != nil {
		t.Fatal(err)
	}
	text := string(answer)
	for _, want := range []string{
		" 1 udp 1694498815 203.0.113.7 61000 typ srflx raddr 0.0.0.0 rport 9\r\n",
		" 1 udp 1694498559 2001:db8:7::1 61001 typ srflx raddr :: rport 9\r\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if !strings.Contains(text, "a=ice-options:trickle") || strings.Contains(text, "a=ice-lite") || strings.Index(text, "srflx") > strings.Index(text, "a=end-of-candidates") {
		t.Errorf("answered\n%s", text)
	}
	p := agreed.WebRTC
	if !p.Offered || p.Lite || len(p.Candidates) != 2 || p.Candidates[0].Addr.String() != "192.0.2.2:34877" {
		t.Errorf("the far side is %+v", p)
	}
}

func browserOffer(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(phones + "/chromium-audio.sdp")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The name of an association is answered with one of ours, another one whenever theirs is.
func TestNamesOfAssociations(t *testing.T) {
	n := NewNegotiator(1)
	ask := func(name string) (ours string, p *Peer) {
		offer := browserOffer(t)
		if name != "" {
			offer = append(offer, "a=tls-id:"+name+"\n"...)
		}
		if _, err := n.ReceiveOffer(offer); err != nil {
			t.Fatal(err)
		}
		l := near(formats(codec.PCMU))
		l.WebRTC = ice("ours")
		answer, agreed, err := n.CreateAnswer(l)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(answer), "a=tls-id:")
		ours, _, _ = strings.Cut(rest, "\r\n")
		return ours, agreed.WebRTC
	}
	if ours, p := ask(""); ours != "" || p.TLSID != "" {
		t.Errorf("without a name: %q, %q", ours, p.TLSID)
	}
	first, p := ask("aaaaaaaaaaaaaaaaaaaa")
	same, _ := ask("aaaaaaaaaaaaaaaaaaaa")
	other, _ := ask("bbbbbbbbbbbbbbbbbbbb")
	if p.TLSID != "aaaaaaaaaaaaaaaaaaaa" || len(first) < 20 || same != first || other == first {
		t.Errorf("theirs is %q, ours %q, then %q and %q", p.TLSID, first, same, other)
	}
}
