package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"dialtone/media/codec"
)

// rate is the sampling rate of what is played, in Hz.
const rate = 8000

// maxFrame is how many samples go into one packet at most: 120 ms.
const maxFrame = rate / 1000 * 120

// PlayTone sends a steady tone of hz to e until ctx is done, and returns the
// cause of that. It fails with a *NoCommonCodecError when e accepts neither PCMU nor
// PCMA.
func PlayTone(ctx context.Context, e Endpoint, hz float64) error {
	return play(ctx, e, fmt.Sprintf("tone %g Hz", hz), forever(func(n int) int16 { return sine(n, hz) }))
}

// PlayMusic sends music on hold to e until ctx is done, like PlayTone.
func PlayMusic(ctx context.Context, e Endpoint) error {
	loop := music()
	return play(ctx, e, "music", forever(func(n int) int16 { return loop[n%len(loop)] }))
}

// Clip is audio of 8000 samples a second that has an end.
type Clip interface {
	// Read fills pcm with what comes next. It gives fewer samples only at the end,
	// then 0 and io.EOF.
	Read(pcm []int16) (int, error)
	// Length is how long it lasts.
	Length() time.Duration
}

// PlayClip sends clip to e until it is over, which is no error, or ctx is done. To
// who only hears what is played, it is called name.
func PlayClip(ctx context.Context, e Endpoint, name string, clip Clip) error {
	if _, ok := e.(Hearer); !ok {
		return play(ctx, e, name, clip.Read)
	}
	playing, stop := context.WithTimeout(ctx, clip.Length())
	defer stop()
	err := play(playing, e, name, clip.Read)
	if playing.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// source fills pcm with the samples that come next, as Clip.Read does.
type source func(pcm []int16) (int, error)

// forever is the source of a function of the sample number.
func forever(sample func(n int) int16) source {
	n := 0
	return func(pcm []int16) (int, error) {
		for i := range pcm {
			pcm[i] = sample(n)
			n++
		}
		return len(pcm), nil
	}
}

// Hearer is an endpoint that is told what is played to it instead of getting the
// packets: a phone that is simulated.
type Hearer interface {
	// Hear is told what is heard from now on until stop is called.
	Hear(what string) (stop func())
}

// pacer is an endpoint for which a packet time was negotiated.
type pacer interface{ Ptime() time.Duration }

// frameTime is how much audio goes into one packet.
func frameTime(e Endpoint) time.Duration {
	const usual = 20 * time.Millisecond
	if p, ok := e.(pacer); ok {
		if t := p.Ptime().Truncate(time.Millisecond); t >= 10*time.Millisecond && t <= 120*time.Millisecond {
			return t
		}
	}
	return usual
}

// play sends source in packets until that is over; a Hearer is told what it is.
// Each packet has its own deadline counted from the start, so that timers that
// fire late do not add up.
func play(ctx context.Context, e Endpoint, what string, from source) error {
	if h, ok := e.(Hearer); ok {
		return tell(ctx, e, h, what)
	}
	var (
		pcm     [maxFrame]int16
		payload [2 * maxFrame]byte
		next    = time.Now()
		timer   = time.NewTimer(0)
	)
	defer timer.Stop()
	for first := true; ; first = false {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
		format, c, err := playable(e)
		if err != nil {
			return err
		}
		frame := frameTime(e)
		samples := int(frame * rate / time.Second)
		n, err := from(pcm[:samples])
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		clear(pcm[n:samples])
		e.Write(format, payload[:c.Encode(payload[:], pcm[:samples])], samples, first)
		next = next.Add(frame)
		next = catchUp(next, time.Now())
		timer.Reset(time.Until(next))
	}
}

// tell lets h hear what until ctx is done.
func tell(ctx context.Context, e Endpoint, h Hearer, what string) error {
	if _, _, err := playable(e); err != nil {
		return err
	}
	stop := h.Hear(what)
	defer stop()
	<-ctx.Done()
	return context.Cause(ctx)
}

// catchUp gives up what was missed while the process stood still, rather than
// sending it as a burst.
func catchUp(next, now time.Time) time.Time {
	if now.Sub(next) > 200*time.Millisecond {
		return now
	}
	return next
}

// playable gives the format to send to e: the first one that can be encoded.
func playable(e Endpoint) (codec.Format, codec.Codec, error) {
	formats := e.Formats()
	for _, f := range formats {
		if c, ok := codec.For(f); ok && f.Clock == rate {
			return f, c, nil
		}
	}
	return codec.Format{}, nil, &NoCommonCodecError{A: audio(formats)}
}
