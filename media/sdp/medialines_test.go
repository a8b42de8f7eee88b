package sdp

import (
	"errors"
	"net/netip"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestAnswerEveryMediaLine(t *testing.T) {
	const key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	tests := []struct {
		name   string
		offer  []string
		policy CryptoPolicy
		answer []string
	}{
		{
			"audio",
			[]string{"m=audio 4000 RTP/AVP 0 8"},
			CryptoOptional,
			[]string{"audio 30000 RTP/AVP 0 8"},
		},
		{
			"audio and video",
			[]string{"m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 31 34"},
			CryptoOptional,
			[]string{"audio 30000 RTP/AVP 0", "video 0 RTP/AVP 31 34"},
		},
		{
			"video first",
			[]string{"m=video 4002 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"},
			CryptoOptional,
			[]string{"video 0 RTP/AVP 31", "audio 30000 RTP/AVP 0"},
		},
		{
			"second audio",
			[]string{"m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 8"},
			CryptoOptional,
			[]string{"audio 30000 RTP/AVP 0", "audio 0 RTP/AVP 8"},
		},
		{
			"first audio has no codec of ours",
			[]string{"m=audio 4000 RTP/AVP 18", "m=audio 4002 RTP/AVP 8"},
			CryptoOptional,
			[]string{"audio 0 RTP/AVP 18", "audio 30000 RTP/AVP 8"},
		},
		{
			"first audio is switched off",
			[]string{"m=audio 0 RTP/AVP 0", "m=audio 4002 RTP/AVP 8"},
			CryptoOptional,
			[]string{"audio 0 RTP/AVP 0", "audio 30000 RTP/AVP 8"},
		},
		{
			"fax, text, application and what nobody knows",
			[]string{"m=image 4002 udptl t38", "m=audio 4000 RTP/AVP 0", "m=text 4004 RTP/AVP 98", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=smell 1 X/Y z"},
			CryptoOptional,
			[]string{"image 0 udptl t38", "audio 30000 RTP/AVP 0", "text 0 RTP/AVP 98", "application 0 UDP/DTLS/SCTP webrtc-datachannel", "smell 0 X/Y z"},
		},
		{
			"refused video without formats",
			[]string{"m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP"},
			CryptoOptional,
			[]string{"audio 30000 RTP/AVP 0", "video 0 RTP/AVP 0"},
		},
		{
			"feedback profile",
			[]string{"m=audio 4000 RTP/AVPF 0"},
			CryptoOptional,
			[]string{"audio 30000 RTP/AVPF 0"},
		},
		{
			"unknown protocol beside a known one",
			[]string{"m=audio 4002 UDP/TLS/RTP/SAVPF 0", "m=audio 4000 RTP/AVP 0"},
			CryptoOptional,
			[]string{"audio 0 UDP/TLS/RTP/SAVPF 0", "audio 30000 RTP/AVP 0"},
		},
		{
			"encrypted or not, encryption on",
			[]string{"m=audio 4000 RTP/AVP 0", "m=audio 4000 RTP/SAVP 0", key},
			CryptoOptional,
			[]string{"audio 0 RTP/AVP 0", "audio 30000 RTP/SAVP 0"},
		},
		{
			"encrypted or not, encryption off",
			[]string{"m=audio 4000 RTP/SAVP 0", key, "m=audio 4000 RTP/AVP 0"},
			CryptoOff,
			[]string{"audio 0 RTP/SAVP 0", "audio 30000 RTP/AVP 0"},
		},
		{
			"encrypted with feedback",
			[]string{"m=audio 4000 RTP/SAVPF 0", key},
			CryptoRequired,
			[]string{"audio 30000 RTP/SAVPF 0"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, a := answerOn(t, NewNegotiator(1), body(tt.offer...), near(policy(tt.policy)))
			equalLines(t, s, tt.answer...)
			equal(t, "disabled", a.Disabled, false)
		})
	}
}

func TestNoAudio(t *testing.T) {
	for name, offer := range map[string][]byte{
		"video only":            body("m=video 4000 RTP/AVP 31"),
		"no m-line":             body("a=sendrecv"),
		"audio switched off":    body("m=audio 0 RTP/AVP 0"),
		"DTLS-SRTP only":        body("m=audio 4000 UDP/TLS/RTP/SAVPF 0"),
		"audio over TCP (MRCP)": body("m=audio 4000 TCP/MRCPv2 1"),
	} {
		t.Run(name, func(t *testing.T) {
			n := NewNegotiator(1)
			if _, err := n.ReceiveOffer(offer); !errors.Is(err, ErrNoAudio) {
				t.Errorf("got %v, want ErrNoAudio", err)
			}
			equal(t, "pending", n.Pending(), PendingNone)
		})
	}
}

func TestMediaLinesKeepTheirPlaces(t *testing.T) {
	n, _, _ := answeredOffer(t, body("m=video 4002 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"), near())
	equalLines(t, offerOn(t, n, near()), "video 0 RTP/AVP 31", "audio 30000 RTP/AVP 0 8 101")
	receiveAnswer(t, n, body("m=video 0 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"))

	s, _ := answerOn(t, n, body("m=video 0 RTP/AVP 31", "m=audio 4000 RTP/AVP 0", "m=image 4004 udptl t38"), near())
	equalLines(t, s, "video 0 RTP/AVP 31", "audio 30000 RTP/AVP 0", "image 0 udptl t38")
	equalLines(t, offerOn(t, n, near()), "video 0 RTP/AVP 31", "audio 30000 RTP/AVP 0 8 101", "image 0 udptl t38")
	n.Rollback()

	// A phone that leaves out what was refused breaks the rule; its answer has to
	// have as many m-lines as it sent all the same.
	s, _ = answerOn(t, n, body("m=audio 4000 RTP/AVP 0"), near())
	equalLines(t, s, "audio 30000 RTP/AVP 0")
}

func TestAnswerThatLeavesOutRefusedMediaLines(t *testing.T) {
	n, _, _ := answeredOffer(t, body("m=video 4002 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"), near())
	offerOn(t, n, near())
	a := receiveAnswer(t, n, body("m=audio 4000 RTP/AVP 8"))
	equal(t, "send", names(a.Send), "PCMA/8000=8")

	offerOn(t, n, near())
	if _, err := n.ReceiveAnswer(body("m=video 4000 RTP/AVP 31")); !errors.Is(err, ErrNoAudio) {
		t.Errorf("got %v, want ErrNoAudio", err)
	}
}

func TestSecondAudioStaysInUse(t *testing.T) {
	n, _, _ := answeredOffer(t, body("m=audio 4000 RTP/AVP 18", "m=audio 4002 RTP/AVP 8"), near())
	offer := body("m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 8")
	r, err := n.ReceiveOffer(offer)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "offered", r.RTP.Port(), 4002)
	n.Rollback()
	s, a := answerOn(t, n, offer, near())
	equalLines(t, s, "audio 0 RTP/AVP 0", "audio 30000 RTP/AVP 8")
	equal(t, "remote", a.RemoteRTP.Port(), 4002)
}

func TestAudioSwitchedOffAndOn(t *testing.T) {
	n, _, _ := answeredOffer(t, body("m=audio 4000 RTP/AVP 0"), near())
	r, err := n.ReceiveOffer(body("m=audio 0 RTP/AVP 0"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "offered", r.Disabled, true)
	equal(t, "their direction", r.Direction, media.Inactive)
	b, a, err := n.CreateAnswer(near())
	if err != nil {
		t.Fatal(err)
	}
	equalLines(t, parsed(t, b), "audio 0 RTP/AVP 0")
	equal(t, "disabled", a.Disabled, true)
	equal(t, "direction", a.Direction, media.Inactive)

	equalLines(t, offerOn(t, n, near()), "audio 30000 RTP/AVP 0 8 101")
	equal(t, "refused", receiveAnswer(t, n, body("m=audio 0 RTP/AVP 0")).Disabled, true)
	_, a = answerOn(t, n, body("m=audio 4000 RTP/AVP 0"), near())
	equal(t, "on again", a.Disabled, false)
}

func TestAddresses(t *testing.T) {
	const rtp, audio = "198.51.100.7:4000", "m=audio 4000 RTP/AVP 0"
	tests := []struct {
		name      string
		offer     []byte
		host      string
		rtp, rtcp string // as agreed; "" when not valid
		mux       bool
	}{
		{"session's", body(audio), "198.51.100.7", rtp, "198.51.100.7:4001", false},
		{"the m-line's own", body(audio, "c=IN IP4 203.0.113.1"), "203.0.113.1", "203.0.113.1:4000", "203.0.113.1:4001", false},
		{"with ttl", body(audio, "c=IN IP4 203.0.113.1/127"), "203.0.113.1", "203.0.113.1:4000", "203.0.113.1:4001", false},
		{"IPv6", body(audio, "c=IN IP6 2001:db8::7"), "2001:db8::7", "[2001:db8::7]:4000", "[2001:db8::7]:4001", false},
		{"IPv6 in brackets", body(audio, "c=IN IP6 [2001:db8::7]"), "2001:db8::7", "[2001:db8::7]:4000", "[2001:db8::7]:4001", false},
		{"IPv4 in IPv6", body(audio, "c=IN IP6 ::ffff:203.0.113.1"), "::ffff:203.0.113.1", "203.0.113.1:4000", "203.0.113.1:4001", false},
		{"IPv6 of a link", body(audio, "c=IN IP6 fe80::7%eth0"), "fe80::7%eth0", "[fe80::7]:4000", "[fe80::7]:4001", false},
		{"name", body(audio, "c=IN IP4 phone.example.com"), "phone.example.com", "", "", false},
		{"multicast", body(audio, "c=IN IP4 224.2.1.1/127"), "224.2.1.1", "", "", false},
		{"rtcp on another port", body(audio, "a=rtcp:5001"), "198.51.100.7", rtp, "198.51.100.7:5001", false},
		{"rtcp elsewhere", body(audio, "a=rtcp:5001 IN IP4 203.0.113.9"), "198.51.100.7", rtp, "203.0.113.9:5001", false},
		{"rtcp at a name", body(audio, "a=rtcp:5001 IN IP4 phone.example.com"), "198.51.100.7", rtp, "", false},
		{"rtcp is nonsense", body(audio, "a=rtcp:x"), "198.51.100.7", rtp, "198.51.100.7:4001", false},
		{"no port after the last", body("m=audio 65535 RTP/AVP 0"), "198.51.100.7", "198.51.100.7:65535", "", false},
		{"mux", body(audio, "a=rtcp-mux"), "198.51.100.7", rtp, rtp, true},
		{"mux with a port to fall back on", body(audio, "a=rtcp:5001", "a=rtcp-mux"), "198.51.100.7", rtp, rtp, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := NewNegotiator(1)
			r, err := n.ReceiveOffer(tt.offer)
			if err != nil {
				t.Fatal(err)
			}
			b, a, err := n.CreateAnswer(near())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "host", r.Host, tt.host)
			equal(t, "RTP offered", addrText(r.RTP), tt.rtp)
			equal(t, "RTCP offered", addrText(r.RTCP), tt.rtcp)
			equal(t, "RTP", addrText(a.RemoteRTP), tt.rtp)
			equal(t, "RTCP", addrText(a.RemoteRTCP), tt.rtcp)
			equal(t, "mux", a.Mux, tt.mux)
			_, mux := attr(parsed(t, b).Media[0].Attrs, "rtcp-mux")
			equal(t, "mux answered", mux, tt.mux)
		})
	}
}

