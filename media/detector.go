package media

import "math"

// Detector tells which tones are in audio, by the algorithm of Goertzel over the
// last quarter of a second. It is for one goroutine.
type Detector struct {
	Rate int // samples per second; 0 means 8000

	window []int16
	at     int // where the next sample goes
	filled bool
}

// Write adds samples.
func (d *Detector) Write(pcm []int16) {
	if d.window == nil {
		d.window = make([]int16, d.rate()/4)
	}
	for _, s := range pcm {
		d.window[d.at] = s
		if d.at++; d.at == len(d.window) {
			d.at, d.filled = 0, true
		}
	}
}

// Reset forgets everything written so far.
func (d *Detector) Reset() { d.window, d.at, d.filled = nil, 0, false }

// Level is the amplitude of the tone of hz, 0 for none to 1 for a sine at full
// scale.
func (d *Detector) Level(hz float64) float64 {
	pcm := d.heard()
	if len(pcm) == 0 {
		return 0
	}
	k := 2 * math.Cos(2*math.Pi*hz/float64(d.rate()))
	var s1, s2 float64
	for _, s := range pcm {
		s1, s2 = float64(s)+k*s1-s2, s1
	}
	power := max(0, s1*s1+s2*s2-k*s1*s2)
	return 2 * math.Sqrt(power) / float64(len(pcm)) / 32768
}

// Hears reports whether the tone of hz is there and most of what is heard.
func (d *Detector) Hears(hz float64) bool {
	const quietest = 0.01
	level := d.Level(hz)
	return level > quietest && level*level/2 > 0.5*d.power()
}

// power is the mean square of what was heard, 1 for a square wave at full scale.
func (d *Detector) power() float64 {
	pcm := d.heard()
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return sum / float64(max(1, len(pcm))) / (32768 * 32768)
}

// heard is the window in order of arrival.
func (d *Detector) heard() []int16 {
	if !d.filled {
		return d.window[:d.at]
	}
	return append(append(make([]int16, 0, len(d.window)), d.window[d.at:]...), d.window[:d.at]...)
}

func (d *Detector) rate() int {
	if d.Rate > 0 {
		return d.Rate
	}
	return rate
}
