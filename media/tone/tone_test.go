package tone

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"dialtone/media/codec"
)

// samples are so much of a tone.
func samples(t *testing.T, tone Tone, rate int, d time.Duration) []int16 {
	t.Helper()
	pcm := make([]int16, int(d.Seconds()*float64(rate)))
	n, err := NewGenerator(tone, rate).Read(pcm)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return pcm[:n]
}

// share is which part of the power of pcm is at hz.
func share(pcm []int16, rate int, hz float64) float64 {
	var re, im, all float64
	for n, s := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(n) / float64(rate))
		re += float64(s) * cos
		im += float64(s) * sin
		all += float64(s) * float64(s)
	}
	if all == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / (all * float64(len(pcm)))
}

func TestMilliwattIsZeroInBothLaws(t *testing.T) {
	pcm := samples(t, Milliwatt(), 8000, 10*time.Second)
	for name, through := range map[string]func(int16) int16{
		"as made": func(s int16) int16 { return s },
		"µ-law":   func(s int16) int16 { return codec.UlawSample(codec.UlawFrom(s)) },
		"A-law":   func(s int16) int16 { return codec.AlawSample(codec.AlawFrom(s)) },
	} {
		heard := make([]int16, len(pcm))
		for i, s := range pcm {
			heard[i] = through(s)
		}
		if got := Level(heard); math.Abs(got) > 0.05 {
			t.Errorf("%s: %.3f dBm0, want 0 within 0.05", name, got)
		}
		if s := share(heard[:8000], 8000, 1004); s < 0.995 {
			t.Errorf("%s: %.4f of the power is at 1004 Hz", name, s)
		}
	}
}

func TestTheMilliwattOfG711IsZero(t *testing.T) {
	// The eight octets of G.711 table 6, which define 0 dBm0.
	var pcm []int16
	for range 100 {
		for _, b := range []byte{0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e} {
			pcm = append(pcm, codec.UlawSample(b))
		}
	}
	if got := Level(pcm); math.Abs(got) > 0.01 {
		t.Errorf("%.3f dBm0, want 0", got)
	}
}

func TestTonesOfCountries(t *testing.T) {
	for _, want := range []struct {
		country, name string
		hz            []float64
		on, off       time.Duration
	}{
		{"DE", Ringback, []float64{425}, time.Second, 4 * time.Second},
		{"de", Busy, []float64{425}, 480 * time.Millisecond, 480 * time.Millisecond},
		{"FR", Ringback, []float64{440}, 1500 * time.Millisecond, 3500 * time.Millisecond},
		{"GB", Ringback, []float64{400, 450}, 400 * time.Millisecond, 200 * time.Millisecond},
		{"US", Ringback, []float64{440, 480}, 2 * time.Second, 4 * time.Second},
		{"US", Busy, []float64{480, 620}, 500 * time.Millisecond, 500 * time.Millisecond},
		{"AT", Congestion, []float64{420}, 200 * time.Millisecond, 200 * time.Millisecond},
		{"XX", Busy, []float64{425}, 500 * time.Millisecond, 500 * time.Millisecond},
	} {
		for _, rate := range []int{8000, 16000, 48000} {
			t.Run(fmt.Sprint(want.country, " ", want.name, " ", rate), func(t *testing.T) {
				tone, ok := Named(want.name, want.country)
				if !ok {
					t.Fatal("unknown")
				}
				pcm := samples(t, tone, rate, want.on+want.off+want.on)
				at := func(d time.Duration) int { return int(d.Seconds() * float64(rate)) }
				on, off := pcm[:at(want.on)], pcm[at(want.on):at(want.on+want.off)]
				again := pcm[at(want.on+want.off):]
				for _, sound := range [][]int16{on, again} {
					var all float64
					for _, hz := range want.hz {
						all += share(sound, rate, hz)
					}
					if all < 0.97 {
						t.Errorf("%.3f of the power is at %v Hz", all, want.hz)
					}
					if got := Level(sound); math.Abs(got-levelOfAll) > 0.2 {
						t.Errorf("%.2f dBm0, want %v", got, levelOfAll)
					}
				}
				if Level(off) > -90 {
					t.Errorf("the pause has %.1f dBm0", Level(off))
				}
			})
		}
	}
}

