package call

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/record"
)

// Hearing understands speech. It is safe for concurrent use.
type Hearing interface {
	// Hear gives the words of mono audio of rate samples a second.
	Hear(ctx context.Context, pcm []int16, rate int, language string) (string, error)
}

const (
	maxUtterance = 12 * time.Second       // that is listened to
	afterWords   = 800 * time.Millisecond // of silence end an utterance
	shortest     = 150 * time.Millisecond // of voice that is speech, and not a noise
	loud         = 184                    // of a sample on average in a voice, -45 dB of full scale
)

// utterance is what a caller says, until it is silent again. It is a record.Writer.
type utterance struct {
	pcm    []int16
	voiced time.Duration
	quiet  time.Duration // since then
	begun  atomic.Bool   // speech was heard
	once   sync.Once
	over   chan struct{} // closed when it is over
}

// Write implements record.Writer.
func (u *utterance) Write(pcm []int16) error {
	sum, length := 0, time.Duration(len(pcm))*time.Second/record.Rate
	for _, v := range pcm {
		sum += max(int(v), -int(v))
	}
	if len(pcm) > 0 && sum/len(pcm) > loud {
		u.quiet = 0
		if u.voiced += length; u.voiced >= shortest {
			u.begun.Store(true)
		}
	} else {
		u.quiet += length
	}
	if u.pcm = append(u.pcm, pcm...); !u.begun.Load() {
		const before = record.Rate // a second of what came before the words is kept
		if len(u.pcm) > 2*before {
			u.pcm = append(u.pcm[:0], u.pcm[len(u.pcm)-before:]...)
			u.voiced = 0
		}
		return nil
	}
	if u.quiet >= afterWords || len(u.pcm) >= int(maxUtterance/time.Second)*record.Rate {
		u.once.Do(func() { close(u.over) })
	}
	return nil
}

// Flush implements record.Writer.
func (*utterance) Flush() error { return nil }

// Length implements record.Writer.
func (u *utterance) Length() time.Duration {
	return time.Duration(len(u.pcm)) * time.Second / record.Rate
}

// hear is like gather, but understands what the caller says, too, when all was played.
func (c *Call) hear(ctx context.Context, g dialplan.Gathering, play func(context.Context) playback) (dialplan.Gathered, []string, error) {
	first := g
	first.Timeout = time.Millisecond
	got, skipped, err := c.gather(ctx, first, play)
	if err != nil || !got.TimedOut {
		return got, skipped, err
	}
	u := &utterance{over: make(chan struct{})}
	pressed, err := c.utter(ctx, g.Timeout, u)
	switch {
	case err != nil:
		return got, skipped, err
	case pressed:
		g.Fresh = false
		got, _, err = c.gather(ctx, g, nil)
		return got, skipped, err
	case !u.begun.Load():
		return dialplan.Gathered{TimedOut: true}, skipped, nil
	}
	said, err := c.board.hearing.Hear(ctx, u.pcm, record.Rate, g.Language)
	if ctx.Err() != nil {
		return got, skipped, context.Cause(ctx)
	}
	if err != nil {
		c.log.Warn("what the caller said is not understood", "error", err)
	}
	return dialplan.Gathered{Spoke: true, Said: said}, skipped, nil
}

// utter listens until the caller has said something, presses a key, or does neither
// within patience.
func (c *Call) utter(ctx context.Context, patience time.Duration, u *utterance) (pressed bool, err error) {
	a, err := c.attend(ctx)
	if err != nil {
		return false, err
	}
	defer a.close()
	rec := record.Start(record.Options{To: u})
	tap := media.NewTap(c.caller.Media(), c.keys)
	tap.MuteTones(true)
	tap.SetSink(rec)
	defer func() {
		tap.RemoveSink(rec)
		c.listen()
		rec.Stop()
	}()
	a.ended = u.over
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		what, err := a.next(timer.C)
		if err != nil {
			return false, err
		}
		switch _, waits := c.keys.First(); {
		case waits:
			return true, nil
		case what == hasEnded, what == timedOut && !u.begun.Load():
			return false, nil
		}
	}
}
