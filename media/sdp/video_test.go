package sdp

import (
	"slices"
	"strings"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

// showing adds video to what the PBX is ready to do.
func showing(d media.Direction, formats ...codec.Format) func(*Local) {
	if len(formats) == 0 {
		formats = VideoFormats()
	}
	return func(l *Local) {
		l.Video = &LocalVideo{RTP: 30002, RTCP: 30003, Formats: formats, Direction: d, SSRC: 777}
	}
}

func inBrowser(l *Local) { l.WebRTC = ice("ours") }

// values are those of the attributes of m with a key.
func values(m *Media, key string) (out []string) {
	for _, a := range m.Attrs {
		if a.Key == key {
			out = append(out, a.Value)
		}
	}
	return out
}

// A browser that offers video gets it in the bundle of its audio, in the formats that the
// other party has, without retransmission formats, or header extensions
// but one.
func TestVideoOfABrowserIsAnswered(t *testing.T) {
	n := NewNegotiator(1)
	r, err := n.ReceiveOffer(recorded(t, "chromium-video"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "offered", names(r.Video.Formats), "VP8/90000=96 H264/90000=108")
	equal(t, "direction", r.Video.Direction, media.SendRecv)
	phone := codec.Format{Name: "H264", PT: 99, Clock: 90000, Fmtp: "profile-level-id=428014; packetization-mode=1"}
	b, a, err := n.CreateAnswer(near(inBrowser, showing(media.RecvOnly, phone, VideoFormats()[0])))
	if err != nil {
		t.Fatal(err)
	}
	s := parsed(t, b)
	equalLines(t, s, "audio 30000 UDP/TLS/RTP/SAVPF 0 8 126", "video 30000 UDP/TLS/RTP/SAVPF 108 96")
	video := &s.Media[1]
	if want := []string{"108 packetization-mode=1;profile-level-id=42e014"}; !slices.Equal(values(video, "fmtp"), want) {
		t.Errorf("fmtp %q, want %q", values(video, "fmtp"), want)
	}
	fb := []string{"108 goog-remb", "108 ccm fir", "108 nack", "108 nack pli", "96 goog-remb", "96 ccm fir", "96 nack", "96 nack pli"}
	if got := values(video, "rtcp-fb"); !slices.Equal(got, fb) {
		t.Errorf("feedback %q", got)
	}
	if got := values(video, "extmap"); !slices.Equal(got, []string{"2 " + sendTimeURI}) || a.Video.SendTime != 2 {
		t.Errorf("extensions %q", got)
	}
	if !slices.Equal(values(video, "mid"), []string{"1"}) || !slices.Contains(s.Attrs, Attr{"group", "BUNDLE 0 1"}) {
		t.Errorf("%s", b)
	}
	equal(t, "agreed", a.Video.Direction, media.RecvOnly)
	equal(t, "feedback", a.Video.Feedback, Feedback{true, true, true, true})
	equal(t, "sent", names(a.Video.Send), "H264/90000=108 VP8/90000=96")
}

// What cannot be passed on gets port 0; the audio does not suffer.
func TestVideoThatIsRefused(t *testing.T) {
	h264 := func(fmtp string) []string {
		return []string{"m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000", "a=fmtp:99 " + fmtp}
	}
	for name, c := range map[string]struct {
		lines  []string
		change func(*Local)
	}{
		"H.264 in another packetization mode": {lines: h264("profile-level-id=42e01f;packetization-mode=0")},
		"H.264 that says nothing of its mode": {lines: h264("profile-level-id=42e01f")},
		"H.264 of the high profile":           {lines: h264("profile-level-id=64001f;packetization-mode=1")},
		"H.264 of no profile at all":          {lines: h264("profile-level-id=junk;packetization-mode=1")},
		"H.263":                               {lines: []string{"m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 34"}},
		"no video here":                       {lines: h264("packetization-mode=1"), change: func(l *Local) { l.Video = nil }},
		"only VP8 here":                       {lines: h264("packetization-mode=1"), change: showing(media.SendRecv, VideoFormats()[0])},
		"video encrypted, audio in clear":     {lines: append([]string{"m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/SAVP 96", "a=rtpmap:96 VP8/90000"}, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+strings.Repeat("A", 40))},
	} {
		t.Run(name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*Local) {}
			}
			_, s, a := answeredOffer(t, body(c.lines...), near(showing(media.SendRecv), change))
			if a.Video != nil || s.Media[1].Port != 0 || s.Media[0].Port != 30000 {
				t.Errorf("agreed %+v: %q", a.Video, lines(s))
			}
		})
	}
}

