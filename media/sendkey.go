package media

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"dialtone/media/codec"
	sound "dialtone/media/tone"
)

// PlaySignal sends t to e until it is over, which is no error, or ctx is done, like
// PlayTone. To who only hears what is played, it is called name.
func PlaySignal(ctx context.Context, e Endpoint, name string, t sound.Tone) error {
	if _, ok := e.(Hearer); ok && t.Length() > 0 {
		playing, stop := context.WithTimeout(ctx, t.Length())
		defer stop()
		err := play(playing, e, name, nil)
		if playing.Err() != nil && ctx.Err() == nil {
			return nil
		}
		return err
	}
	return play(ctx, e, name, sound.NewGenerator(t, rate).Read)
}

// How keys are sent that are made here: long enough for every receiver (Q.24 wants 40
// ms), with a pause that no receiver overlooks.
const (
	KeyOn  = 100 * time.Millisecond
	KeyOff = 80 * time.Millisecond
)

// longestKey is for how long one is sent at most.
const longestKey = 10 * time.Second

// NoEventsError says that a far side takes no telephone events.
type NoEventsError struct{ Formats []codec.Format }

// Error names what it takes.
func (e *NoEventsError) Error() string {
	return "no telephone-event among " + list(e.Formats)
}

// SendEvent presses a key at the far side of e for so long, as telephone-event (RFC
// 4733), and returns when it is over; the pause behind it is up to the caller.
// Nothing else may be sent to e meanwhile. It fails with a *NoEventsError.
func SendEvent(ctx context.Context, e Endpoint, digit byte, held time.Duration) error {
	code := strings.IndexByte(Keypad, digit)
	if code < 0 {
		return fmt.Errorf("%q is no key", digit)
	}
	format, ok := eventOf(e.Formats())
	if !ok {
		return &NoEventsError{e.Formats()}
	}
	s := eventSender{to: e, format: format, code: byte(code), ssrc: rand.Uint32(), seq: uint16(rand.Uint32()), first: rand.Uint32()}
	frame := frameTime(e)
	steps := max(1, int((min(held, longestKey)+frame-1)/frame))
	tick := time.NewTicker(frame)
	defer tick.Stop()
	for n := 1; n <= steps; n++ {
		s.send(time.Duration(n)*frame, n == 1, n == steps)
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.send(time.Duration(n)*frame, false, true)
			return context.Cause(ctx)
		}
	}
	for range allEnds - 1 { // in case one is lost (§2.5.1.4)
		s.send(time.Duration(steps)*frame, false, true)
	}
	return nil
}

// eventOf is the telephone-event that goes with the audio which is sent, or any.
func eventOf(formats []codec.Format) (found codec.Format, ok bool) {
	clock := 0
	for _, f := range formats {
		switch {
		case f.IsAudio() && clock == 0:
			clock = f.Clock
		case isEvent(&f) && (!ok || f.Clock == clock && found.Clock != clock):
			found, ok = f, true
		}
	}
	return found, ok
}

// eventSender makes the packets of one key.
type eventSender struct {
	to     Endpoint
	format codec.Format
	code   byte
	ssrc   uint32
	seq    uint16
	first  uint32 // timestamp of its beginning
	buf    [headerSize + 4 + cipherTail]byte
}

// send says that the key has been pressed for so long. What the duration cannot count
// goes on as another part (§2.5.1.3).
func (s *eventSender) send(held time.Duration, begin, end bool) {
	const volume = 10 // -10 dBm0
	ticks := uint32(int64(held) * int64(s.format.Clock) / int64(time.Second))
	b := s.buf[headerSize : headerSize+4]
	b[0], b[1] = s.code, volume
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], uint16(ticks%part))
	s.buf[0] = 0x80
	s.to.Forward(&Packet{
		Raw: s.buf[:headerSize+4], Payload: b, Format: &s.format, SSRC: s.ssrc,
		Time: s.first + ticks/part*part, Seq: s.seq, Marker: begin,
	})
	s.seq++
}

// SendTones presses keys at the far side of e by their sound, each for so long, and
// returns when that is over. Nothing else may be sent to e meanwhile.
func SendTones(ctx context.Context, e Endpoint, keys string, held time.Duration) error {
	return PlaySignal(ctx, e, "keys "+keys, sound.Keys(keys, min(held, longestKey), KeyOff))
}
