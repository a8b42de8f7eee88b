package sdp

import (
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

// The audio part of the examples of RFC 4317, each as seen by the side that
// Dialtone would be.
func TestRFC4317(t *testing.T) {
	ilbc := codec.Format{Name: "ILBC", PT: 97, Clock: 8000, Channels: 1}
	alice := body("m=audio 49170 RTP/AVP 0 8 97", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:97 iLBC/8000",
		"m=video 51372 RTP/AVP 31 32", "a=rtpmap:31 H261/90000", "a=rtpmap:32 MPV/90000")

	t.Run("2.1 audio and video, one codec chosen", func(t *testing.T) {
		_, s, a := answeredOffer(t, alice, near(formats(codec.PCMU)))
		equalLines(t, s, "audio 30000 RTP/AVP 0", "video 0 RTP/AVP 31 32")
		equal(t, "send", names(a.Send), "PCMU/8000=0")
	})

	t.Run("2.2 several codecs in the answer, then one", func(t *testing.T) {
		n := NewNegotiator(1)
		offerOn(t, n, near(formats(codec.PCMU, codec.PCMA, ilbc)))
		a := receiveAnswer(t, n, body("m=audio 49174 RTP/AVP 0 8", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000"))
		equal(t, "send", names(a.Send), "PCMU/8000=0 PCMA/8000=8")
		offerOn(t, n, near(formats(codec.PCMU)))
		a = receiveAnswer(t, n, body("m=audio 49174 RTP/AVP 0", "a=rtpmap:0 PCMU/8000"))
		equal(t, "send", names(a.Send), "PCMU/8000=0")
	})

	t.Run("2.4 audio and telephone-events on two m-lines", func(t *testing.T) {
		_, s, _ := answeredOffer(t, body("m=audio 49170 RTP/AVP 0 97", "a=rtpmap:0 PCMU/8000", "a=rtpmap:97 iLBC/8000",
			"m=audio 49172 RTP/AVP 98", "a=rtpmap:98 telephone-event/8000", "a=sendonly"), near(formats(ilbc)))
		equalLines(t, s, "audio 30000 RTP/AVP 97", "audio 0 RTP/AVP 98")
	})

	t.Run("2.5 codecs without counterpart refused", func(t *testing.T) {
		n := NewNegotiator(1)
		offerOn(t, n, near(formats(codec.PCMU)))
		equal(t, "disabled", receiveAnswer(t, n, body("m=audio 0 RTP/AVP 0")).Disabled, true)
	})

	t.Run("3.1 hold and resume", func(t *testing.T) {
		n, _, _ := answeredOffer(t, body("m=audio 49170 RTP/AVP 0"), near())
		for _, step := range []struct {
			offered string
			want    media.Direction
		}{{"sendonly", media.RecvOnly}, {"sendrecv", media.SendRecv}, {"inactive", media.Inactive}, {"sendrecv", media.SendRecv}} {
			_, a := answerOn(t, n, body("m=audio 49170 RTP/AVP 0", "a="+step.offered), near())
			equal(t, step.offered, a.Direction, step.want)
		}
	})

	t.Run("3.2 hold with two streams", func(t *testing.T) {
		n, _, _ := answeredOffer(t, alice, near(formats(codec.PCMU)))
		s, a := answerOn(t, n, body("m=audio 49170 RTP/AVP 0", "a=sendonly", "m=video 0 RTP/AVP 31"), near(formats(codec.PCMU)))
		equalLines(t, s, "audio 30000 RTP/AVP 0", "video 0 RTP/AVP 31")
		equal(t, "direction", a.Direction, media.RecvOnly)
	})

	t.Run("4.1 a second audio stream is added", func(t *testing.T) {
		n, _, _ := answeredOffer(t, body("m=audio 49170 RTP/AVP 0"), near())
		s, _ := answerOn(t, n, body("m=audio 49170 RTP/AVP 0", "m=audio 49172 RTP/AVP 98", "a=rtpmap:98 telephone-event/8000", "a=sendonly"), near())
		equalLines(t, s, "audio 30000 RTP/AVP 0", "audio 0 RTP/AVP 98")
	})

	t.Run("5.1 offer in the 200", func(t *testing.T) {
		n := NewNegotiator(1)
		s := offerOn(t, n, near(formats(codec.PCMU, codec.PCMA, ilbc)))
		equalLines(t, s, "audio 30000 RTP/AVP 0 8 97")
		a := receiveAnswer(t, n, body("m=audio 49170 RTP/AVP 0", "a=rtpmap:0 PCMU/8000"))
		equal(t, "direction", a.Direction, media.SendRecv)
	})
}