// The level of H.264 is that of who receives, unless one of them wants the same both ways.
func TestLevelsOfH264(t *testing.T) {
	for _, c := range []struct{ offered, wanted, want string }{
		{"profile-level-id=42801f;packetization-mode=1", "profile-level-id=42e00d;packetization-mode=1", "packetization-mode=1;profile-level-id=42800d"},
		{"profile-level-id=42e00d;packetization-mode=1", "profile-level-id=42e01f;packetization-mode=1", "packetization-mode=1;profile-level-id=42e00d"},
		{
			"profile-level-id=42E00D;packetization-mode=1;level-asymmetry-allowed=1", "level-asymmetry-allowed=1;profile-level-id=42001f;packetization-mode=1;max-mbps=7",
			"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f;max-mbps=7",
		},
	} {
		f := codec.Format{Name: "H264", PT: 120, Clock: 90000, Channels: 1, Fmtp: c.wanted}
		_, _, a := answeredOffer(t, body("m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000", "a=fmtp:99 "+c.offered), near(showing(media.SendRecv, f)))
		if a.Video == nil {
			t.Fatalf("%s was refused", c.offered)
		}
		equal(t, c.offered, a.Video.Recv[0].Fmtp, c.want)
	}
}

// What goes beyond the level is passed on, but no more of it than there is.
func TestLimitsOfH264AreBounded(t *testing.T) {
	long := "packetization-mode=1;" + strings.Repeat("max-fs=3600;", 5000)
	f := codec.Format{Name: "H264", PT: 120, Clock: 90000, Channels: 1, Fmtp: "packetization-mode=1"}
	r, err := NewNegotiator(1).ReceiveOffer(body("m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000", "a=fmtp:99 "+long))
	if err != nil {
		t.Fatal(err)
	}
	l := near(showing(media.SendRecv, r.Video.Formats...))
	if s := offerOn(t, NewNegotiator(2), l); len(values(&s.Media[1], "fmtp")[0]) > 300 {
		t.Errorf("passed on %d bytes", len(values(&s.Media[1], "fmtp")[0]))
	}
	_, _, a := answeredOffer(t, body("m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000", "a=fmtp:99 "+f.Fmtp), l)
	if len(a.Video.Recv[0].Fmtp) > 300 || !strings.Contains(a.Video.Recv[0].Fmtp, ";max-fs=3600") {
		t.Errorf("answered %d bytes", len(a.Video.Recv[0].Fmtp))
	}
}

// A far side that puts its lines in another order does not lose its audio to our video.
func TestVideoWhereAudioIsNow(t *testing.T) {
	n, _, _ := answeredOffer(t, body("m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 99", "a=rtpmap:99 VP8/90000"), near(showing(media.SendRecv)))
	answerOn(t, n, body("m=video 0 RTP/AVP 99", "m=audio 4000 RTP/AVP 0"), near(showing(media.SendRecv)))
	equalLines(t, offerOn(t, n, near(showing(media.SendRecv))), "video 30002 RTP/AVP 99 108", "audio 30000 RTP/AVP 0 8 101")
}

