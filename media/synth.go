package media

import (
	"math"
	"sync"
)

// sine is sample n of a tone at -12 dB of full scale, loud enough for a phone
// and without clipping. Its first samples rise, so that it starts without a
// click.
func sine(n int, hz float64) int16 {
	const level = 8192
	rise := min(1, float64(n)/(rate/100))
	_, turn := math.Modf(float64(n) * hz / rate)
	return int16(level * rise * math.Sin(2*math.Pi*turn))
}

// The music is an arpeggio over four chords, each note ringing on into the next
// ones, repeated for ever. Notes are half tones above 220 Hz.
var arpeggio = [...]int{
	0, 7, 12, 16, 19, 16, 12, 7, // A major
	-3, 4, 9, 12, 16, 12, 9, 4, // F sharp minor
	5, 9, 12, 17, 21, 17, 12, 9, // D major
	7, 11, 14, 19, 23, 19, 14, 11, // E major
}

const (
	noteLength = rate / 4              // from one note to the next, in samples
	noteRing   = 4                     // for how many such lengths a note sounds
	musicLoop  = noteLength * (8 * 4)  // samples
	noteRise   = rate / 50             // samples until a note is at its loudest
	noteLevel  = 4800                  // of 32767; at most four sound at once
	noteDecay  = 1.0 / (0.28 * rate)   // per sample
	noteEnd    = noteLength * noteRing // samples after which it is silent
)

// music is one turn of the loop. It takes some milliseconds to make, so it is
// made when it is first wanted and then shared.
var music = sync.OnceValue(func() []int16 {
	loop := make([]int16, musicLoop)
	for n := range loop {
		loop[n] = musicSample(n)
	}
	return loop
})

// musicSample is sample n of the music: a function of n alone, with period
// musicLoop. Notes that still ring at the end of the loop ring on at its start.
func musicSample(n int) int16 {
	n %= musicLoop
	current := n / noteLength
	var sum float64
	for back := range noteRing {
		note := (current - back + len(arpeggio)) % len(arpeggio)
		age := n - current*noteLength + back*noteLength
		sum += noteSample(arpeggio[note], age)
	}
	return int16(sum)
}

// noteSample is how a note sounds age samples after it was struck.
func noteSample(halfTones, age int) float64 {
	hz := 220 * math.Pow(2, float64(halfTones)/12)
	t := float64(age)
	rise := 0.5 - 0.5*math.Cos(math.Pi*min(1, t/noteRise))
	fade := 0.5 + 0.5*math.Cos(math.Pi*t/noteEnd)
	phase := 2 * math.Pi * hz * t / rate
	tone := math.Sin(phase) + 0.3*math.Sin(2*phase) + 0.1*math.Sin(3*phase)
	return noteLevel * rise * fade * math.Exp(-t*noteDecay) * tone
}
