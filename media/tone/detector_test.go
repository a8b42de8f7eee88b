package tone

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/media/codec"
)

// heard are the keys in pcm, given in packets of 20 ms.
func heard(pcm []int16, rate int) string {
	var keys []byte
	d := NewDetector(rate)
	for len(pcm) > 0 {
		n := min(len(pcm), rate/50)
		d.Write(pcm[:n], func(key byte) { keys = append(keys, key) })
		pcm = pcm[n:]
	}
	return string(keys)
}

// pressed is the sound of keys, with silence before and behind.
func pressed(t *testing.T, tone Tone, rate, shift int) []int16 {
	t.Helper()
	return slices.Concat(make([]int16, rate/10+shift), samples(t, tone, rate, tone.Length()), make([]int16, rate/10))
}

func noise(pcm []int16, dBm0 float64, r *rand.Rand) {
	sigma := Amplitude(dBm0) / math.Sqrt2
	for i := range pcm {
		pcm[i] = int16(min(max(float64(pcm[i])+r.NormFloat64()*sigma, -32768), 32767))
	}
}

func through(pcm []int16, alaw bool) {
	for i, s := range pcm {
		if alaw {
			pcm[i] = codec.AlawSample(codec.AlawFrom(s))
		} else {
			pcm[i] = codec.UlawSample(codec.UlawFrom(s))
		}
	}
}

func TestKeysAreHeardOnce(t *testing.T) {
	const all = "1123A456B7899C*0#D"
	for _, c := range []struct {
		name    string
		on, off int // ms
		gain    float64
		rows    float64 // dB more for the lower tones
		detune  float64
		snr     float64 // dB, 0: no noise
	}{
		{name: "usual", on: 100, off: 100},
		{name: "40 ms, 40 ms apart", on: 40, off: 40},
		{name: "30 ms apart", on: 60, off: 30},
		{name: "held for 3 s", on: 3000, off: 60},
		{name: "as loud as can be", on: 60, off: 40, gain: 5},
		{name: "-25 dBm0", on: 60, off: 40, gain: -17},
		{name: "lower tone 6 dB over", on: 60, off: 40, rows: 8, gain: -5},
		{name: "higher tone 5 dB over", on: 60, off: 40, rows: -3},
		{name: "1.5 % too high", on: 60, off: 40, detune: 0.015},
		{name: "1.5 % too low", on: 60, off: 40, detune: -0.015},
		{name: "noise of 15 dB less", on: 60, off: 40, snr: 15},
		{name: "noise of 12 dB less", on: 80, off: 60, snr: 12},
	} {
		for _, rate := range []int{8000, 16000, 48000} {
			t.Run(fmt.Sprint(c.name, " ", rate), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				tone := Keys(all, time.Duration(c.on)*time.Millisecond, time.Duration(c.off)*time.Millisecond)
				for _, p := range tone.Parts {
					if len(p.Sines) == 0 {
						continue
					}
					for j := range p.Sines {
						p.Sines[j].Hz *= 1 + c.detune
						p.Sines[j].Level += c.gain
					}
					p.Sines[0].Level += c.rows
				}
				for shift := 0; shift < rate/50; shift += rate / 200 {
					pcm := pressed(t, tone, rate, shift)
					if c.snr > 0 {
						noise(pcm, -5.9+c.gain-c.snr, r)
					}
					through(pcm, shift%2 == 0)
					if got := heard(pcm, rate); got != all {
						t.Fatalf("shifted by %d samples: got %s, want %s", shift, got, all)
					}
				}
			})
		}
	}
}

