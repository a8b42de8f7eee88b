package sdp

import (
	"errors"
	"strings"
	"testing"

	"dialtone/media/codec"
)

var (
	events48 = codec.Format{Name: "TELEPHONE-EVENT", PT: 102, Clock: 48000, Channels: 1, Fmtp: "0-16"}
	speex    = codec.Format{Name: "SPEEX", PT: 97, Clock: 16000, Channels: 1}
)

func TestOfferedFormats(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"static without rtpmap", []string{"m=audio 1 RTP/AVP 0 3 8 9 18 13"}, "PCMU/8000=0 GSM/8000=3 PCMA/8000=8 G722/8000=9 G729/8000=18 CN/8000=13"},
		{"lower case", []string{"m=audio 1 RTP/AVP 0", "a=rtpmap:0 pcmu/8000/1"}, "PCMU/8000=0"},
		{"dynamic", []string{"m=audio 1 RTP/AVP 96 0", "a=rtpmap:96 opus/48000/2"}, "OPUS/48000/2=96 PCMU/8000=0"},
		{"dynamic without rtpmap", []string{"m=audio 1 RTP/AVP 96 0"}, "PCMU/8000=0"},
		{"two rtpmaps", []string{"m=audio 1 RTP/AVP 96", "a=rtpmap:96 opus/48000/2", "a=rtpmap:96 speex/8000"}, "OPUS/48000/2=96"},
		{"static with a meaning of its own", []string{"m=audio 1 RTP/AVP 0", "a=rtpmap:0 L16/44100/2"}, "L16/44100/2=0"},
		{"unknown static", []string{"m=audio 1 RTP/AVP 4 0"}, "PCMU/8000=0"},
		{"twice the same", []string{"m=audio 1 RTP/AVP 0 0 8"}, "PCMU/8000=0 PCMA/8000=8"},
		{"no number, number too high", []string{"m=audio 1 RTP/AVP x 128 300 8"}, "PCMA/8000=8"},
		{"broken rtpmap", []string{"m=audio 1 RTP/AVP 96 97 98 99 8", "a=rtpmap:96 OPUS", "a=rtpmap:97 a b/8000", "a=rtpmap:98 X/0", "a=rtpmap:99 X/8000/0x"}, "PCMA/8000=8"},
		{"Opus without channels", []string{"m=audio 1 RTP/AVP 96", "a=rtpmap:96 opus/48000"}, "OPUS/48000/2=96"},
		{"G.722 with its sampling rate", []string{"m=audio 1 RTP/AVP 9", "a=rtpmap:9 G722/16000"}, "G722/8000=9"},
		{"G.729 Annex A", []string{"m=audio 1 RTP/AVP 18", "a=rtpmap:18 G729a/8000"}, "G729/8000=18"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := NewNegotiator(1).ReceiveOffer(body(tt.lines...))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "formats", names(r.Formats), tt.want)
		})
	}
}

