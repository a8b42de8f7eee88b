package sdp

import (
	"os"
	"path/filepath"
	"testing"

	"dialtone/media/codec"
)

func BenchmarkParse(b *testing.B) {
	body, err := os.ReadFile(filepath.Join(phones, "grandstream.sdp"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreateOffer(b *testing.B) {
	l := near(formats(codec.PCMU, codec.PCMA, codec.DTMF))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewNegotiator(1).CreateOffer(l); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAnswer reads the offer of a phone and answers it.
func BenchmarkAnswer(b *testing.B) {
	for _, phone := range []string{"yealink", "snom-srtp", "linphone"} {
		b.Run(phone, func(b *testing.B) {
			body, err := os.ReadFile(filepath.Join(phones, phone+".sdp"))
			if err != nil {
				b.Fatal(err)
			}
			l := near()
			b.ReportAllocs()
			for b.Loop() {
				n := NewNegotiator(1)
				if _, err := n.ReceiveOffer(body); err != nil {
					b.Fatal(err)
				}
				if _, _, err := n.CreateAnswer(l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCall is what the SDP of one relayed call costs: two offers, two answers.
func BenchmarkCall(b *testing.B) {
	offer := body("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15")
	answer := body("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15")
	l := near()
	b.ReportAllocs()
	for b.Loop() {
		in, out := NewNegotiator(1), NewNegotiator(2)
		_, err1 := in.ReceiveOffer(offer)
		_, err2 := out.CreateOffer(l)
		_, err3 := out.ReceiveAnswer(answer)
		_, _, err4 := in.CreateAnswer(l)
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
			b.Fatal(err1, err2, err3, err4)
		}
	}
}
