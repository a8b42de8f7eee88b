package tone

import "math"

// What a pair of tones must be like to be a key, after Q.24 and what talkers do.
const (
	hopTime    = 0.004 // seconds from one look to the next
	windowHops = 4     // that one look covers: 16 ms

	quietest   = -36.0 // dBm0 of the weaker tone
	lowOver    = 8.0   // dB by which the lower tone may be the louder one
	highOver   = 6.0   // and the higher one
	overOthers = 8.0   // dB by which a tone is over the others of its group
	offset     = 0.018 // of a frequency, that it may be off; Q.24 accepts 1.5 % for sure
	apart      = 0.022 // that one may be off more than the other: neighbours of a voice's harmonics are, by 0.027
	steady     = 3.0   // dB that a tone changes by from one look to the next at most

	// A key is believed after so many good looks in sequence: 32 ms when next to
	// nothing else is heard, 40 ms when there is noise.
	cleanLooks = 5
	noisyLooks = 7
	// It is over after so many bad ones: 24 ms. A pause of 30 ms has nine of them, an
	// interruption of 10 ms four.
	badLooks = 6

	clean = 0.94 // of the power is in the two tones: 12 dB over the noise
	least = 0.75 // 5 dB
)

// Detector finds keys in audio by the sound of their pairs (Goertzel's filters over
// 16 ms, every 4 ms). It wants both tones pure, in tune and steady, so that speech
// and music are none. It is for one goroutine, and allocates nothing as it goes.
type Detector struct {
	rate int
	hop  int // samples
	sin  [8][]float64
	cos  [8][]float64
	turn [8]complex128 // of a filter's phase in one hop

	now    [8]complex128 // of the hop that is being filled
	energy float64
	filled int

	hops   [windowHops][8]complex128
	power  [windowHops]float64
	at     int
	angle  [8]complex128 // phase of the filters at the beginning of the hop
	before [8]complex128 // what they gave at the last look

	key    byte       // that sounds; 0 for none
	bad    int        // in sequence
	likely byte       // may become key
	good   int        // looks in sequence that say so
	purely int        // of them in which little else is heard
	level  [2]float64 // dB, of the last good look
	drift  [2]float64 // sum of what the frequencies are off
}

// NewDetector listens to audio of rate samples a second.
func NewDetector(rate int) *Detector {
	d := &Detector{rate: rate, hop: int(hopTime * float64(rate))}
	for i := range d.angle {
		hz := frequency(i)
		w := 2 * math.Pi * hz / float64(rate)
		d.sin[i], d.cos[i] = make([]float64, d.hop), make([]float64, d.hop)
		for n := range d.hop {
			d.sin[i][n], d.cos[i][n] = math.Sincos(w * float64(n))
		}
		sin, cos := math.Sincos(w * float64(d.hop))
		d.turn[i], d.angle[i] = complex(cos, -sin), 1
	}
	return d
}

func frequency(i int) float64 {
	if i < 4 {
		return rows[i]
	}
	return columns[i-4]
}

// Sounding is the key that sounds now, 0 for none.
func (d *Detector) Sounding() byte { return d.key }

// Write listens to what comes next. Each key that begins within is given to pressed,
// once.
func (d *Detector) Write(pcm []int16, pressed func(key byte)) {
	for len(pcm) > 0 {
		n := min(len(pcm), d.hop-d.filled)
		d.take(pcm[:n])
		pcm = pcm[n:]
		if d.filled == d.hop {
			d.look(pressed)
		}
	}
}

// take adds samples to the hop.
func (d *Detector) take(pcm []int16) {
	for _, s := range pcm {
		d.energy += float64(s) * float64(s)
	}
	for i := range d.now {
		sin, cos := d.sin[i][d.filled:], d.cos[i][d.filled:]
		var re, im float64
		for n, s := range pcm {
			re += float64(s) * cos[n]
			im -= float64(s) * sin[n]
		}
		d.now[i] += complex(re, im)
	}
	d.filled += len(pcm)
}

// look ends a hop and judges the last ones.
func (d *Detector) look(pressed func(byte)) {
	for i := range d.now {
		d.hops[d.at][i] = d.now[i] * d.angle[i]
		d.angle[i] *= d.turn[i]
		d.angle[i] /= complex(math.Hypot(real(d.angle[i]), imag(d.angle[i])), 0)
	}
	d.power[d.at] = d.energy
	d.at = (d.at + 1) % windowHops
	d.now, d.energy, d.filled = [8]complex128{}, 0, 0

	var sums [8]complex128
	var power float64
	for h := range d.hops {
		power += d.power[h]
		for i := range sums {
			sums[i] += d.hops[h][i]
		}
	}
	s := d.judge(&sums, power)
	d.before = sums
	d.step(s, pressed)
}

