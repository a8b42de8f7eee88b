package jitter

import (
	"math/rand/v2"
	"testing"
	"time"

	"dialtone/media/codec"
)

// memory guesses from what was said 20 ms ago and before, and knows what is lost.
type memory struct{ linear }

func (m *memory) Conceal(pcm []int16) {
	copy(pcm, m.history[len(m.history)-2*len(pcm):])
	m.remember(pcm)
}

func (m *memory) Recover(pcm []int16, _ []byte) bool {
	clear(pcm)
	return true
}

// What is hushed keeps its place and its time, and nothing tells of it: no guess for what is
// lost in it, and none for what is lost behind it.
func TestHushedPacketsAreNotHeard(t *testing.T) {
	const loud, soft = 10000, 1000
	const from, till = 50, 400 // packets of 20 ms
	began, ended := epoch.Add((from+1)*20*time.Millisecond), epoch.Add((till+1)*20*time.Millisecond)
	loudTone, softTone := sineOf(8000, 437, loud), sineOf(8000, 437, soft)
	var heard [2]int // soft frames, before and behind
	loudest := int16(0)
	tr := &trace{
		length: 12 * time.Second, ppm: 100,
		sample: func(n int64) int16 {
			if n/160 >= from && n/160 < till {
				return loudTone(n)
			}
			return softTone(n)
		},
		lose: func(_ *rand.Rand, i int) bool {
			return i == from || i == 200 || i == till-1 || i == till+1 || i == till+2
		},
		o: Options{
			Min: 100 * time.Millisecond, Max: 100 * time.Millisecond, Steady: true,
			Hushed:   func(sent, arrived time.Time) bool { return !arrived.Before(began) && sent.Before(ended) },
			Decoders: func(_ codec.Format, rate int) (codec.Decoder, error) { return &memory{linear{rate: rate}}, nil },
		},
	}
	tr.each = func(tick int, _ time.Duration, pcm []int16) {
		peak := int16(0)
		for _, s := range pcm {
			peak = max(peak, s)
		}
		if loudest = max(loudest, peak); peak > soft/2 {
			heard[min(tick/((from+till)/2), 1)]++
		}
	}
	s := tr.run(t).Stats()
	if loudest > soft*5/4 {
		t.Errorf("a level of %d is heard", loudest)
	}
	if heard[0] < from-2 || heard[0] > from+8 || heard[1] < 600-till-10 {
		t.Errorf("%d frames before it and %d behind it are heard", heard[0], heard[1])
	}
	if s.Recovered != 1 { // the last one
		t.Errorf("%d packets are recovered", s.Recovered)
	}
	if s.Lost != 5 || s.Late > 0 || s.Discarded > 0 || s.Restarts > 0 {
		t.Errorf("%+v", s)
	}
}