func TestAnswerFormats(t *testing.T) {
	const pcm = "m=audio 1 RTP/AVP 0 8 101"
	const event = "a=rtpmap:101 telephone-event/8000"
	tests := []struct {
		name  string
		offer []string
		near  Local
		send  string
	}{
		{"our order decides", []string{pcm}, near(formats(codec.PCMA, codec.PCMU)), "PCMA/8000=8 PCMU/8000=0"},
		{"the offerer's when asked", []string{pcm}, near(formats(codec.PCMA, codec.PCMU), func(l *Local) { l.FollowOffer = true }), "PCMU/8000=0 PCMA/8000=8"},
		{"only what both have", []string{pcm}, near(formats(codec.Opus, codec.PCMA)), "PCMA/8000=8"},
		{"events", []string{pcm, event}, near(), "PCMU/8000=0 PCMA/8000=8 TELEPHONE-EVENT/8000=101"},
		{"events not wanted", []string{pcm, event}, near(formats(codec.PCMU)), "PCMU/8000=0"},
		{"events on other payload types", []string{"m=audio 1 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000"}, near(), "PCMU/8000=0 TELEPHONE-EVENT/8000=96"},
		{
			"events at the clock of the chosen format",
			[]string{"m=audio 1 RTP/AVP 111 0 101 110", "a=rtpmap:111 opus/48000/2", event, "a=rtpmap:110 telephone-event/48000"},
			near(formats(codec.Opus, codec.DTMF)), "OPUS/48000/2=111 TELEPHONE-EVENT/48000=110",
		},
		{
			"events at every clock that may be used",
			[]string{"m=audio 1 RTP/AVP 0 111 101 110", "a=rtpmap:111 opus/48000/2", event, "a=rtpmap:110 telephone-event/48000"},
			near(formats(codec.Opus, codec.PCMU, codec.DTMF)), "OPUS/48000/2=111 PCMU/8000=0 TELEPHONE-EVENT/48000=110 TELEPHONE-EVENT/8000=101",
		},
		{
			"events at another clock when there are no others",
			[]string{"m=audio 1 RTP/AVP 111 101", "a=rtpmap:111 opus/48000/2", event},
			near(formats(codec.Opus, codec.DTMF)), "OPUS/48000/2=111 TELEPHONE-EVENT/8000=101",
		},
		{"comfort noise when both have it", []string{"m=audio 1 RTP/AVP 0 13"}, near(formats(codec.PCMU, codec.CN)), "PCMU/8000=0 CN/8000=13"},
		{"no comfort noise when we have none", []string{"m=audio 1 RTP/AVP 0 13"}, near(), "PCMU/8000=0"},
		{
			"no comfort noise at a clock that is not used",
			[]string{"m=audio 1 RTP/AVP 111 13", "a=rtpmap:111 opus/48000/2"},
			near(formats(codec.Opus, codec.CN)), "OPUS/48000/2=111",
		},
		{"a codec we cannot decode", []string{"m=audio 1 RTP/AVP 99", "a=rtpmap:99 speex/16000"}, near(formats(speex)), "SPEEX/16000=99"},
		{"the first of two that are alike", []string{"m=audio 1 RTP/AVP 98 99", "a=rtpmap:99 speex/16000", "a=rtpmap:98 speex/16000"}, near(formats(speex)), "SPEEX/16000=98"},
		{
			"the variant with our parameters",
			[]string{"m=audio 1 RTP/AVP 96 97", "a=rtpmap:96 AMR/8000", "a=rtpmap:97 AMR/8000", "a=fmtp:97 octet-align=1"},
			near(formats(codec.Format{Name: "AMR", Clock: 8000, Channels: 1, Fmtp: "octet-align=1"})), "AMR/8000=97",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, a := answeredOffer(t, body(tt.offer...), tt.near)
			equal(t, "send", names(a.Send), tt.send)
			equal(t, "receive", names(a.Recv), tt.send)
		})
	}
}

