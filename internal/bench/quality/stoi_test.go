package quality

import (
	"math"
	"math/cmplx"
	"testing"

	"dialtone/media/resample"
)

// The short-time objective intelligibility measure (Taal, Hendriks, Heusdens and
// Jensen, 2011): how alike the loudness of third octaves goes up and down in what was
// said and in what is heard, over 384 ms at a time. 1 is the same; from about 0.75 on
// each word is understood. It knows nothing of annoyance, so clicks, levels and the
// spectrum are measured besides.

const (
	stoiRate  = 10000
	window    = 256
	hop       = window / 2
	fft       = 512
	octaves   = 15  // third octaves
	lowest    = 150 // Hz, the middle of the first
	segment   = 30  // windows
	audible   = 40  // dB below the loudest window, what is softer is silence
	distorted = 15  // dB of distortion in a third octave, beyond which more counts no more
)

// at10k is pcm at the rate of the measure.
func at10k(t *testing.T, pcm []int16, rate int) []float64 {
	t.Helper()
	r, err := resample.New(rate, stoiRate)
	if err != nil {
		t.Fatal(err)
	}
	padded := append(append([]int16(nil), pcm...), make([]int16, r.Tail())...)
	out := make([]int16, r.Len(len(padded))+1)
	n := r.Process(out, padded)
	delay := min(r.Delay(), n)
	f := make([]float64, n-delay)
	for i, s := range out[delay:n] {
		f[i] = float64(s)
	}
	return f
}

// aligned leaves out the beginning of heard by which it is late.
func aligned(said, heard []float64) (a, b []float64) {
	const latest = stoiRate / 10
	n := min(len(said), len(heard)-latest, 4*stoiRate)
	best, lag := math.Inf(-1), 0
	for l := range latest {
		sum := 0.0
		for i := range n {
			sum += said[i] * heard[i+l]
		}
		if sum > best {
			best, lag = sum, l
		}
	}
	heard = heard[lag:]
	n = min(len(said), len(heard))
	return said[:n], heard[:n]
}

// spoken is the spectra of the windows in which something is said.
type spoken struct{ said, heard [][octaves]float64 }

func newSpoken(said, heard []float64) spoken {
	shape := make([]float64, window)
	for i := range shape {
		shape[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/(window+1))
	}
	var loud []float64
	loudest := 0.0
	for at := 0; at+window <= len(said); at += hop {
		e := 0.0
		for i, w := range shape {
			e += w * said[at+i] * w * said[at+i]
		}
		loud, loudest = append(loud, e), max(loudest, e)
	}
	var s spoken
	for i, e := range loud {
		if e > loudest*math.Pow(10, -audible/10.0) {
			s.said = append(s.said, thirds(said[i*hop:i*hop+window], shape))
			s.heard = append(s.heard, thirds(heard[i*hop:i*hop+window], shape))
		}
	}
	return s
}

// thirds is how loud each third octave is.
func thirds(pcm, shape []float64) (out [octaves]float64) {
	x := make([]complex128, fft)
	for i, w := range shape {
		x[i] = complex(w*pcm[i], 0)
	}
	transform(x)
	for k := range out {
		middle := lowest * math.Pow(2, float64(k)/3)
		from := int(math.Round(middle * math.Pow(2, -1.0/6) * fft / stoiRate))
		to := int(math.Round(middle * math.Pow(2, 1.0/6) * fft / stoiRate))
		for i := from; i < to; i++ {
			out[k] += real(x[i])*real(x[i]) + imag(x[i])*imag(x[i])
		}
		out[k] = math.Sqrt(out[k])
	}
	return out
}

// transform is the fast Fourier transform, in place.
func transform(x []complex128) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		if j ^= bit; i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size <<= 1 {
		turn := cmplx.Rect(1, -2*math.Pi/float64(size))
		for at := 0; at < n; at += size {
			w := complex(1, 0)
			for i := at; i < at+size/2; i++ {
				a, b := x[i], x[i+size/2]*w
				x[i], x[i+size/2] = a+b, a-b
				w *= turn
			}
		}
	}
}

