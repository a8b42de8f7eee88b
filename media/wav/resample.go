package wav

import "math"

// What the filter keeps and what it takes away, in Hz and dB. Speech on the
// telephone ends at 3400 Hz; what is above 4000 Hz would come back as noise.
const (
	passband    = 3400
	stopband    = 4000
	attenuation = 70
)

// resampler turns audio of another rate into Rate, by a filter of a windowed sinc
// (Kaiser), one set of coefficients for each place of a new sample between the
// old ones.
type resampler struct {
	source   func([]float32) int
	up, down int       // up new samples for down old ones
	taps     int       // of each set
	coeff    []float32 // up sets, one after the other
	phase    int       // which set is next
	in       []float32 // old samples that are still needed
	at       int       // in in: where the next new sample's first one is
	padding  int       // silence that is still to be put behind the end
}

func newResampler(rate int, source func([]float32) int) *resampler {
	g := gcd(rate, Rate)
	r := &resampler{source: source, up: Rate / g, down: rate / g}
	width := float64(stopband-passband) / float64(rate)
	r.taps = int(math.Ceil((attenuation-8)/(2.285*2*math.Pi*width))) | 1
	r.coeff = coefficients(r.up, r.taps, float64(stopband+passband)/2/float64(rate))
	// Half a filter of silence before and behind, so that nothing is late or lost.
	r.in = make([]float32, r.taps/2, r.taps+2*block)
	r.padding = r.taps / 2
	return r
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// coefficients makes the sets of a low-pass filter; cutoff is in parts of the old
// rate.
func coefficients(up, taps int, cutoff float64) []float32 {
	const beta = 0.1102 * (attenuation - 8.7)
	out := make([]float32, up*taps)
	half := float64(taps / 2)
	for phase := range up {
		set, sum := out[phase*taps:(phase+1)*taps], 0.0
		for i := range set {
			x := float64(i) - half - float64(phase)/float64(up)
			v := 2 * cutoff * sinc(2*cutoff*x) * kaiser(x/(half+1), beta)
			set[i] = float32(v)
			sum += v
		}
		for i := range set {
			set[i] /= float32(sum) // as loud as before
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

// kaiser is the window at x, -1 to 1.
func kaiser(x, beta float64) float64 {
	return bessel(beta*math.Sqrt(max(0, 1-x*x))) / bessel(beta)
}

// bessel is the modified Bessel function of the first kind, of order 0.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

// read fills pcm and gives how many samples there were; 0 at the end.
func (r *resampler) read(pcm []int16) int {
	for n := range pcm {
		for len(r.in)-r.at < r.taps {
			if !r.fill() {
				return n
			}
		}
		pcm[n] = r.sample()
		r.phase += r.down
		r.at += r.phase / r.up
		r.phase %= r.up
	}
	return len(pcm)
}

// fill gets more old samples; false at the end.
func (r *resampler) fill() bool {
	if r.at > 0 {
		from := min(r.at, len(r.in))
		r.in = r.in[:copy(r.in, r.in[from:])]
		r.at -= from
	}
	end := len(r.in)
	r.in = r.in[:end+block]
	n := r.source(r.in[end:])
	if n == 0 {
		n = min(r.padding, block)
		r.padding -= n
		clear(r.in[end : end+n])
	}
	r.in = r.in[:end+n]
	return n > 0
}

func (r *resampler) sample() int16 {
	set := r.coeff[r.phase*r.taps : (r.phase+1)*r.taps]
	old := r.in[r.at : r.at+r.taps]
	var sum float32
	for i, c := range set {
		sum += c * old[i]
	}
	return int16(min(max(math.Round(float64(sum)), math.MinInt16), math.MaxInt16))
}