// sight is what one look saw.
type sight struct {
	key   byte // 0: none
	pure  float64
	level [2]float64
	drift [2]float64 // of the frequencies, as a part of them
}

// judge compares the filters.
func (d *Detector) judge(sums *[8]complex128, power float64) (s sight) {
	n := float64(d.hop * windowHops)
	if power/n < Amplitude(quietest)*Amplitude(quietest) {
		return s
	}
	var p [8]float64 // powers of sines, as squares of amplitudes
	for i, c := range sums {
		p[i] = 4 * (real(c)*real(c) + imag(c)*imag(c)) / (n * n)
	}
	row, column := strongest(p[:4]), 4+strongest(p[4:])
	for i, f := range [2]int{row, column} {
		s.drift[i] = d.off(f, sums[f])
		p[f] *= d.missed(min(math.Abs(s.drift[i]), offset) * frequency(f))
	}
	low, high := p[row], p[column]
	twist := 10 * math.Log10((low+1)/(high+1))
	s.pure = (low + high) / 2 / (power / n)
	switch {
	case min(low, high) < Amplitude(quietest)*Amplitude(quietest),
		twist > lowOver, twist < -highOver,
		s.pure < least,
		!over(p[:4], row), !over(p[4:], column-4):
		return s
	}
	s.level = [2]float64{10 * math.Log10(low), 10 * math.Log10(high)}
	s.key = grid[row*4+column-4]
	return s
}

// off is by how much the tone that filter f hears differs from its frequency, as a
// part of it: the phase has turned since the last look.
func (d *Detector) off(f int, now complex128) float64 {
	was := d.before[f]
	turned := now * complex(real(was), -imag(was))
	hz := math.Atan2(imag(turned), real(turned)) / (2 * math.Pi) * float64(d.rate) / float64(d.hop)
	return hz / frequency(f)
}

// missed is how much more power a tone has than its filter says that is so many Hz
// beside it.
func (d *Detector) missed(hz float64) float64 {
	x := math.Pi * hz * windowHops * hopTime
	if x < 1e-6 {
		return 1
	}
	sinc := math.Sin(x) / x
	return 1 / (sinc * sinc)
}

func strongest(p []float64) (best int) {
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}

// over reports whether one of p stands out from the others.
func over(p []float64, best int) bool {
	factor := math.Pow(10, -overOthers/10)
	for i, v := range p {
		if i != best && v > p[best]*factor {
			return false
		}
	}
	return true
}

// step follows what the looks say.
func (d *Detector) step(s sight, pressed func(byte)) {
	if d.key != 0 {
		if s.key == d.key {
			d.bad = 0
			return
		}
		if d.bad++; d.bad >= badLooks {
			d.key, d.bad = 0, 0
		}
	}
	if s.key == 0 || s.key != d.likely || !d.goesOn(s) {
		d.likely, d.good, d.purely, d.drift = s.key, 0, 0, [2]float64{}
		if s.key != 0 { // its phase says nothing yet
			d.good, d.level = 1, s.level
			d.purely = bit(s.pure >= clean)
		}
		return
	}
	d.good++
	d.purely += bit(s.pure >= clean)
	d.level = s.level
	d.drift[0] += s.drift[0]
	d.drift[1] += s.drift[1]
	if d.purely < cleanLooks && d.good < noisyLooks || !d.inTune() {
		return
	}
	d.key, d.bad, d.likely, d.good = s.key, 0, 0, 0
	pressed(s.key)
}

// goesOn reports whether a look is like the one before it.
func (d *Detector) goesOn(s sight) bool {
	for i := range s.level {
		if math.Abs(s.level[i]-d.level[i]) > steady || math.Abs(s.drift[i]) > 2*offset {
			return false
		}
	}
	return true
}

// inTune reports whether the frequencies were right, on average over the looks.
func (d *Detector) inTune() bool {
	n := float64(d.good - 1)
	low, high := d.drift[0]/n, d.drift[1]/n
	return math.Abs(low) <= offset && math.Abs(high) <= offset && math.Abs(low-high) <= apart
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
