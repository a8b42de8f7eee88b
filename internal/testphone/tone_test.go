package testphone

import (
	"fmt"
	"math"
	"testing"

	"github.com/zaf/g711"
)

func TestG711IsTheStandardOne(t *testing.T) {
	for i := range 256 {
		b := byte(i)
		if got, want := decodeU(b), g711.DecodeUlawFrame(b); got != want {
			t.Errorf("PCMU octet %#02x: decoded to %d, want %d", b, got, want)
		}
		if got, want := decodeA(b), g711.DecodeAlawFrame(b); got != want {
			t.Errorf("PCMA octet %#02x: decoded to %d, want %d", b, got, want)
		}
	}
	for _, name := range []string{"PCMU", "PCMA"} {
		for s := -32768; s <= 32767; s += 7 {
			got := int(decode(name, encode(name, int16(s))))
			if room := math.Abs(float64(s))/16 + 16; math.Abs(float64(got-s)) > room {
				t.Fatalf("%s: %d came back as %d", name, s, got)
			}
		}
	}
}

func TestToneIsToldFromOthersAndFromSilence(t *testing.T) {
	tone := make([]int16, window)
	sine(tone, 440, 0)
	for _, c := range []struct {
		hz   float64
		want bool
	}{{440, true}, {480, false}, {880, false}, {220, false}, {660, false}} {
		t.Run(fmt.Sprint(c.hz), func(t *testing.T) {
			if got := HasTone(tone, c.hz); got != c.want {
				t.Errorf("in 440 Hz, %v Hz is heard: %v (share %.2f), want %v", c.hz, got, Share(tone, c.hz), c.want)
			}
		})
	}
	if HasTone(make([]int16, window), 440) {
		t.Error("440 Hz is heard in silence")
	}
	if got := Loudest(tone); math.Abs(got-440) > 5 {
		t.Errorf("the loudest tone in 440 Hz is %v", got)
	}
}

func TestToneSurvivesG711(t *testing.T) {
	tone := make([]int16, window)
	sine(tone, 660, 0)
	for _, name := range []string{"PCMU", "PCMA"} {
		for i, s := range tone {
			tone[i] = decode(name, encode(name, s))
		}
		if !HasTone(tone, 660) {
			t.Errorf("660 Hz is not heard through %s", name)
		}
	}
}
