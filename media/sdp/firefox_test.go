package sdp

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

// A call of Firefox as it was recorded: it is held, and gets new paths. Its candidates are
// names, and for RTCP: none of them is looked for.
func TestFirefoxHoldsAndRestartsICE(t *testing.T) {
	n := NewNegotiator(1)
	for _, c := range []struct {
		name    string
		way     media.Direction
		restart bool
	}{{"firefox", media.SendRecv, false}, {"firefox-hold", media.SendOnly, false}, {"firefox-restart", media.SendRecv, true}} {
		r := receive(t, n, recorded(t, c.name))
		if r.Direction != c.way || r.WebRTC.Restart != c.restart || len(r.WebRTC.Candidates) > 0 {
			t.Errorf("%s is read as %+v, %+v", c.name, r, r.WebRTC)
		}
		answer(t, n, near(browser(ice("ours"))))
	}
}

func TestFirefoxAnswers(t *testing.T) {
	n := NewNegotiator(1)
	if _, err := n.CreateOffer(near(browser(ice("ours")), formats(codec.PCMU, codec.PCMA, codec.Opus, codec.DTMF))); err != nil {
		t.Fatal(err)
	}
	reply, err := os.ReadFile(filepath.Join(phones, "firefox.reply"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := n.ReceiveAnswer(reply)
	if err != nil || a.WebRTC == nil || a.WebRTC.Client || !a.Mux {
		t.Fatalf("agreed %+v, %v", a, err)
	}
	equal(t, "sent", names(a.Send), "PCMU/8000=0 PCMA/8000=8 OPUS/48000/2=111 TELEPHONE-EVENT/8000=101")
}

// The line of video has no port of its own, and is no less offered for that (RFC 8843 §7.2.1).
func TestVideoOfFirefoxIsAnswered(t *testing.T) {
	n := NewNegotiator(1)
	equal(t, "offered", names(receive(t, n, recorded(t, "firefox-video")).Video.Formats), "VP8/90000=120")
	text, a := answer(t, n, near(inBrowser, showing(media.SendRecv)))
	s := parsed(t, []byte(text))
	equalLines(t, s, "audio 30000 UDP/TLS/RTP/SAVPF 0 8 101", "video 30000 UDP/TLS/RTP/SAVPF 120")
	equal(t, "agreed", a.Video.Direction, media.SendRecv)
	if !slices.Contains(s.Attrs, Attr{"group", "BUNDLE 0 1"}) {
		t.Errorf("%s", text)
	}
}