// stoi is the measure itself.
func (s spoken) stoi() float64 {
	sum, n := 0.0, 0
	for end := segment; end <= len(s.said); end++ {
		for k := range octaves {
			var x, y [segment]float64
			var ex, ey float64
			for i := range segment {
				x[i], y[i] = s.said[end-segment+i][k], s.heard[end-segment+i][k]
				ex, ey = ex+x[i]*x[i], ey+y[i]*y[i]
			}
			gain := math.Sqrt(ex / max(ey, 1e-9))
			most := 1 + math.Pow(10, distorted/20.0)
			for i := range y {
				y[i] = min(y[i]*gain, x[i]*most)
			}
			sum += correlation(x[:], y[:])
			n++
		}
	}
	return sum / float64(max(n, 1))
}

func correlation(x, y []float64) float64 {
	mean := func(v []float64) (m float64) {
		for _, s := range v {
			m += s
		}
		return m / float64(len(v))
	}
	mx, my := mean(x), mean(y)
	var xy, xx, yy float64
	for i := range x {
		a, b := x[i]-mx, y[i]-my
		xy, xx, yy = xy+a*b, xx+a*a, yy+b*b
	}
	return xy / max(math.Sqrt(xx*yy), 1e-9)
}

// spectrum is by how many dB each third octave is louder in what is heard.
func (s spoken) spectrum() (out [octaves]float64) {
	for k := range out {
		var a, b float64
		for i := range s.said {
			a, b = a+s.said[i][k]*s.said[i][k], b+s.heard[i][k]*s.heard[i][k]
		}
		out[k] = 10 * math.Log10(max(b, 1e-9)/max(a, 1e-9))
	}
	return out
}

// level is by how many dB what is heard is louder, from 300 to 3400 Hz.
func (s spoken) level() float64 {
	var a, b float64
	for i := range s.said {
		for k := firstBand; k <= lastBand; k++ {
			a, b = a+s.said[i][k]*s.said[i][k], b+s.heard[i][k]*s.heard[i][k]
		}
	}
	return 10 * math.Log10(b/a)
}

// The third octaves that a telephone carries, 300 and 3000 Hz.
const firstBand, lastBand = 3, 13

// sharpest is how sharp the sharpest corner is: where audio is cut and put together
// again, there is one.
func sharpest(pcm []float64) (most float64) {
	for i := 2; i < len(pcm); i++ {
		most = max(most, math.Abs(pcm[i]-2*pcm[i-1]+pcm[i-2]))
	}
	return most
}

func TestTheMeasureTellsGoodFromBad(t *testing.T) {
	said := at10k(t, speech(t, 16000), 16000)
	if s := newSpoken(said, said).stoi(); s < 0.9999 {
		t.Errorf("the same is %.4f like itself", s)
	}
	softer := make([]float64, len(said))
	for i := range said {
		softer[i] = said[i] / 4
	}
	s := newSpoken(said, softer)
	if s.stoi() < 0.9999 || math.Abs(s.level()+12.04) > 0.01 {
		t.Errorf("a quarter is %.4f like it and %.2f dB louder", s.stoi(), s.level())
	}
	// White noise at 5 dB below speech hurts, at 20 dB below hardly.
	noisy := func(dB float64) float64 {
		power := 0.0
		for _, v := range said {
			power += v * v
		}
		peak := math.Sqrt(3*power/float64(len(said))) * math.Pow(10, dB/20)
		out, seed := make([]float64, len(said)), uint32(1)
		for i := range out {
			seed = seed*1664525 + 1013904223
			out[i] = said[i] + peak*float64(int32(seed))/(1<<31)
		}
		return newSpoken(said, out).stoi()
	}
	if loud, soft := noisy(5), noisy(-20); loud > 0.75 || soft < 0.9 || soft > 0.999 {
		t.Errorf("%.3f with loud noise, %.3f with soft noise", loud, soft)
	}
}
