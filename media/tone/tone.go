package tone

import (
	"math"
	"time"
)

// ZeroDBm0 is the amplitude of a sine of 0 dBm0, as a sample of 16 bits (G.711 table
// 2a: 3.17 dBm0 is 8159 in 14 bits).
const ZeroDBm0 = 22653

// Amplitude is that of a sine of so many dBm0.
func Amplitude(dBm0 float64) float64 { return ZeroDBm0 * math.Pow(10, dBm0/20) }

// Level is how loud pcm is in dBm0, whatever it is made of; -100 for silence.
func Level(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	if sum == 0 {
		return -100
	}
	return 10 * math.Log10(2*sum/float64(len(pcm))/(ZeroDBm0*ZeroDBm0))
}

// Sine is one component of a sound.
type Sine struct {
	Hz    float64
	To    float64 // the frequency that it glides to, each octave in the same time; 0: it stays
	Level float64 // dBm0
}

// Part is a sound and how long it lasts; without sines it is silence. For 0 is
// without end.
type Part struct {
	Sines []Sine
	For   time.Duration
}

// Tone is a number of parts one after the other, again and again unless Once.
type Tone struct {
	Parts []Part
	Once  bool
}

// Length is how long a tone lasts that is played once; 0 is without end.
func (t Tone) Length() (d time.Duration) {
	for _, p := range t.Parts {
		if p.For == 0 {
			return 0
		}
		d += p.For
	}
	if !t.Once {
		return 0
	}
	return d
}

// Steady is one frequency without end.
func Steady(hz, dBm0 float64) Tone {
	return Tone{Parts: []Part{{Sines: []Sine{{Hz: hz, Level: dBm0}}}}}
}

// Milliwatt is 1004 Hz at 0 dBm0: what lines are measured with. It is not 1000 Hz,
// because a divisor of the sampling rate would try a few codes only.
func Milliwatt() Tone { return Steady(1004, 0) }

// Sweep glides from 300 to 3400 Hz in ten seconds at -10 dBm0, again and again.
func Sweep() Tone {
	return Tone{Parts: []Part{
		{Sines: []Sine{{Hz: 300, To: 3400, Level: -10}}, For: 10 * time.Second},
		{For: 500 * time.Millisecond},
	}}
}

// Silence is nothing, without end.
func Silence() Tone { return Tone{Parts: []Part{{}}} }
