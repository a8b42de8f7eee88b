package call

import (
	"strings"
	"sync/atomic"
	"time"

	"dialtone/dialplan"
)

// steering lets keys move about in what is played. Its methods may be called while that
// is read.
type steering struct {
	dialplan.Skipping
	way    atomic.Int64 // to be moved, in nanoseconds
	paused atomic.Bool
}

// press does what a key asks for.
func (s *steering) press(key byte) {
	has := func(set string) bool { return strings.IndexByte(set, key) >= 0 }
	switch {
	case has(s.Forward):
		s.way.Add(int64(s.By))
	case has(s.Back):
		s.way.Add(-int64(s.By))
	case has(s.Pause):
		s.paused.Store(!s.paused.Load())
		return
	}
	s.paused.Store(false)
}

// steer puts a clip under the hand of s.
func (s *steering) steer(p *prompt) *prompt {
	if s == nil || p == nil || s.Keys() == "" {
		return p
	}
	own := *p
	own.openClip = &steered{openClip: p.openClip, rate: p.Rate(), by: s}
	return &own
}

// steered is a clip that keys move about in.
type steered struct {
	openClip
	rate int
	by   *steering
	read int64 // samples, from the beginning
}

// Rate is how many samples a second it has.
func (c *steered) Rate() int { return c.rate }

// Read implements media.Clip: silence while it is paused.
func (c *steered) Read(pcm []int16) (int, error) {
	if way := time.Duration(c.by.way.Swap(0)); way != 0 {
		if err := c.move(way); err != nil {
			return 0, err
		}
	}
	if c.by.paused.Load() {
		clear(pcm)
		return len(pcm), nil
	}
	n, err := c.openClip.Read(pcm)
	c.read += int64(n)
	return n, err
}

// move goes on so much later, or earlier, as far as the clip can do that.
func (c *steered) move(way time.Duration) error {
	to := max(0, time.Duration(c.read)*time.Second/time.Duration(c.rate)+way)
	if s, ok := c.openClip.(interface{ Seek(to time.Duration) error }); ok {
		if err := s.Seek(to); err == nil {
			c.read = int64(to) * int64(c.rate) / int64(time.Second)
			return nil
		}
	}
	pcm := make([]int16, c.rate/50)
	for target := int64(to) * int64(c.rate) / int64(time.Second); c.read < target; {
		n, err := c.openClip.Read(pcm[:min(int64(len(pcm)), target-c.read)])
		c.read += int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}
