package mixer

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"dialtone/media/codec"
)

// tone is a clip.
type tone struct {
	hz   float64
	rate int
	left int // samples
	n    int
	fail error
}

func (c *tone) Rate() int { return c.rate }

func (c *tone) Read(pcm []int16) (int, error) {
	if c.left == 0 && c.fail != nil {
		return 0, c.fail
	}
	if c.left == 0 {
		return 0, io.EOF
	}
	n := min(len(pcm), c.left)
	for i := range n {
		pcm[i] = sine(c.n, c.rate, c.hz)
		c.n++
	}
	c.left -= n
	return n, nil
}

func TestClipsAreHeardByAllOrByOne(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		conference(t, Options{}, func(r *room) {
			a, _ := r.join(codec.PCMU, 500, 3000, MemberOptions{})
			b, mb := r.join(codec.G722, 700, 3000, MemberOptions{Deaf: true})
			l, _ := r.listener(codec.PCMU)
			done := make(chan error, 2)
			go func() { done <- r.mixer.Play(r.t.Context(), &tone{hz: 1100, rate: rate, left: rate}) }()
			go func() { done <- r.mixer.Play(r.t.Context(), &tone{hz: 1500, rate: rate, left: rate}, mb) }()
			r.pass(900 * time.Millisecond)
			r.hears(a, map[float64]float64{500: 0, 700: 3000, 1100: 3000, 1500: 0})
			r.hears(b, map[float64]float64{500: 0, 700: 0, 1100: 0, 1500: 3000})
			r.hears(l, map[float64]float64{500: 3000, 700: 3000, 1100: 3000, 1500: 0})
			r.pass(500 * time.Millisecond)
			for range 2 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			r.hears(l, map[float64]float64{500: 3000, 1100: 0})
			r.hears(b, map[float64]float64{1500: 0})
		})
	}
}

func TestPlayEnds(t *testing.T) {
	over, broken := errors.New("over"), errors.New("broken")
	for _, c := range []struct {
		name string
		clip *tone
		do   func(r *room, m *Member, cancel context.CancelCauseFunc)
		want error
	}{
		{"by the context", &tone{hz: 500, rate: 8000, left: 1 << 30}, func(_ *room, _ *Member, cancel context.CancelCauseFunc) { cancel(over) }, over},
		{"as the member leaves", &tone{hz: 500, rate: 8000, left: 1 << 30}, func(r *room, m *Member, _ context.CancelCauseFunc) { r.mixer.Remove(m) }, nil},
		{"as the conference ends", &tone{hz: 500, rate: 8000, left: 1 << 30}, func(r *room, _ *Member, _ context.CancelCauseFunc) { r.mixer.Close() }, nil},
		{"as the clip breaks", &tone{hz: 500, rate: 8000, left: 8000, fail: broken}, nil, broken},
		{"at once", &tone{hz: 500, rate: 8000, left: 0}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			conference(t, Options{}, func(r *room) {
				ctx, cancel := context.WithCancelCause(r.t.Context())
				defer cancel(nil)
				l, m := r.listener(codec.L16)
				done := make(chan error, 1)
				go func() { done <- r.mixer.Play(ctx, c.clip, m) }()
				r.pass(500 * time.Millisecond)
				if c.do != nil {
					c.do(r, m, cancel)
				}
				r.pass(time.Second)
				if err := <-done; !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if step, at := click(l.heard, 8000, 500); errors.Is(c.want, over) && step > 1000 {
					t.Errorf("a step of %.0f after %d ms", step, at/8)
				}
			})
		})
	}
	conference(t, Options{}, func(r *room) {
		if err := r.mixer.Play(r.t.Context(), &tone{rate: 44100, left: 9}); err == nil {
			t.Errorf("a rate that cannot be mixed was taken")
		}
	})
}
