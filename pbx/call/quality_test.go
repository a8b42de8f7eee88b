package call

import (
	"strings"
	"testing"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/tone"
)

func TestVerdicts(t *testing.T) {
	both := func(packets uint64) Flow { return Flow{Packets: packets, Expected: true} }
	spoken := media.Level{Packets: 15, Known: true, RMS: -20, Peak: -6, Silent: 0.3}
	for _, c := range []struct {
		name string
		q    Quality
		late time.Duration
		want string
	}{
		{"good", Quality{From: both(150), To: both(150), Level: spoken}, 0, "good"},
		{"this machine", Quality{From: both(150), To: both(150), Level: spoken}, 340 * time.Millisecond, "did not run in time, for 340 ms"},
		{"one way", Quality{To: both(150), From: both(0)}, 0, "one-way audio: nothing comes from 100"},
		{"nothing at all", Quality{To: both(0), From: both(0)}, 0, "no audio"},
		{"held", Quality{To: Flow{}, From: Flow{}}, 0, "on hold"},
		{"lost to it", Quality{From: both(150), To: Flow{Packets: 90, Lost: 10, Expected: true}, Level: spoken}, 0, "10.0 % of the audio to 100 is lost: words are missing"},
		{"uneven", Quality{From: Flow{Packets: 150, Jitter: 60 * time.Millisecond, Expected: true}, To: both(150), Level: spoken}, 0, "comes unevenly (60 ms)"},
		{"far away", Quality{From: both(150), To: both(150), RTT: 700 * time.Millisecond, Level: spoken}, 0, "takes 700 ms"},
		{"silent", Quality{From: both(150), To: both(150), Level: media.Level{Packets: 15, Known: true, RMS: -100, Silent: 1}}, 0, "100 is silent"},
		{"clipped", Quality{From: both(150), To: both(150), Level: media.Level{Packets: 15, Known: true, RMS: -10, Clipped: 0.02}}, 0, "100 is clipped"},
		{"quiet", Quality{From: both(150), To: both(150), Level: media.Level{Packets: 15, Known: true, RMS: -47}}, 0, "very quiet"},
		{"unknown", Quality{From: both(150), To: both(150), Codec: "G729/8000", Level: media.Level{Packets: 15}}, 0, "G729/8000 cannot be decoded here"},
	} {
		c.q.Party = "100"
		if got := strings.Join(c.q.judge(c.late), "; "); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestNamesOfTonesAgree compares the names of the language with the tones that there
// are.
func TestNamesOfTonesAgree(t *testing.T) {
	names := dialplan.ToneNames()
	for _, name := range names {
		if _, ok := tone.Named(name, "DE"); !ok {
			t.Errorf("the language knows a tone %q, which cannot be made", name)
		}
	}
	if len(names) != len(tone.Names()) {
		t.Errorf("%v can be made, the language knows %v", tone.Names(), names)
	}
}
