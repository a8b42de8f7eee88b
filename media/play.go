package media

import (
	"context"
	"fmt"
	"time"

	"dialtone/media/codec"
)

// rate is the sampling rate of what is played, in Hz.
const rate = 8000

// PlayTone sends a steady tone of hz to e until ctx is done, and returns the
// cause of that. It fails with a *NoCommonCodecError when e accepts neither PCMU nor
// PCMA.
func PlayTone(ctx context.Context, e Endpoint, hz float64) error {
	return play(ctx, e, fmt.Sprintf("tone %g Hz", hz), func(n int) int16 { return sine(n, hz) })
}

// PlayMusic sends music on hold to e until ctx is done, like PlayTone.
func PlayMusic(ctx context.Context, e Endpoint) error {
	loop := music()
	return play(ctx, e, "music", func(n int) int16 { return loop[n%len(loop)] })
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

// play sends source, a function of the sample number, in packets; a Hearer is
// told what it is. Each packet has its own deadline counted from the start, so that timers that fire late do
// not add up.
func play(ctx context.Context, e Endpoint, what string, source func(n int) int16) error {
	if h, ok := e.(Hearer); ok {
		return tell(ctx, e, h, what)
	}
	var (
		sent    int // samples
		payload []byte
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
		payload = encode(payload[:0], c, source, sent, samples)
		e.Write(format, payload, samples, first)
		sent += samples
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

func encode(payload []byte, c codec.Codec, source func(int) int16, from, samples int) []byte {
	var pcm [rate / 1000 * 120]int16
	for i := range samples {
		pcm[i] = source(from + i)
	}
	if cap(payload) < 2*samples {
		payload = make([]byte, 2*samples)
	}
	payload = payload[:2*samples]
	return payload[:c.Encode(payload, pcm[:samples])]
}