func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func TestAudioWithoutAddress(t *testing.T) {
	_, err := NewNegotiator(1).ReceiveOffer([]byte("v=0\no=- 1 1 IN IP4 198.51.100.7\nm=audio 4000 RTP/AVP 0\n"))
	var parse *ParseError
	if !errors.As(err, &parse) || parse.Line != 3 {
		t.Errorf("got %v, want a *ParseError about line 3", err)
	}
}

func TestOfferMux(t *testing.T) {
	for _, tt := range []struct {
		name       string
		near       Local
		answer     []byte
		mux        bool
		remoteRTCP string
	}{
		{"accepted", near(offerMux), body("m=audio 4000 RTP/AVP 0", "a=rtcp-mux"), true, "198.51.100.7:4000"},
		{"not accepted", near(offerMux), body("m=audio 4000 RTP/AVP 0", "a=rtcp:4009"), false, "198.51.100.7:4009"},
		{"not offered", near(), body("m=audio 4000 RTP/AVP 0", "a=rtcp-mux"), false, "198.51.100.7:4001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := NewNegotiator(1)
			offerOn(t, n, tt.near)
			a := receiveAnswer(t, n, tt.answer)
			equal(t, "mux", a.Mux, tt.mux)
			equal(t, "RTCP", a.RemoteRTCP.String(), tt.remoteRTCP)
		})
	}
}

