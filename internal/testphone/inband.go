package testphone

import (
	"math"
	"strings"
)

// Keys as tones within the audio (ITU-T Q.23).
const (
	keyGrid   = "123A456B789C*0#D"
	toneOn    = 5 // frames that a key sounds
	toneOff   = 4 // silent frames behind it
	toneLevel = 5000
)

var (
	keyRows    = [...]float64{697, 770, 852, 941}
	keyColumns = [...]float64{1209, 1336, 1477, 1633}
)

// inband is the state of both directions.
type inband struct {
	out   string // keys to sound; the first does now
	sent  int    // frames of it
	at    int    // samples of it
	heard string
	last  byte // heard in the last frame, 0 for none
	new   bool // it was heard in one frame only
}

// sound fills pcm with the next frame of a key; false when there is none.
func (b *inband) sound(pcm []int16) bool {
	if b.out == "" {
		return false
	}
	if i := strings.IndexByte(keyGrid, b.out[0]); i >= 0 && b.sent < toneOn {
		for n := range pcm {
			t := twoPi * float64(b.at) / rate
			pcm[n] = int16(toneLevel * (math.Sin(keyRows[i/4]*t) + math.Sin(keyColumns[i%4]*t)))
			b.at++
		}
	}
	if b.sent++; b.sent == toneOn+toneOff {
		b.out, b.sent, b.at = b.out[1:], 0, 0
	}
	return true
}

// listen looks for a key in a frame: it counts when it is in two in sequence.
func (b *inband) listen(pcm []int16) {
	key := keyIn(pcm)
	if key == 0 || key != b.last {
		b.last, b.new = key, key != 0
		return
	}
	if b.new {
		b.heard, b.new = b.heard+string(key), false
	}
}

func keyIn(pcm []int16) byte {
	if len(pcm) < frame/2 || RMS(pcm) <= noiseFloor {
		return 0
	}
	row, low := best(pcm, keyRows[:])
	column, high := best(pcm, keyColumns[:])
	if low+high < 0.8 || low < 0.1 || high < 0.1 {
		return 0
	}
	return keyGrid[row*4+column]
}

func best(pcm []int16, hz []float64) (at int, share float64) {
	for i, f := range hz {
		if s := Share(pcm, f); s > share {
			at, share = i, s
		}
	}
	return at, share
}

// Sound presses keys as tones within the audio, each for 100 ms.
func (c *Call) Sound(keys string) {
	a := c.audio
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inband.out += strings.ToUpper(keys)
}

// HeardTones are the keys that were heard as tones within the audio.
func (c *Call) HeardTones() string {
	a := c.audio
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inband.heard
}
