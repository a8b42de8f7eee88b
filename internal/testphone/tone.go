package testphone

import "math"

const (
	rate       = 8000      // samples a second of G.711
	frame      = rate / 50 // samples of 20 ms
	window     = rate / 10 // samples that a tone is looked for in: 100 ms
	loud       = 8000      // amplitude of the tones that phones speak
	noiseFloor = 100.0     // root mean square below which there is silence
	purity     = 0.5       // part of the energy that a heard tone has at least
	twoPi      = 2 * math.Pi
)

// sine fills out with hz, going on from phase, and returns the next phase.
func sine(out []int16, hz, phase float64) float64 {
	for i := range out {
		out[i] = int16(loud * math.Sin(phase))
		phase += twoPi * hz / rate
	}
	return math.Mod(phase, twoPi)
}

// RMS is the root mean square of pcm.
func RMS(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(max(len(pcm), 1)))
}

// Share is which part of the energy of pcm, sampled at 8 kHz, lies at hz: 1 for
// that very tone, by the algorithm of Goertzel.
func Share(pcm []int16, hz float64) float64 {
	coeff := 2 * math.Cos(twoPi*hz/rate)
	var s1, s2, energy float64
	for _, x := range pcm {
		v := float64(x)
		s1, s2 = v+coeff*s1-s2, s1
		energy += v * v
	}
	if energy == 0 {
		return 0
	}
	power := s1*s1 + s2*s2 - coeff*s1*s2
	return 2 * power / (energy * float64(len(pcm)))
}

// HasTone reports whether hz is what is heard in pcm: loud enough, and most of
// its energy.
func HasTone(pcm []int16, hz float64) bool {
	return RMS(pcm) > noiseFloor && Share(pcm, hz) > purity
}

// Sounds reports whether hz is heard for that many samples anywhere in pcm.
func Sounds(pcm []int16, hz float64, samples int) bool {
	for at := 0; at+samples <= len(pcm); at += samples / 4 {
		if HasTone(pcm[at:at+samples], hz) {
			return true
		}
	}
	return false
}

// Loudest names the strongest of the tones that tests use, for messages; 0 when
// pcm is silent.
func Loudest(pcm []int16) float64 {
	if RMS(pcm) <= noiseFloor {
		return 0
	}
	best, at := 0.0, 0.0
	for hz := 100.0; hz <= 3400; hz += 10 {
		if s := Share(pcm, hz); s > best {
			best, at = s, hz
		}
	}
	return at
}
