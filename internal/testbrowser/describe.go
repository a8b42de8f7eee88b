package testbrowser

import (
	"fmt"
	"strings"
)

// description is what matters of the far side's.
type description struct {
	ufrag, pwd, fingerprint, setup string
	controls                       bool // it chooses the path (RFC 8445 §6.1.1)
	candidates                     []string
}

// Formats are what a browser has, as a Chromium names it.
const Formats = "111 0 8 126 110"

const rtpmaps = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n" +
	"a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n"

// Offer is an offer of audio.
func (b *Browser) Offer(direction string) string {
	b.tb.Helper()
	setup := b.Setup
	if setup == "" {
		setup = "actpass"
	}
	return b.describe(direction, setup, Formats)
}

// Restart is an offer with other ICE credentials, as after a change of the network.
func (b *Browser) Restart(direction string) string {
	b.tb.Helper()
	if err := b.agent.Restart("", ""); err != nil {
		b.tb.Fatal(err)
	}
	b.gather()
	return b.Offer(direction)
}

// Take takes the answer to an offer, and connects.
func (b *Browser) Take(answer string) {
	b.tb.Helper()
	b.connect(b.parse(answer))
}

// Answer answers an offer, and connects.
func (b *Browser) Answer(offer, direction, formats string) string {
	b.tb.Helper()
	d := b.parse(offer)
	if d.setup != "actpass" {
		b.tb.Fatalf("an offer with setup:%s", d.setup)
	}
	setup := b.Setup
	if setup == "" {
		setup = "active"
	}
	d.controls = !strings.Contains(offer, "a=ice-lite")
	d.setup = map[string]string{"active": "passive", "passive": "active"}[setup]
	text := b.describe(direction, setup, formats)
	b.connect(d)
	return text
}

// Again answers an offer that changes no more than the direction.
func (b *Browser) Again(offer, direction, setup string) string {
	b.tb.Helper()
	if d := b.parse(offer); d.setup != "actpass" {
		b.tb.Fatalf("an offer with setup:%s", d.setup)
	}
	return b.describe(direction, setup, Formats)
}

func (b *Browser) describe(direction, setup, formats string) string {
	b.tb.Helper()
	ufrag, pwd, err := b.agent.GetLocalUserCredentials()
	if err != nil {
		b.tb.Fatal(err)
	}
	candidates, err := b.agent.GetLocalCandidates()
	if err != nil {
		b.tb.Fatal(err)
	}
	b.version++
	var s strings.Builder
	fmt.Fprintf(&s, "v=0\r\no=- 4611731400430051336 %d IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n", b.version)
	fmt.Fprintf(&s, "m=audio 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n", formats)
	for _, c := range candidates {
		fmt.Fprintf(&s, "a=candidate:%s\r\n", c.Marshal())
	}
	fmt.Fprintf(&s, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:%s\r\na=mid:0\r\n", ufrag, pwd, strings.ToUpper(b.print), setup)
	fmt.Fprintf(&s, "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=%s\r\na=rtcp-mux\r\n%s", direction, rtpmaps)
	return s.String()
}

// parse reads a description of the far side.
func (b *Browser) parse(text string) description {
	b.tb.Helper()
	var d description
	mux := false
	for line := range strings.SplitSeq(text, "\r\n") {
		key, value, _ := strings.Cut(strings.TrimPrefix(line, "a="), ":")
		switch key {
		case "ice-ufrag":
			d.ufrag = value
		case "ice-pwd":
			d.pwd = value
		case "fingerprint":
			d.fingerprint = strings.TrimPrefix(value, "sha-256 ")
		case "setup":
			d.setup = value
		case "candidate":
			d.candidates = append(d.candidates, value)
		case "rtcp-mux":
			mux = true
		}
	}
	if d.ufrag == "" || d.pwd == "" || d.fingerprint == "" || d.setup == "" || len(d.candidates) == 0 || !mux || !strings.Contains(text, "a=end-of-candidates") {
		b.tb.Fatalf("a browser refuses this:\n%s", text)
	}
	return d
}
