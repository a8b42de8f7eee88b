// Package resample changes the sampling rate of audio: between the 8, 16, 24 and
// 48 kHz of calls, and from any rate that a file may have to one of these.
//
// The filter is a polyphase FIR with a Kaiser window. With n the lower one of the
// two Nyquist frequencies (half of a rate), it is
//
//   - flat within 0.05 dB up to 0.85 n, which is 3400 Hz for a telephone,
//   - 6 dB down at n,
//   - at least 72 dB down from 1.15 n on, so that what folds back of it lies
//     above 0.85 n; between n and 1.15 n it falls steadily,
//   - linear in phase, with a delay of about 16 samples of the lower rate: 2 ms at
//     8 kHz.
//
// NewSharp has the same passband, the stop band from n on, and twice the delay: for
// files. The tests measure all that.
package resample

import (
	"fmt"
	"math"
)

const (
	attenuation = 76   // in dB, for which the window is made; what is measured is a little less
	flat        = 0.85 // end of the passband, in parts of the lower Nyquist frequency

	// MinRate is the lowest rate that there is, in Hz.
	MinRate = 4000
	// MaxRate is the highest one.
	MaxRate = 192000

	// maxCoefficients bounds the memory for odd pairs of rates; beyond, the new rate
	// is off by less than one in a thousand.
	maxCoefficients = 1 << 17
	// maxPhases is how finely a new sample may lie between two old ones then.
	maxPhases = 1024
)

// Resampler changes the rate of one stream. It is for one goroutine.
type Resampler struct {
	up, down int       // up new samples for down old ones
	taps     int       // of each set of coefficients
	coeff    []float32 // up sets, one after the other
	phase    int       // which set is next
	skip     int       // old samples that are not needed any more, but have not come yet
	in       []float32 // old samples that are still needed
}

// New makes a resampler for audio of from Hz that is wanted at to Hz. Equal rates
// are fine: then samples are copied, without delay.
func New(from, to int) (*Resampler, error) { return build(from, to, 2-flat) }

// NewSharp is New with nothing left above half of the lower rate.
func NewSharp(from, to int) (*Resampler, error) { return build(from, to, 1) }

// build makes a resampler with the stop band from stop on, in parts of the lower
// Nyquist frequency.
func build(from, to int, stop float64) (*Resampler, error) {
	for _, rate := range [...]int{from, to} {
		if rate < MinRate || rate > MaxRate {
			return nil, fmt.Errorf("resample: a rate of %d Hz is not between %d and %d", rate, MinRate, MaxRate)
		}
	}
	g := gcd(from, to)
	r := &Resampler{up: to / g, down: from / g}
	if from == to {
		return r, nil
	}
	lower := float64(min(from, to)) / 2 / float64(from)
	width := (stop - flat) * lower
	r.taps = int(math.Ceil((attenuation-7.95)/(2.285*2*math.Pi*width))) | 1
	if r.up*r.taps > maxCoefficients {
		r.down = max(1, int(math.Round(float64(from)*maxPhases/float64(to))))
		r.up = maxPhases
	}
	r.coeff = coefficients(r.up, r.taps, lower*(stop+flat)/2)
	r.in = make([]float32, r.taps-1, r.taps-1+from/10)
	return r, nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Len is how many samples n old ones become at most.
func (r *Resampler) Len(n int) int { return (n*r.up + r.down - 1) / r.down }

// Delay is by how many new samples the new audio is behind the old.
func (r *Resampler) Delay() int {
	if r.taps == 0 {
		return 0
	}
	return (r.taps/2*r.up + r.down/2) / r.down
}

// Tail is how many samples of silence bring out the last of the old ones.
func (r *Resampler) Tail() int { return r.taps / 2 }

// Reset forgets what came so far.
func (r *Resampler) Reset() {
	r.phase, r.skip = 0, 0
	if r.taps > 0 {
		r.in = r.in[:r.taps-1]
		clear(r.in)
	}
}

// Process takes all of src and gives how many new samples it wrote to dst, which
// needs room for Len(len(src)). 10 ms of 8, 16, 24 or 48 kHz always become 10 ms of
// another of these. The two must not overlap.
func (r *Resampler) Process(dst, src []int16) int {
	if r.taps == 0 {
		return copy(dst, src)
	}
	written := 0
	for len(src) > 0 {
		n := min(len(src), max(1, cap(r.in)-len(r.in)))
		for _, s := range src[:n] {
			r.in = append(r.in, float32(s))
		}
		src = src[n:]
		written += r.drain(dst[written:])
	}
	return written
}

// drain makes all new samples that the old ones are there for.
func (r *Resampler) drain(dst []int16) int {
	at, n := r.skip, 0
	for ; at+r.taps <= len(r.in) && n < len(dst); n++ {
		dst[n] = dot(r.coeff[r.phase*r.taps:(r.phase+1)*r.taps], r.in[at:at+r.taps])
		r.phase += r.down
		at += r.phase / r.up
		r.phase %= r.up
	}
	gone := min(at, len(r.in))
	r.skip = at - gone
	r.in = r.in[:copy(r.in, r.in[gone:])]
	return n
}

// dot is one new sample. Four sums at once do not wait for each other.
func dot(set, old []float32) int16 {
	old = old[:len(set)]
	var a, b, c, d float32
	i := 0
	for ; i+4 <= len(set); i += 4 {
		s, o := set[i:i+4:i+4], old[i:i+4:i+4]
		a += s[0] * o[0]
		b += s[1] * o[1]
		c += s[2] * o[2]
		d += s[3] * o[3]
	}
	for ; i < len(set); i++ {
		a += set[i] * old[i]
	}
	v := (a + b) + (c + d)
	if v >= 0 {
		return int16(min(v+0.5, math.MaxInt16))
	}
	return int16(max(v-0.5, math.MinInt16))
}

// coefficients makes the sets of a low-pass filter that is 6 dB down at cutoff, in
// parts of the old rate.
func coefficients(up, taps int, cutoff float64) []float32 {
	const beta = 0.1102 * (attenuation - 8.7)
	out := make([]float32, up*taps)
	half := float64(taps / 2)
	for phase := range up {
		set, sum := make([]float64, taps), 0.0
		for i := range set {
			x := float64(i) - half - float64(phase)/float64(up)
			set[i] = 2 * cutoff * sinc(2*cutoff*x) * kaiser(x/(half+1), beta)
			sum += set[i]
		}
		for i, v := range set {
			out[phase*taps+i] = float32(v / sum) // as loud as before
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