// TestAnInterruptionIsNoPause loses the packet in the midst of a key.
func TestAnInterruptionIsNoPause(t *testing.T) {
	for at := 400; at < 1200; at += 37 {
		pcm := pressed(t, Keys("5", 300*time.Millisecond, 50*time.Millisecond), 8000, 0)
		clear(pcm[800+at : 800+at+80]) // 10 ms
		if got := heard(pcm, 8000); got != "5" {
			t.Fatalf("10 ms missing at %d: %q", at, got)
		}
		pcm = pressed(t, Keys("5", 300*time.Millisecond, 50*time.Millisecond), 8000, 0)
		pcm = append(pcm[:800+at:800+at], pcm[800+at+160:]...) // a packet lost: what is left follows at once
		if got := heard(pcm, 8000); got != "5" {
			t.Fatalf("a packet lost at %d: %q", at, got)
		}
	}
}

func TestWhatIsNoKey(t *testing.T) {
	pair := func(low, high, lowLevel, highLevel float64, d time.Duration) Tone {
		return Tone{Once: true, Parts: []Part{{Sines: []Sine{{Hz: low, Level: lowLevel}, {Hz: high, Level: highLevel}}, For: d}, {For: 50 * time.Millisecond}}}
	}
	for name, tone := range map[string]Tone{
		"20 ms":                  Keys("5", 20*time.Millisecond, 50*time.Millisecond),
		"one tone only":          Steady(770, -10),
		"4 % off":                pair(770*1.04, 1336, -10, -8, 300*time.Millisecond),
		"the higher one 4 % off": pair(770, 1336*0.96, -10, -8, 300*time.Millisecond),
		"14 dB apart":            pair(770, 1336, -6, -20, 300*time.Millisecond),
		"too quiet":              pair(770, 1336, -45, -45, 300*time.Millisecond),
		"two of a group":         pair(770, 852, -10, -10, 300*time.Millisecond),
		"dial tone":              parse("350+440"),
		"busy":                   parse("480+620 500 500"),
		"special information":    special(),
		"sweep":                  Sweep(),
		"three tones": {Once: true, Parts: []Part{{Sines: []Sine{
			{Hz: 770, Level: -10}, {Hz: 1336, Level: -10}, {Hz: 1000, Level: -8},
		}, For: 500 * time.Millisecond}, {For: 50 * time.Millisecond}}},
	} {
		pcm := append(samples(t, tone, 8000, 20*time.Second), make([]int16, 800)...)
		if got := heard(pcm, 8000); got != "" {
			t.Errorf("%s: heard %q", name, got)
		}
	}
}

// TestCountryTonesAreNoKeys listens to every tone of the table.
func TestCountryTonesAreNoKeys(t *testing.T) {
	for _, country := range Countries() {
		for _, name := range Names() {
			tone, _ := Named(name, country)
			if got := heard(samples(t, tone, 8000, 10*time.Second), 8000); got != "" {
				t.Errorf("%s %s: heard %q", country, name, got)
			}
		}
	}
}

// TestKeysAreHeardThroughSpeech presses keys while somebody speaks much more softly.
func TestKeysAreHeardThroughSpeech(t *testing.T) {
	pcm := pressed(t, Keys("159D", 100*time.Millisecond, 100*time.Millisecond), 8000, 0)
	voice := talk(len(pcm), 5)
	for i := range pcm {
		pcm[i] += voice[i] / 8
	}
	if got := heard(pcm, 8000); got != "159D" {
		t.Errorf("got %q", got)
	}
}

func TestListeningAllocatesNothing(t *testing.T) {
	d := NewDetector(8000)
	pcm := talk(160, 1)
	if n := testing.AllocsPerRun(100, func() { d.Write(pcm, func(byte) {}) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func TestPair(t *testing.T) {
	for _, key := range []byte(Keypad) {
		low, high, ok := Pair(key)
		if !ok || low >= high {
			t.Errorf("%c: %v %v", key, low, high)
		}
	}
	if _, _, ok := Pair('x'); ok {
		t.Error("x is a key")
	}
	if i := strings.IndexByte(Keypad, '*'); i != 10 {
		t.Errorf("* has code %d", i)
	}
}

func BenchmarkDetector(b *testing.B) {
	d, pcm := NewDetector(8000), talk(160, 1)
	for b.Loop() {
		d.Write(pcm, func(byte) {})
	}
}
