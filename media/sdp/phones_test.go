package sdp

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dialtone/media/codec"
)

var update = flag.Bool("update", false, "write the golden answers anew")

const phones = "../../testdata/sdp"

// Every offer in testdata/sdp gets the answer that lies beside it.
func TestAnswersToPhones(t *testing.T) {
	offers, err := filepath.Glob(filepath.Join(phones, "*.sdp"))
	if err != nil || len(offers) < 10 {
		t.Fatalf("offers %v, %v", offers, err)
	}
	keys := regexp.MustCompile(`inline:\S+`)
	for _, file := range offers {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sdp"), func(t *testing.T) {
			offer, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := answerPhone(offer)
			got = keys.ReplaceAll(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), []byte("inline:KEY"))
			golden := strings.TrimSuffix(file, ".sdp") + ".answer"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// answerPhone gives the answer, or the error that refuses the offer.
func answerPhone(offer []byte) []byte {
	n := NewNegotiator(1)
	r, err := n.ReceiveOffer(offer)
	if err != nil {
		return []byte(err.Error() + "\n")
	}
	l := near(formats(codec.Opus, codec.PCMA, codec.PCMU, codec.G729, codec.CN, codec.DTMF))
	if r.WebRTC != nil {
		l.WebRTC = ice("ours")
	}
	b, _, err := n.CreateAnswer(l)
	if err != nil {
		return []byte(err.Error() + "\n")
	}
	return b
}