func TestEveryToneOfTheTable(t *testing.T) {
	if !slices.IsSorted(Countries()) || len(Countries()) != len(slices.Compact(Countries())) {
		t.Error("countries are not sorted, or there twice")
	}
	for _, country := range append(Countries(), "") {
		for _, name := range Names() {
			tone, ok := Named(name, country)
			if !ok || len(tone.Parts) == 0 {
				t.Fatalf("%s %s: nothing", country, name)
			}
			for i, p := range tone.Parts {
				if p.For < 0 || p.For == 0 && len(tone.Parts) > 1 || p.For > 10*time.Second {
					t.Errorf("%s %s: part %d lasts %v", country, name, i, p.For)
				}
				for _, s := range p.Sines {
					if s.Hz < 300 || s.Hz > 3400 {
						t.Errorf("%s %s: %v Hz", country, name, s.Hz)
					}
				}
			}
			if len(tone.Parts) > 1 && len(tone.Parts)%2 != 0 {
				t.Errorf("%s %s: ends with a sound that goes on", country, name)
			}
		}
	}
	if _, ok := Named("nonsense", "DE"); ok {
		t.Error("nonsense is a tone")
	}
}

func TestSpecialInformationRises(t *testing.T) {
	tone, _ := Named(Special, "DE")
	pcm := samples(t, tone, 8000, 990*time.Millisecond)
	for i, hz := range []float64{950, 1400, 1800} {
		if s := share(pcm[i*2640:(i+1)*2640], 8000, hz); s < 0.97 {
			t.Errorf("%.3f of note %d is %v Hz", s, i, hz)
		}
	}
}

func TestASweepPassesEveryFrequency(t *testing.T) {
	pcm := samples(t, Sweep(), 8000, 10*time.Second)
	for i := 1; i < 10; i++ {
		hz := 300 * math.Pow(3400.0/300, float64(i)/10)
		at := i * 8000
		if s := share(pcm[at-80:at+80], 8000, hz); s < 0.8 {
			t.Errorf("after %d s: %.2f of the power is at %.0f Hz", i, s, hz)
		}
	}
	if got := Level(pcm); math.Abs(got+10) > 0.1 {
		t.Errorf("%.2f dBm0, want -10", got)
	}
}

// TestNothingClicks looks for steps that no sine of the tone makes.
func TestNothingClicks(t *testing.T) {
	for _, name := range Names() {
		tone, _ := Named(name, "GB")
		pcm := samples(t, tone, 48000, 12*time.Second)
		for i := 1; i < len(pcm); i++ {
			if step := math.Abs(float64(pcm[i]) - float64(pcm[i-1])); step > 4000 {
				t.Fatalf("%s: a step of %.0f at sample %d", name, step, i)
			}
		}
	}
}

func TestAToneThatEnds(t *testing.T) {
	tone := Keys("1w2", 80*time.Millisecond, 40*time.Millisecond)
	if got := tone.Length(); got != 740*time.Millisecond {
		t.Errorf("lasts %v", got)
	}
	g := NewGenerator(tone, 8000)
	total, frame := 0, make([]int16, 160)
	for {
		n, err := g.Read(frame)
		if errors.Is(err, io.EOF) {
			break
		}
		total += n
	}
	if total != 5920 {
		t.Errorf("%d samples, want 5920", total)
	}
}

func TestMakingAllocatesNothing(t *testing.T) {
	tone, _ := Named(Ringback, "US")
	g, frame := NewGenerator(tone, 8000), make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() { _, _ = g.Read(frame) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkGenerator(b *testing.B) {
	tone, _ := Named(Dial, "US")
	g, frame := NewGenerator(tone, 8000), make([]int16, 160)
	for b.Loop() {
		_, _ = g.Read(frame)
	}
}