func TestOwnPortsAndAddress(t *testing.T) {
	rtcp := func(l Local) string {
		s := offerOn(t, NewNegotiator(1), l)
		v, _ := attr(s.Media[0].Attrs, "rtcp")
		return v
	}
	equal(t, "the next port", rtcp(near()), "")
	equal(t, "not set", rtcp(near(func(l *Local) { l.RTCP = 0 })), "")
	equal(t, "another", rtcp(near(func(l *Local) { l.RTCP = 30005 })), "30005")

	n := NewNegotiator(1)
	s := offerOn(t, n, near(func(l *Local) { l.Addr = netip.MustParseAddr("::ffff:192.0.2.9") }))
	equal(t, "IPv4 in IPv6", s.Host, "192.0.2.9")
	n.Rollback()
	s = offerOn(t, n, near(func(l *Local) { l.Addr = netip.MustParseAddr("fe80::1%eth0") }))
	equal(t, "address may change", s.Host, "fe80::1")
	equal(t, "o= stays", s.Origin.Host, "192.0.2.9")
}

func TestLocalThatCannotBeWritten(t *testing.T) {
	for name, change := range map[string]func(*Local){
		"no address":          func(l *Local) { l.Addr = netip.Addr{} },
		"unspecified address": func(l *Local) { l.Addr = netip.IPv4Unspecified() },
		"no port":             func(l *Local) { l.RTP = 0 },
		"no formats":          formats(),
		"no audio":            formats(codec.DTMF, codec.CN),
		"line end in a name":  formats(codec.PCMU, codec.Format{Name: "X\r\na=y", Clock: 8000}),
		"line end in fmtp":    formats(with(codec.Opus, "a=1\r\na=inactive")),
		"no clock":            formats(codec.Format{Name: "X"}),
	} {
		t.Run(name, func(t *testing.T) {
			n := NewNegotiator(1)
			if b, err := n.CreateOffer(near(change)); err == nil {
				t.Errorf("offered\n%s", b)
			}
			equal(t, "pending", n.Pending(), PendingNone)
			if _, err := n.ReceiveOffer(body("m=audio 4000 RTP/AVP 0")); err != nil {
				t.Fatal(err)
			}
			if b, _, err := n.CreateAnswer(near(change)); err == nil {
				t.Errorf("answered\n%s", b)
			}
			equal(t, "pending", n.Pending(), PendingReceived)
		})
	}
}

