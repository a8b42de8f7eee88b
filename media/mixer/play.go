package mixer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
)

// Clip is audio that has an end, as media.Clip, or none. Its rate is 8000 Hz, unless
// it has a method Rate that says 16000 or 48000.
type Clip interface {
	// Read fills pcm with what comes next. It gives fewer samples only at the end,
	// then 0 and io.EOF.
	Read(pcm []int16) (int, error)
}

// ahead is how many frames are read before they are heard, so that the tick never
// waits for a file.
const ahead = 16

// play is a clip that is heard.
type play struct {
	to     []*Member // nobody: all
	rate   int
	frames [ahead][maxFrame]int16
	read   atomic.Uint64 // frames that were heard; the tick's
	filled atomic.Uint64 // frames that are there; the reader's
	wake   chan struct{} // capacity 1: there is room, or it is over
	stop   atomic.Bool   // to be faded out
	over   atomic.Bool   // nothing is heard any more

	ended bool // the reader's: all has been read
	err   error

	re   resampler
	wide [maxFrame]int16
}

// Play lets all hear clip, or only those who are named, and returns when it is over,
// which is no error, when they are gone, or when ctx is done, with its cause. Several
// clips may be played at once.
func (m *Mixer) Play(ctx context.Context, clip Clip, to ...*Member) error {
	p := &play{to: to, rate: 8000, wake: make(chan struct{}, 1)}
	if r, ok := clip.(interface{ Rate() int }); ok {
		p.rate = r.Rate()
	}
	if p.rate != 8000 && p.rate != 16000 && p.rate != 48000 {
		return fmt.Errorf("playing to a conference: the rate is %d Hz, want 8000, 16000 or 48000", p.rate)
	}
	if p.ended, p.err = p.fill(clip); p.err != nil {
		return p.err
	}
	change(m, &m.plays, func(all []*play) []*play { return append(all, p) })
	defer change(m, &m.plays, func(all []*play) []*play {
		return slices.DeleteFunc(all, func(other *play) bool { return other == p })
	})
	stop := context.AfterFunc(ctx, func() { p.stop.Store(true) }) // the tick fades it out
	defer stop()
	for !p.done() {
		select {
		case <-m.closed:
			return nil
		case <-p.wake:
		}
		if !p.ended {
			p.ended, p.err = p.fill(clip)
		}
	}
	if p.stop.Load() {
		return context.Cause(ctx)
	}
	return p.err
}

// done reports whether there is nothing more to be heard.
func (p *play) done() bool {
	return p.over.Load() || p.ended && p.read.Load() == p.filled.Load()
}

// fill reads as far ahead as there is room.
func (p *play) fill(clip Clip) (ended bool, err error) {
	size := p.rate / 50
	for p.filled.Load()-p.read.Load() < ahead {
		frame := p.frames[p.filled.Load()%ahead][:size]
		n, err := clip.Read(frame)
		clear(frame[n:])
		if n > 0 {
			p.filled.Add(1)
		}
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return true, err
		case n < size:
			return true, nil
		}
	}
	return false, nil
}

// next gives the frame to be heard now, nil when there is none. It belongs to the
// tick.
func (p *play) next() []int16 {
	defer func() {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}()
	if p.over.Load() {
		return nil
	}
	if p.deserted() {
		p.over.Store(true)
		return nil
	}
	n := p.read.Load()
	if n == p.filled.Load() {
		p.over.Store(p.stop.Load())
		return nil
	}
	frame := p.frames[n%ahead][:p.rate/50]
	if p.stop.Load() { // the last one: down to nothing
		for i := range frame {
			frame[i] = int16(int(frame[i]) * (len(frame) - 1 - i) / len(frame))
		}
		p.over.Store(true)
	}
	return frame
}

// deserted reports whether all to whom it is played are gone.
func (p *play) deserted() bool {
	return len(p.to) > 0 && !slices.ContainsFunc(p.to, func(m *Member) bool { return !m.gone() })
}

// play adds what is played to sum, or to what single members hear.
func (t *tick) play(sum []int32) {
	for _, p := range *t.mixer.plays.Load() {
		pcm := p.next()
		if pcm == nil {
			continue
		}
		if p.rate != t.rate {
			pcm = p.re.do(p.wide[:], pcm, p.rate, t.rate)
		}
		if len(p.to) == 0 {
			add(sum, pcm)
		}
		for _, m := range p.to {
			if m.out.played != t.number {
				m.out.played = t.number
				clear(m.out.private[:])
			}
			add(m.out.private[:len(sum)], pcm)
		}
		p.read.Add(1)
	}
}

func add(sum []int32, pcm []int16) {
	for i, s := range pcm {
		sum[i] += int32(s)
	}
}
