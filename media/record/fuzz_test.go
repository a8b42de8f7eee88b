package record

import (
	"encoding/binary"
	"testing"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// FuzzStereo records what two sides send who stick to nothing: formats, sizes, numbers
// and times are what they are. A recording must last as long as it did, less its
// pauses.
func FuzzStereo(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x01\x00\x00\x00\xa0\x07audio\x04\x01\x00\x02\x00\x00\x01\x40\x07audio"), uint8(0))
	f.Add([]byte("\x02\x02\xff\xff\xff\xff\xff\xff\xff\x80\x01\x00\x00\x00\x00\x00\x00\x00\x09\x0a"), uint8(1))
	f.Add([]byte("\x01\x63\x00\x01\x00\x00\x00\xa0\x03\xfc\x01\x08\x63\x00\x01\x00\x00\x03\xc0\x03\x0b\xe4"), uint8(1))
	f.Add([]byte("\x06\x07\x08\x06\x07\x08\x06\x07\x08\x06\x07\x08"), uint8(0))
	formats := []*codec.Format{nil, &codec.PCMU, &codec.PCMA, &codec.G722, &codec.Opus, &codec.L16, &codec.CN, &codec.DTMF, &codec.GSM}
	f.Fuzz(func(t *testing.T, script []byte, wide uint8) {
		now := time.Now()
		clock := &Clock{now: now, run: &run{quit: make(chan struct{}), done: make(chan struct{})}}
		close(clock.run.done)
		out := &null{}
		s := StartStereo(StereoOptions{To: out, Clock: clock, Rate: Rate << (wide & 1)})
		ticks, paused := 0, false
		for range 200 {
			if len(script) < 9 {
				break
			}
			do, head := script[0], script[1:9]
			script = script[9:]
			size := min(int(do)*8, len(script))
			p := &media.Packet{
				Payload: script[:size], Format: formats[int(head[0]>>2)%len(formats)], SSRC: uint32(do & 1),
				Seq: binary.BigEndian.Uint16(head[1:]), Time: binary.BigEndian.Uint32(head[3:]), Marker: do&2 != 0,
			}
			script = script[size:]
			if head[0]&1 == 0 {
				s.Received(p)
			} else {
				s.Sent(p)
			}
			if head[0]&2 != 0 {
				if paused = !paused; paused {
					s.Pause()
				} else {
					s.Resume()
				}
			}
			for range do % 7 {
				now = now.Add(tick)
				clock.advance(clock.run, now)
				ticks++
			}
			s.settle() // in life the disk has more time
		}
		s.mu.Lock()
		s.over = true
		s.mu.Unlock()
		r := s.Stop()
		whole := r.Length
		for _, p := range r.Pauses {
			if p.For <= 0 || p.At < 0 || p.At > r.Length {
				t.Fatalf("pauses %v of %v", r.Pauses, r.Length)
			}
			whole += p.For
		}
		want := max(0, time.Duration(ticks)*tick-delay)
		if r.Err != nil || whole != want || out.written != int64(r.Length/tick)*2*samples<<(wide&1) {
			t.Fatalf("%+v, %d samples, want %v", r, out.written, want)
		}
	})
}
