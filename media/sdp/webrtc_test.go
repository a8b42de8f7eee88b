package sdp

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

// ice is what our side says of ICE and DTLS.
func ice(ufrag string) *WebRTC {
	return &WebRTC{
		Ufrag: ufrag, Pwd: "ourpasswordof24characters",
		Candidates:  []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:8444"), netip.MustParseAddrPort("[2001:db8::1]:8444")},
		Fingerprint: NewFingerprint("sha-256", bytes.Repeat([]byte{0xab}, 32)),
		SSRC:        4242, CNAME: "us",
	}
}

func browser(w *WebRTC) func(*Local) { return func(l *Local) { l.WebRTC = w } }

// recorded is an offer of a real browser, changed.
func recorded(t *testing.T, name string, pairs ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(phones, name+".sdp"))
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("%s has no %q", name, pairs[i])
		}
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return []byte(s)
}

func receive(t *testing.T, n *Negotiator, body []byte) Remote {
	t.Helper()
	r, err := n.ReceiveOffer(body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func answer(t *testing.T, n *Negotiator, l Local) (string, Agreed) {
	t.Helper()
	b, a, err := n.CreateAnswer(l)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), a
}

func TestBrowserIsAnsweredInItsOwnWords(t *testing.T) {
	for _, name := range []string{"chrome", "chromium-audio", "chromium-video", "firefox", "firefox-video", "safari"} {
		t.Run(name, func(t *testing.T) {
			n := NewNegotiator(1)
			r := receive(t, n, recorded(t, name))
			if r.WebRTC == nil || r.WebRTC.Restart || len(r.WebRTC.Fingerprints) != 1 || r.Direction != media.SendRecv {
				t.Fatalf("offer read as %+v", r)
			}
			text, a := answer(t, n, near(browser(ice("ours")), formats(codec.Opus, codec.PCMU, codec.CN, codec.DTMF)))
			if a.WebRTC == nil || a.WebRTC.Client || !a.Mux || a.Crypto != nil || a.Levels.ID != 1 {
				t.Errorf("agreed %+v", a)
			}
			if slices.ContainsFunc(a.Recv, func(f codec.Format) bool { return f.Name == codec.CN.Name }) {
				t.Error("comfort noise was taken up")
			}
			for _, line := range []string{
				"a=group:BUNDLE 0\r\n", "a=ice-lite\r\n", "m=audio 30000 UDP/TLS/RTP/SAVPF", "a=setup:passive\r\n", "a=rtcp-mux\r\n",
				"a=candidate:1 1 udp 2130706431 192.0.2.1 8444 typ host\r\n", "a=end-of-candidates\r\n", "a=ssrc:4242 cname:us\r\n", "a=sendrecv\r\n",
			} {
				if strings.Count(text, line) != 1 {
					t.Errorf("%q is not in the answer once:\n%s", line, text)
				}
			}
			if strings.Contains(string(recorded(t, name)), "m=video") && !strings.Contains(text, "m=video 0 UDP/TLS/RTP/SAVPF") {
				t.Errorf("video is not refused:\n%s", text)
			}
		})
	}
}

// The directions of a hold are mirrored, whichever way it is asked for.
func TestBrowserHoldsAndResumes(t *testing.T) {
	n := NewNegotiator(1)
	l := near(browser(ice("ours")))
	receive(t, n, recorded(t, "chromium-audio"))
	answer(t, n, l)
	for i, c := range []struct{ offer, answer string }{
		{"sendonly", "recvonly"}, {"sendrecv", "sendrecv"}, {"inactive", "inactive"}, {"sendrecv", "sendrecv"}, {"recvonly", "sendonly"},
	} {
		r := receive(t, n, recorded(t, "chromium-audio", "a=sendrecv", "a="+c.offer, "73173 2 IN", fmt.Sprintf("73173 %d IN", 3+i)))
		if r.WebRTC.Restart {
			t.Errorf("%s counts as a restart of ICE", c.offer)
		}
		text, a := answer(t, n, l)
		if !strings.Contains(text, "a="+c.answer+"\r\n") || a.Direction.String() != c.answer {
			t.Errorf("%s is answered %v:\n%s", c.offer, a.Direction, text)
		}
		if !strings.Contains(text, "a=msid") || !strings.Contains(text, "a=ssrc") {
			t.Errorf("%s: the track is not named any more:\n%s", c.answer, text)
		}
	}
}

func TestBrowserRestartsICE(t *testing.T) {
	n := NewNegotiator(1)
	receive(t, n, recorded(t, "chromium-audio"))
	answer(t, n, near(browser(ice("ours"))))
	r := receive(t, n, recorded(t, "chromium-audio", "a=ice-ufrag:6/Iy", "a=ice-ufrag:new1"))
	if !r.WebRTC.Restart || r.WebRTC.Ufrag != "new1" {
		t.Fatalf("read as %+v", r.WebRTC)
	}
	if text, _ := answer(t, n, near(browser(ice("ours2")))); !strings.Contains(text, "a=ice-ufrag:ours2\r\n") {
		t.Errorf("answer\n%s", text)
	}
	if r := receive(t, n, recorded(t, "chromium-audio", "a=ice-ufrag:6/Iy", "a=ice-ufrag:new1")); r.WebRTC.Restart {
		t.Error("the same offer again counts as another restart")
	}
}

func TestOfferToBrowser(t *testing.T) {
	n := NewNegotiator(1)
	l := near(browser(ice("ours")), formats(codec.Opus, codec.PCMU, codec.DTMF))
	b, err := n.CreateOffer(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"m=audio 30000 UDP/TLS/RTP/SAVPF 111 0 96\r\n", "a=mid:0\r\n", "a=group:BUNDLE 0\r\n", "a=setup:actpass\r\n", "a=rtcp-mux\r\n", "telephone-event/48000"} {
		if !strings.Contains(string(b), line) {
			t.Errorf("offer without %q:\n%s", line, b)
		}
	}
	far := recorded(t, "chromium-audio", "actpass", "active")
	a, err := n.ReceiveAnswer(far)
	if err != nil || a.WebRTC == nil || a.WebRTC.Client || !a.Mux || a.WebRTC.Ufrag != "6/Iy" {
		t.Fatalf("agreed %+v, %v", a, err)
	}
	again, err := n.CreateOffer(l)
	if err != nil || !strings.Contains(string(again), "a=mid:0\r\n") || !strings.Contains(string(again), "a=setup:actpass\r\n") {
		t.Errorf("the next offer: %v\n%s", err, again)
	}
}

// Who opened the association keeps doing so as long as it lasts.
func TestDTLSRoleIsKept(t *testing.T) {
	n := NewNegotiator(1)
	l := near(browser(ice("ours")))
	receive(t, n, recorded(t, "chromium-audio", "actpass", "passive"))
	if text, a := answer(t, n, l); !a.WebRTC.Client || !strings.Contains(text, "a=setup:active\r\n") {
		t.Fatalf("agreed %+v", a.WebRTC)
	}
	receive(t, n, recorded(t, "chromium-audio", "73173 2 IN", "73173 3 IN"))
	if _, a := answer(t, n, l); !a.WebRTC.Client {
		t.Error("the role changed")
	}
	receive(t, n, recorded(t, "chromium-audio", "sha-256 42:47", "sha-256 00:00"))
	if _, a := answer(t, n, l); a.WebRTC.Client {
		t.Error("a new association did not start over")
	}
}

func TestBrowserIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		pairs   []string
		local   *WebRTC
		receive bool // refused when the offer is read
		err     error
	}{
		{name: "without a fingerprint", pairs: []string{"a=fingerprint:sha-256", "a=x"}, receive: true, err: ErrNoAudio},
		{name: "with a broken hash", pairs: []string{"sha-256", "sha-1"}, receive: true, err: ErrNoAudio},
		{name: "without rtcp-mux", pairs: []string{"a=rtcp-mux", "a=x"}, receive: true, err: ErrNoAudio},
		{name: "without credentials", pairs: []string{"a=ice-pwd:", "a=x:"}, receive: true, err: ErrNoAudio},
		{name: "with credentials that forge lines", pairs: []string{"ufrag:6/Iy", "ufrag:6/Iy bad"}, receive: true, err: ErrNoAudio},
		{name: "where there is no WebRTC", err: ErrNoWebRTC},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := NewNegotiator(1)
			_, err := n.ReceiveOffer(recorded(t, "chromium-audio", c.pairs...))
			if !c.receive && err == nil {
				_, _, err = n.CreateAnswer(near(browser(c.local)))
			}
			if !errors.Is(err, c.err) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestBrowserAudioIsNotGivenUp(t *testing.T) {
	n := NewNegotiator(1)
	receive(t, n, recorded(t, "chromium-audio"))
	l := near(browser(ice("ours")))
	answer(t, n, l)
	if _, err := n.CreateOffer(near()); !errors.Is(err, ErrDowngrade) {
		t.Errorf("an offer in clear: %v", err)
	}
	receive(t, n, recorded(t, "linphone"))
	if _, _, err := n.CreateAnswer(l); !errors.Is(err, ErrDowngrade) {
		t.Errorf("an answer in clear: %v", err)
	}
}

// The m-line that names the bundle may speak for the others.
func TestBundleSpeaksForAudio(t *testing.T) {
	text := string(recorded(t, "chromium-video"))
	head, rest, _ := strings.Cut(text, "m=audio")
	audio, video, _ := strings.Cut(rest, "m=video")
	var short []string
	for line := range strings.Lines("m=audio" + audio) {
		if !strings.HasPrefix(line, "a=ice-") && !strings.HasPrefix(line, "a=fingerprint") && !strings.HasPrefix(line, "a=setup") {
			short = append(short, line)
		}
	}
	audio = strings.Replace(strings.Join(short, ""), "m=audio 50649", "m=audio 0", 1) + "a=bundle-only\n"
	n := NewNegotiator(1)
	r := receive(t, n, []byte(strings.Replace(head, "BUNDLE 0 1", "BUNDLE 1 0", 1)+"m=video"+video+audio))
	if r.Disabled || r.WebRTC == nil || r.WebRTC.Ufrag != "Sqyr" {
		t.Fatalf("read as %+v", r)
	}
	if got, _ := answer(t, n, near(browser(ice("ours")))); !strings.Contains(got, "a=group:BUNDLE 0\r\n") {
		t.Errorf("answer\n%s", got)
	}
}

// Over TCP we are found at the same addresses, after all of UDP.
func TestCandidatesOverTCP(t *testing.T) {
	n := NewNegotiator(1)
	receive(t, n, recorded(t, "chromium-audio"))
	w := ice("ours")
	w.TCP = true
	text, _ := answer(t, n, near(browser(w)))
	if !strings.Contains(text, "a=candidate:3 1 tcp 2120220671 192.0.2.1 8444 typ host tcptype passive\r\n") {
		t.Errorf("answer\n%s", text)
	}
}

// An answer bundles nothing that the offer does not (RFC 9143 §7.3).
func TestBundleIsTheOffers(t *testing.T) {
	for name, c := range map[string]struct{ group, want string }{
		"none":          {"a=x:BUNDLE 0", ""},
		"of others":     {"a=group:BUNDLE 7 8", ""},
		"its own":       {"a=group:BUNDLE 0", "a=group:BUNDLE 0\r\n"},
		"after another": {"a=group:LS 0\r\na=group:BUNDLE 7 0", "a=group:BUNDLE 0\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			n := NewNegotiator(1)
			receive(t, n, recorded(t, "chromium-audio", "a=group:BUNDLE 0", c.group))
			text, _ := answer(t, n, near(browser(ice("ours"))))
			if strings.Contains(text, "a=group") != (c.want != "") || !strings.Contains(text, c.want) {
				t.Errorf("answer\n%s", text)
			}
		})
	}
}
