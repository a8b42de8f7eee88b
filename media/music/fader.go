package music

import (
	"io"
	"math"
	"slices"
	"time"
)

// source is music of rate. It is for one goroutine.
type source interface {
	// read fills pcm with what comes next; an error, io.EOF mostly, comes alone.
	read(pcm []int16) (int, error)
	close()
}

// crossfade is for how long the end of one piece and the beginning of the next are
// heard together.
const crossfade = 250 * time.Millisecond

// fadeSamples is that as samples.
const fadeSamples = int(crossfade * rate / time.Second)

// fader plays one source after the other without a click. It reads ahead by the length
// of a crossfade, to see the end before it comes.
type fader struct {
	cur   source
	next  func() source // what comes when cur is over, or has failed with failed
	over  bool          // cur has given all
	err   error         // why
	ahead []int16       // of cur
	old   []int16       // what is faded out
	at    int           // in old
	read  int64         // samples that sources gave
}

// switchTo goes on with another source.
func (f *fader) switchTo(s source) {
	if left := len(f.old) - f.at; left > 0 { // in the middle of another change: what is heard now is faded out
		if n := len(f.ahead); n < left {
			f.ahead = slices.Grow(f.ahead, left-n)[:left]
			clear(f.ahead[n:])
		}
		f.mix(f.ahead[:left])
	}
	f.old, f.at = append(f.old[:0], f.ahead[:min(len(f.ahead), fadeSamples)]...), 0
	f.ahead = f.ahead[:0]
	if f.cur != nil && f.cur != s {
		f.cur.close()
	}
	f.cur, f.over, f.err = s, false, nil
}

// maxSwitches is how many pieces that are too short to be heard are tried in sequence.
const maxSwitches = 4

// fill puts what is heard next to pcm.
func (f *fader) fill(pcm []int16) {
	for switches := 0; len(pcm) > 0 && switches < maxSwitches; {
		if f.cur == nil {
			f.switchTo(f.next())
		}
		f.look(len(pcm))
		n := len(f.ahead) - fadeSamples
		if n <= 0 { // only the end is left
			f.switchTo(f.next())
			switches++
			continue
		}
		n = min(n, len(pcm))
		copy(pcm, f.ahead[:n])
		f.mix(pcm[:n])
		f.ahead = f.ahead[:copy(f.ahead, f.ahead[n:])]
		pcm, switches = pcm[n:], 0
	}
	clear(pcm)
	f.mix(pcm)
}

// mix adds what is faded out to what is faded in.
func (f *fader) mix(pcm []int16) {
	for i := range pcm {
		if f.at == len(f.old) {
			return
		}
		x := float64(f.at+1) / float64(len(f.old)+1)
		in := 0.5 - 0.5*math.Cos(math.Pi*x)
		pcm[i] = int16(in*float64(pcm[i]) + (1-in)*float64(f.old[f.at]))
		f.at++
	}
}

// look reads ahead, so that n samples can be heard and a crossfade remains.
func (f *fader) look(n int) {
	want := n + fadeSamples
	for !f.over && len(f.ahead) < want {
		at := len(f.ahead)
		f.ahead = slices.Grow(f.ahead, want-at)[:want]
		got, err := f.cur.read(f.ahead[at:])
		f.ahead = f.ahead[:at+got]
		f.read += int64(got)
		if err != nil || got == 0 {
			f.over = true
			if err != io.EOF { //nolint:errorlint // sources give that as it is
				f.err = err
			}
		}
	}
}

func (f *fader) close() {
	if f.cur != nil {
		f.cur.close()
	}
	*f = fader{next: f.next, read: f.read}
}
