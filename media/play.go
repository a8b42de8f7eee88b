package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"dialtone/media/codec"
)

// rate is the sampling rate of what is made here, in Hz.
const rate = 8000

// maxMillis is how long a packet is at most, in ms; maxFrame as samples of rate.
const (
	maxMillis = 120
	maxFrame  = rate / 1000 * maxMillis
)

// PlayTone sends a steady tone of hz to e until ctx is done, and returns the
// cause of that. It fails with a *NoCommonCodecError when e accepts no codec that
// can be encoded here.
func PlayTone(ctx context.Context, e Endpoint, hz float64) error {
	return play(ctx, e, fmt.Sprintf("tone %g Hz", hz), forever(func(n int) int16 { return sine(n, hz) }))
}

// PlayMusic sends music on hold to e until ctx is done, like PlayTone.
func PlayMusic(ctx context.Context, e Endpoint) error {
	loop := music()
	return play(ctx, e, "music", forever(func(n int) int16 { return loop[n%len(loop)] }))
}

// Music is the built-in music, 8000 samples a second, to be repeated. It must not be
// changed.
func Music() []int16 { return music() }

// PacketTime is how much audio goes into one packet of f to e.
func PacketTime(e Endpoint, f codec.Format) time.Duration { return codec.FrameTime(f, frameTime(e)) }

// Playable is the format in which audio made here is sent to e. The error is a
// *NoCommonCodecError.
func Playable(e Endpoint) (codec.Format, error) { return playable(e) }

// Clip is audio that has an end. It has 8000 samples a second, unless it has a method
// Rate() int that says 16000 or 48000.
type Clip interface {
	// Read fills pcm with what comes next. It gives fewer samples only at the end,
	// then 0 and io.EOF.
	Read(pcm []int16) (int, error)
	// Length is how long it lasts.
	Length() time.Duration
}

// rated is audio that says how many samples a second it has.
type rated interface{ Rate() int }

// RateFor is the rate in Hz of what is best played to e, as its format is now: 8000,
// 16000 or 48000.
func RateFor(e Endpoint) int {
	if f, err := playable(e); err == nil {
		return codec.Rate(f)
	}
	return rate
}

// PlayClip sends clip to e until it is over, which is no error, or ctx is done. To
// who only hears what is played, it is called name.
func PlayClip(ctx context.Context, e Endpoint, name string, clip Clip) error {
	hz := rate
	if r, ok := clip.(rated); ok {
		hz = r.Rate()
	}
	if _, ok := e.(Hearer); !ok {
		return playAt(ctx, e, name, hz, clip.Read)
	}
	playing, stop := context.WithTimeout(ctx, clip.Length())
	defer stop()
	err := playAt(playing, e, name, hz, clip.Read)
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

// play is playAt for what is made here.
func play(ctx context.Context, e Endpoint, what string, from source) error {
	return playAt(ctx, e, what, rate, from)
}

// playAt sends source, of hz samples a second, in packets until that is over; a Hearer is
// told what it is.
// Each packet has its own deadline counted from the start, so that timers that
// fire late do not add up.
func playAt(ctx context.Context, e Endpoint, what string, hz int, from source) error {
	if h, ok := e.(Hearer); ok {
		return tell(ctx, e, h, what)
	}
	w := &writer{to: e, rate: hz}
	defer w.close()
	pcm := make([]int16, hz/1000*maxMillis)
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
		samples, err := w.prepare()
		if err != nil {
			return err
		}
		n, err := from(pcm[:samples])
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		clear(pcm[n:samples])
		w.write(pcm[:samples])
		next = catchUp(next.Add(time.Duration(samples)*time.Second/time.Duration(hz)), time.Now())
		timer.Reset(time.Until(next))
	}
}

// writer encodes what is played for an endpoint, in whatever that accepts now.
type writer struct {
	to      Endpoint
	rate    int // of what is played
	format  codec.Format
	enc     codec.Encoder
	begun   bool
	payload [maxPayload]byte
}

// prepare gives how many samples the next packet holds.
func (w *writer) prepare() (samples int, err error) {
	format, err := playable(w.to)
	if err != nil {
		return 0, err
	}
	if w.enc == nil || format != w.format {
		enc, err := codec.NewEncoder(format, codec.Options{Rate: w.rate, Loss: Loss(w.to)})
		if err != nil {
			return 0, err
		}
		w.close()
		w.format, w.enc = format, enc
	}
	return int(codec.FrameTime(format, frameTime(w.to)) * time.Duration(w.rate) / time.Second), nil
}

// write sends one packet.
func (w *writer) write(pcm []int16) {
	n := w.enc.Encode(w.payload[:], pcm)
	w.to.Write(w.format, w.payload[:n], len(pcm)*w.format.Clock/w.rate, n > 0 && !w.begun)
	w.begun = n > 0
}

func (w *writer) close() {
	if w.enc != nil {
		w.enc.Close()
	}
}

// tell lets h hear what until ctx is done.
func tell(ctx context.Context, e Endpoint, h Hearer, what string) error {
	if _, err := playable(e); err != nil {
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
func playable(e Endpoint) (codec.Format, error) {
	formats := e.Formats()
	for _, f := range formats {
		if f.IsAudio() && codec.Rate(f) > 0 {
			return f, nil
		}
	}
	return codec.Format{}, &NoCommonCodecError{A: audio(formats)}
}