func TestParametersAreDeclaredByTheReceiver(t *testing.T) {
	n := NewNegotiator(1)
	_, a := answerOn(t, n, body("m=audio 1 RTP/AVP 96", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 stereo=1;usedtx=1"),
		near(formats(with(codec.Opus, "useinbandfec=1"))))
	equal(t, "send", a.Send[0].Fmtp, "stereo=1;usedtx=1")
	equal(t, "receive", a.Recv[0].Fmtp, "useinbandfec=1")
	if !strings.Contains(string(n.sent), "a=fmtp:96 useinbandfec=1\r\n") {
		t.Errorf("answer lacks our parameters:\n%s", n.sent)
	}
}

func TestG729WithoutAnnexBStaysWithoutIt(t *testing.T) {
	_, _, a := answeredOffer(t, body("m=audio 1 RTP/AVP 18", "a=fmtp:18 annexb=no"), near(formats(codec.G729)))
	equal(t, "receive", a.Recv[0].Fmtp, "annexb=no")
	_, _, a = answeredOffer(t, body("m=audio 1 RTP/AVP 18", "a=fmtp:18 annexb=no"), near(formats(codec.G729), func(l *Local) { l.FollowOffer = true }))
	equal(t, "receive", a.Recv[0].Fmtp, "annexb=no")
	_, _, a = answeredOffer(t, body("m=audio 1 RTP/AVP 18"), near(formats(with(codec.G729, "annexb=no"))))
	equal(t, "receive", a.Recv[0].Fmtp, "annexb=no")
}

func TestNoCommonFormat(t *testing.T) {
	n := NewNegotiator(1)
	if _, err := n.ReceiveOffer(body("m=audio 1 RTP/AVP 18 101", "a=rtpmap:101 telephone-event/8000")); err != nil {
		t.Fatal(err)
	}
	_, _, err := n.CreateAnswer(near())
	var none *NoCommonFormatError
	if !errors.As(err, &none) {
		t.Fatalf("got %v, want *NoCommonFormatError", err)
	}
	equal(t, "text", err.Error(), "no common codec: far side has G729/8000; here PCMU/8000, PCMA/8000")
	equal(t, "pending", n.Pending(), PendingReceived)

	_, a, err := n.CreateAnswer(near(formats(codec.G729)))
	if err != nil {
		t.Fatalf("second try: %v", err)
	}
	equal(t, "send", names(a.Send), "G729/8000=18")
}

func TestNoCommonFormatInAnAnswer(t *testing.T) {
	n := NewNegotiator(1)
	offerOn(t, n, near())
	_, err := n.ReceiveAnswer(body("m=audio 1 RTP/AVP 18 101", "a=rtpmap:101 telephone-event/8000"))
	var none *NoCommonFormatError
	if !errors.As(err, &none) {
		t.Fatalf("got %v, want *NoCommonFormatError", err)
	}
	equal(t, "pending", n.Pending(), PendingSent)
}

func TestNoCommonFormatStaysShort(t *testing.T) {
	var many []codec.Format
	for range 64 {
		many = append(many, codec.Format{Name: strings.Repeat("X", 32), Clock: 8000, Channels: 1})
	}
	text := (&NoCommonFormatError{Offered: many}).Error()
	if len(text) > 600 || !strings.Contains(text, "and 56 more; here none") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

func TestOfferedPayloadTypes(t *testing.T) {
	tests := []struct {
		name string
		near Local
		want string
	}{
		{"static and wished", near(formats(codec.Opus, codec.PCMA, codec.DTMF)), "OPUS/48000/2=111 PCMA/8000=8 TELEPHONE-EVENT/48000=96 TELEPHONE-EVENT/8000=101"},
		{"static in spite of a wish", near(formats(as(codec.PCMU, 96))), "PCMU/8000=0"},
		{"a static one is not for others", near(formats(as(codec.Opus, 8), codec.PCMA)), "OPUS/48000/2=96 PCMA/8000=8"},
		{"none that does not exist", near(formats(as(speex, 200))), "SPEEX/16000=96"},
		{"none that looks like RTCP", near(formats(as(speex, 72))), "SPEEX/16000=96"},
		{"the first wish counts", near(formats(as(codec.Opus, 97), as(speex, 97), as(codec.DTMF, 96))), "OPUS/48000/2=97 SPEEX/16000=98 TELEPHONE-EVENT/48000=99 TELEPHONE-EVENT/16000=100 TELEPHONE-EVENT/8000=96"},
		{"each format once", near(formats(codec.PCMU, codec.PCMU)), "PCMU/8000=0"},
		{"comfort noise", near(formats(codec.PCMU, codec.CN)), "PCMU/8000=0 CN/8000=13"},
		{"no comfort noise without its clock", near(formats(codec.Opus, codec.CN)), "OPUS/48000/2=111"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := offerOn(t, NewNegotiator(1), tt.near)
			equal(t, "offer", names(s.Media[0].formats(nil)), tt.want)
		})
	}
}

func TestSpellingOfNames(t *testing.T) {
	n := NewNegotiator(1)
	offerOn(t, n, near(formats(codec.Opus, codec.DTMF)))
	for _, want := range []string{"a=rtpmap:111 opus/48000/2\r\n", "a=rtpmap:101 telephone-event/8000\r\n", "a=fmtp:101 0-16\r\n"} {
		if !strings.Contains(string(n.sent), want) {
			t.Errorf("offer lacks %q:\n%s", want, n.sent)
		}
	}
}

func TestAnswerWithOtherPayloadTypes(t *testing.T) {
	n := NewNegotiator(1)
	offerOn(t, n, near(formats(codec.Opus, codec.PCMU, codec.DTMF)))
	a := receiveAnswer(t, n, body("m=audio 4000 RTP/AVP 100 0 126 9",
		"a=rtpmap:100 OPUS/48000/2", "a=rtpmap:126 telephone-event/8000", "a=fmtp:126 0-15"))
	equal(t, "send", names(a.Send), "OPUS/48000/2=100 PCMU/8000=0 TELEPHONE-EVENT/8000=126")
	equal(t, "receive", names(a.Recv), "OPUS/48000/2=111 PCMU/8000=0 TELEPHONE-EVENT/8000=101")
	equal(t, "their parameters", a.Send[2].Fmtp, "0-15")
}

// Some phones answer without a=rtpmap for what the offer has explained.
func TestAnswerWithoutRtpmap(t *testing.T) {
	n := NewNegotiator(1)
	offerOn(t, n, near(formats(codec.Opus, codec.PCMU)))
	equal(t, "send", names(receiveAnswer(t, n, body("m=audio 4000 RTP/AVP 111")).Send), "OPUS/48000/2=111")
}

func TestPayloadTypeNeverChangesItsMeaning(t *testing.T) {
	n := NewNegotiator(1)
	l := near(formats(codec.Opus, speex, codec.DTMF))
	offerOn(t, n, l) // opus 111, speex 97, telephone-event 101
	receiveAnswer(t, n, body("m=audio 4000 RTP/AVP 111", "a=rtpmap:111 opus/48000/2"))

	s, a := answerOn(t, n, body("m=audio 4000 RTP/AVP 97 111 112 101", "a=rtpmap:97 opus/48000/2", "a=rtpmap:111 speex/16000",
		"a=rtpmap:112 telephone-event/48000", "a=rtpmap:101 L16/8000"), l)
	equal(t, "answered", names(s.Media[0].formats(nil)), "OPUS/48000/2=111 SPEEX/16000=97 TELEPHONE-EVENT/48000=112")
	equal(t, "send", names(a.Send), "OPUS/48000/2=97 SPEEX/16000=111 TELEPHONE-EVENT/48000=112")
	equal(t, "receive", names(a.Recv), "OPUS/48000/2=111 SPEEX/16000=97 TELEPHONE-EVENT/48000=112")

	s = offerOn(t, n, l)
	equal(t, "offered later", names(s.Media[0].formats(nil)),
		"OPUS/48000/2=111 SPEEX/16000=97 TELEPHONE-EVENT/48000=112 TELEPHONE-EVENT/16000=98 TELEPHONE-EVENT/8000=101")
}

func TestReofferKeepsThePayloadTypesOfTheAnswer(t *testing.T) {
	n, _, _ := answeredOffer(t, body("m=audio 4000 RTP/AVP 96 0 97", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/48000"),
		near(formats(codec.Opus, codec.PCMU, codec.DTMF)))
	s := offerOn(t, n, near(formats(codec.Opus, codec.PCMU, codec.DTMF)))
	equal(t, "offer", names(s.Media[0].formats(nil)), "OPUS/48000/2=96 PCMU/8000=0 TELEPHONE-EVENT/48000=97 TELEPHONE-EVENT/8000=101")
}

func TestPayloadTypesRunOut(t *testing.T) {
	n := NewNegotiator(1)
	for i := range 70 {
		f := codec.Format{Name: "X" + strings.Repeat("X", i%16) + strings.Repeat("Y", i/16), Clock: 8000, Channels: 1}
		_, err := n.CreateOffer(near(formats(f)))
		if wantErr := i >= 32+29; (err != nil) != wantErr {
			t.Fatalf("format %d: %v", i, err)
		}
		n.Rollback()
	}
	if _, err := n.CreateOffer(near(formats(codec.PCMU))); err != nil {
		t.Errorf("static formats still work: %v", err)
	}
}
