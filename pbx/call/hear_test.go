package call

import (
	"testing"
	"time"

	"dialtone/media/record"
)

// An utterance begins with a voice, not with a noise, and ends with silence.
func TestUtterance(t *testing.T) {
	const quiet, voice = 20, 3000
	type part struct {
		level int16
		lasts time.Duration
	}
	for _, c := range []struct {
		name        string
		parts       []part
		begun, over bool
		length      time.Duration // that is kept
	}{
		{"silence", []part{{quiet, 3 * time.Second}}, false, false, 2 * time.Second},
		{"a click", []part{{quiet, time.Second}, {voice, 60 * time.Millisecond}, {quiet, 4 * time.Second}}, false, false, 2 * time.Second},
		{"a word that goes on", []part{{quiet, 500 * time.Millisecond}, {voice, 400 * time.Millisecond}}, true, false, 900 * time.Millisecond},
		{"a word", []part{{voice, 400 * time.Millisecond}, {quiet, afterWords}}, true, true, 400*time.Millisecond + afterWords},
		{"words with a pause", []part{{voice, 400 * time.Millisecond}, {quiet, 500 * time.Millisecond}, {voice, 400 * time.Millisecond}}, true, false, 1300 * time.Millisecond},
		{"who does not stop", []part{{voice, maxUtterance}}, true, true, maxUtterance},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &utterance{over: make(chan struct{})}
			for _, p := range c.parts {
				for range p.lasts / (20 * time.Millisecond) {
					frame := make([]int16, record.Rate/50)
					for i := range frame {
						if frame[i] = p.level; i%2 > 0 {
							frame[i] = -p.level
						}
					}
					if err := u.Write(frame); err != nil {
						t.Fatal(err)
					}
				}
			}
			over := false
			select {
			case <-u.over:
				over = true
			default:
			}
			if u.begun.Load() != c.begun || over != c.over {
				t.Errorf("begun %v, over %v", u.begun.Load(), over)
			}
			if got := u.Length(); got > c.length || got < min(c.length, time.Second)-time.Millisecond {
				t.Errorf("%s are kept, want %s at most", got, c.length)
			}
		})
	}
}