func TestPtime(t *testing.T) {
	tests := []struct {
		name        string
		attrs       []string
		near        int
		ptime, most int
		answered    string
	}{
		{"nobody says", nil, 0, 20, 0, ""},
		{"they ask", []string{"a=ptime:30"}, 0, 30, 0, "30"},
		{"we ask", nil, 40, 20, 0, "40"},
		{"both ask", []string{"a=ptime:30"}, 40, 30, 0, "40"},
		{"limit", []string{"a=ptime:60", "a=maxptime:40"}, 0, 40, 40, "60"},
		{"limit below the usual", []string{"a=maxptime:10"}, 0, 10, 10, ""},
		{"limit above the usual", []string{"a=maxptime:150"}, 0, 20, 150, ""},
		{"nonsense", []string{"a=ptime:20.5", "a=maxptime:0"}, 0, 20, 0, ""},
		{"far too long", []string{"a=ptime:100000"}, 0, 20, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			offer := body(append([]string{"m=audio 4000 RTP/AVP 0"}, tt.attrs...)...)
			_, s, a := answeredOffer(t, offer, near(func(l *Local) { l.Ptime = tt.near }))
			equal(t, "ptime", a.Ptime, tt.ptime)
			equal(t, "maxptime", a.MaxPtime, tt.most)
			v, _ := attr(s.Media[0].Attrs, "ptime")
			equal(t, "answered", v, tt.answered)
		})
	}
	t.Run("for the whole session", func(t *testing.T) {
		_, _, a := answeredOffer(t, body("a=ptime:30", "m=audio 4000 RTP/AVP 0"), near())
		equal(t, "ptime", a.Ptime, 30)
	})
}
