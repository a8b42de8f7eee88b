package sdp

import (
	"testing"

	"dialtone/media"
)

func offerLevels(l *Local) { l.Levels = true }

func TestLevels(t *testing.T) {
	const uri = " urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	tests := []struct {
		name, offer, answer string
		agreed              media.Levels
	}{
		{"offered", "3" + uri, "3" + uri, media.Levels{ID: 3, Direction: media.SendRecv, Voice: true}},
		{"with voice", "1" + uri + " vad=on", "1" + uri, media.Levels{ID: 1, Direction: media.SendRecv, Voice: true}},
		{"without voice", "1" + uri + " vad=off", "1" + uri + " vad=off", media.Levels{ID: 1, Direction: media.SendRecv}},
		{"one way", "14/sendonly" + uri, "14/recvonly" + uri, media.Levels{ID: 14, Direction: media.RecvOnly, Voice: true}},
		{"the other way", "2/recvonly" + uri, "2/sendonly" + uri, media.Levels{ID: 2, Direction: media.SendOnly, Voice: true}},
		{"a number of two bytes", "15" + uri, "", media.Levels{}},
		{"no number", "x" + uri, "", media.Levels{}},
		{"another extension", "1 urn:ietf:params:rtp-hdrext:csrc-audio-level", "", media.Levels{}},
		{"nothing", "", "", media.Levels{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lines := []string{"m=audio 4000 RTP/AVP 0"}
			if tt.offer != "" {
				lines = append(lines, "a=extmap:"+tt.offer)
			}
			n, s, a := answeredOffer(t, body(lines...), near())
			equal(t, "agreed", a.Levels, tt.agreed)
			said, _ := attr(s.Media[0].Attrs, "extmap")
			equal(t, "answered", said, tt.answer)
			s = offerOn(t, n, near(offerLevels)) // the number stays
			said, _ = attr(s.Media[0].Attrs, "extmap")
			want := "1" + uri
			if id := tt.agreed.ID; id != 0 {
				want = itoa(id) + uri
			}
			equal(t, "offered again", said, want)
		})
	}
}

func TestOfferLevels(t *testing.T) {
	const uri = " urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	for _, tt := range []struct {
		name   string
		local  Local
		answer []string
		agreed media.Levels
	}{
		{"accepted", near(offerLevels), []string{"a=extmap:1" + uri}, media.Levels{ID: 1, Direction: media.SendRecv, Voice: true}},
		{"accepted one way", near(offerLevels), []string{"a=extmap:1/recvonly" + uri}, media.Levels{ID: 1, Direction: media.SendOnly, Voice: true}},
		{"not accepted", near(offerLevels), nil, media.Levels{}},
		{"another number", near(offerLevels), []string{"a=extmap:2" + uri}, media.Levels{}},
		{"never offered", near(), []string{"a=extmap:1" + uri}, media.Levels{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := NewNegotiator(1)
			offerOn(t, n, tt.local)
			equal(t, "agreed", receiveAnswer(t, n, body(append([]string{"m=audio 4000 RTP/AVP 0"}, tt.answer...)...)).Levels, tt.agreed)
		})
	}
}
