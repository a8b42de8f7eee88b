package main

import (
	"math"

	"dialtone/prompts"
)

const (
	frame = prompts.Rate / 100 // 10 ms
	// loud is what speech is above, below its loudest 10 ms; it is silence that is
	// fainter, in dB.
	loud   = -25
	silent = -40
	before = 2 * frame // of silence that is kept
	behind = 6 * frame
	peak   = -1.5 // dBFS that nothing is above
)

func gain(db float64) float64 { return math.Pow(10, db/20) }

// power is the mean square of each 10 ms.
func power(pcm []float64) []float64 {
	out := make([]float64, (len(pcm)+frame-1)/frame)
	for i := range out {
		piece := pcm[i*frame : min(len(pcm), (i+1)*frame)]
		for _, v := range piece {
			out[i] += v * v / float64(len(piece))
		}
	}
	return out
}

func loudest(p []float64) (most float64) {
	for _, v := range p {
		most = math.Max(most, v)
	}
	return most
}

// trim cuts the silence around speech, and fades what is left of it.
func trim(pcm []float64) []float64 {
	p := power(pcm)
	least := loudest(p) * gain(silent) * gain(silent)
	first, last := -1, -1
	for i, v := range p {
		if v > least {
			last = i
			if first < 0 {
				first = i
			}
		}
	}
	if first < 0 || least == 0 {
		return nil
	}
	out := append([]float64(nil), pcm[max(0, first*frame-before):min(len(pcm), (last+1)*frame+behind)]...)
	for i := range min(frame, len(out)) {
		edge := float64(i) / frame
		out[i] *= edge
		out[len(out)-1-i] *= edge
	}
	return out
}

// level brings active speech to prompts.Level, unless its peaks would be too high.
func level(pcm []float64) []float64 {
	p := power(pcm)
	least := loudest(p) * gain(loud) * gain(loud)
	sum, n := 0.0, 0
	for _, v := range p {
		if v > least {
			sum, n = sum+v, n+1
		}
	}
	most := 0.0
	for _, v := range pcm {
		most = math.Max(most, math.Abs(v))
	}
	if n == 0 || most == 0 {
		return pcm
	}
	g := math.Min(gain(prompts.Level)/math.Sqrt(sum/float64(n)), gain(peak)/most)
	for i := range pcm {
		pcm[i] *= g
	}
	return pcm
}

// resample changes the rate, by a windowed sinc that is computed for each sample:
// time is no concern here.
func resample(pcm []float64, from, to int) []float64 {
	if from == to {
		return pcm
	}
	const wings = 48 // zero crossings on each side
	cut := math.Min(1, float64(to)/float64(from)) * 0.96
	reach := wings / cut
	out := make([]float64, len(pcm)*to/from)
	for i := range out {
		at := float64(i) * float64(from) / float64(to)
		for j := max(0, int(math.Ceil(at-reach))); j < min(len(pcm), int(at+reach)+1); j++ {
			x := (float64(j) - at) * cut
			window := 0.5 + 0.5*math.Cos(math.Pi*x/wings)
			out[i] += pcm[j] * cut * sinc(x) * window * window
		}
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