// A phone with ports of its own for video, in clear and with keys for it alone.
func TestVideoOfADeskPhone(t *testing.T) {
	for _, crypto := range []bool{false, true} {
		one, two := NewNegotiator(1), NewNegotiator(2)
		l := near(showing(media.SendRecv))
		l.OfferCrypto = crypto
		s := offerOn(t, one, l)
		proto := "RTP/AVP"
		if crypto {
			proto = "RTP/SAVP"
		}
		equalLines(t, s, "audio 30000 "+proto+" 0 8 101", "video 30002 "+proto+" 96 108")
		answer, b := answerOn(t, two, s.Bytes(), near(showing(media.RecvOnly, VideoFormats()[1])))
		a := receiveAnswer(t, one, answer.Bytes())
		equal(t, "sent", names(a.Video.Send), "H264/90000=108")
		equal(t, "direction", a.Video.Direction, media.SendOnly)
		equal(t, "where to", b.Video.RemoteRTP.String()+" "+b.Video.RemoteRTCP.String(), "192.0.2.1:30002 192.0.2.1:30003")
		if (a.Video.Crypto != nil) != crypto || crypto && string(a.Video.Crypto.LocalKey) != string(b.Video.Crypto.RemoteKey) {
			t.Errorf("keys %v and %v", a.Video.Crypto, b.Video.Crypto)
		}
		if crypto && string(a.Video.Crypto.LocalKey) == string(a.Crypto.LocalKey) {
			t.Error("audio and video share a key")
		}
		again := offerOn(t, one, l) // the same keys hold
		_, c := answerOn(t, two, again.Bytes(), near(showing(media.SendRecv)))
		a2 := receiveAnswer(t, one, two.sent)
		if crypto && (string(c.Video.Crypto.RemoteKey) != string(b.Video.Crypto.RemoteKey) || string(a2.Video.Crypto.RemoteKey) != string(a.Video.Crypto.RemoteKey)) {
			t.Error("the keys changed")
		}
	}
}

// Video is added to a call and taken out by either side. A line that was refused comes back
// in its place, with another name.
func TestVideoComesAndGoes(t *testing.T) {
	n := NewNegotiator(1)
	ours := func(d ...media.Direction) Local {
		l := near(inBrowser)
		for _, d := range d {
			showing(d)(&l)
		}
		return l
	}
	far := NewNegotiator(2)
	theirs := func(d ...media.Direction) Local { l := ours(d...); l.WebRTC = ice("them"); return l }

	s := offerOn(t, n, ours())
	answer, _ := answerOn(t, far, s.Bytes(), theirs())
	receiveAnswer(t, n, answer.Bytes())

	s = offerOn(t, n, ours(media.SendRecv))
	equalLines(t, s, "audio 30000 UDP/TLS/RTP/SAVPF 0 8 101", "video 30000 UDP/TLS/RTP/SAVPF 96 108")
	first := s.Media[1].mid()
	if values(&s.Media[1], "msid")[0] != "dialtone video" || values(&s.Media[1], "ssrc")[0] != "777 cname:us" {
		t.Errorf("%s", s.Bytes())
	}
	answer, _ = answerOn(t, far, s.Bytes(), theirs()) // refused
	equalLines(t, answer, "audio 30000 UDP/TLS/RTP/SAVPF 0 8 101", "video 0 UDP/TLS/RTP/SAVPF 96 108")
	if a := receiveAnswer(t, n, answer.Bytes()); a.Video != nil {
		t.Fatalf("agreed %+v", a.Video)
	}

	s = offerOn(t, n, ours())
	equalLines(t, s, "audio 30000 UDP/TLS/RTP/SAVPF 0 8 101", "video 0 UDP/TLS/RTP/SAVPF 96 108")
	answer, _ = answerOn(t, far, s.Bytes(), theirs(media.SendRecv))
	receiveAnswer(t, n, answer.Bytes())

	s = offerOn(t, n, ours(media.SendRecv))
	second := s.Media[1].mid()
	if len(s.Media) != 2 || second == first || second == s.Media[0].mid() {
		t.Errorf("names %q, then %q: %q", first, second, lines(s))
	}
	answer, _ = answerOn(t, far, s.Bytes(), theirs(media.SendRecv))
	a := receiveAnswer(t, n, answer.Bytes())
	equal(t, "direction", a.Video.Direction, media.SendRecv)

	s = offerOn(t, n, ours(media.Inactive))
	equal(t, "name", s.Media[1].mid(), second)
	answer, b := answerOn(t, far, s.Bytes(), theirs(media.SendRecv))
	receiveAnswer(t, n, answer.Bytes())
	equal(t, "direction", b.Video.Direction, media.Inactive)
}

// Only a line in the bundle of the audio is taken: there is one way to a browser.
func TestVideoOutsideTheBundleIsRefused(t *testing.T) {
	offer := recorded(t, "chromium-video", "BUNDLE 0 1", "BUNDLE 0")
	_, s, a := answeredOffer(t, offer, near(inBrowser, showing(media.SendRecv)))
	if a.Video != nil || s.Media[1].Port != 0 {
		t.Errorf("agreed %+v", a.Video)
	}
}
