package jitter

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"dialtone/media/codec"
)

var (
	l16  = &codec.Format{Name: "L16", PT: 96, Clock: 8000, Channels: 1}
	wide = &codec.Format{Name: "L16", PT: 97, Clock: 16000, Channels: 1}
	keys = &codec.DTMF
	cn   = &codec.CN
)

// after changes what is sent in the second half of 4 s: i counts from there.
func after(change func(i int, p *Packet)) func(int, *Packet) {
	return func(i int, p *Packet) {
		if i >= 100 {
			change(i-100, p)
		}
	}
}

// TestSourcesChange plays 4 s of a sine in which something happens after 2 s, and
// says what the numbers are then and how long it may be silent.
func TestSourcesChange(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(i int, p *Packet)
		want   Stats
		silent int // ticks
	}{
		{"nothing", func(int, *Packet) {}, Stats{}, 0},
		{"another source", func(_ int, p *Packet) { p.SSRC, p.Seq, p.Time = 77, p.Seq+999, p.Time+123456 }, Stats{Restarts: 1, Discarded: 1}, 2},
		{"a stray packet", func(i int, p *Packet) {
			if i == 3 {
				p.SSRC = 5
			}
		}, Stats{Discarded: 1, Lost: 1, Concealed: 1}, 0},
		{"timestamps jump ahead", func(_ int, p *Packet) { p.Time += 1 << 30 }, Stats{Restarts: 1}, 0},
		{"timestamps jump back", func(_ int, p *Packet) { p.Time -= 4000 }, Stats{Restarts: 1}, 0},
		{"sequence numbers jump", func(_ int, p *Packet) { p.Seq += 30000 }, Stats{Restarts: 1, Discarded: 1}, 2},
		{"every packet twice", nil, Stats{Duplicates: 100}, 0},
		{"another codec", func(_ int, p *Packet) { p.Format, p.Time = wide, p.Time*2 }, Stats{Restarts: 1}, 0},
		{"another description of the codec", func(_ int, p *Packet) { p.Format = &codec.Format{Name: "L16", PT: 99, Clock: 8000, Channels: 1} }, Stats{}, 0},
		{"a key", func(i int, p *Packet) {
			if i < 10 {
				p.Format, p.Payload = keys, []byte{1, 10, 0, 160}
			}
		}, Stats{}, 10},
		{"a pause", func(i int, p *Packet) { // seq goes on where it stopped
			if p.Seq -= 20; i < 20 {
				p.Payload = nil
			}
		}, Stats{}, 20},
		{"a pause in which timestamps stand still", func(i int, p *Packet) {
			if p.Seq, p.Time = p.Seq-80, p.Time-80*160; i < 80 {
				p.Payload = nil
			}
		}, Stats{Restarts: 1}, 80},
		{"nothing any more", func(_ int, p *Packet) { p.Payload = nil }, Stats{}, 100},
		{"an unknown format", func(_ int, p *Packet) { p.Format = nil }, Stats{}, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			silent := 0
			tr := &trace{length: 4 * time.Second, sample: sineOf(8000, 500, 10000)}
			tr.each = func(tick int, _ time.Duration, pcm []int16) {
				if tick > 10 && energy(pcm) < 1000*1000 {
					silent++
				}
			}
			if c.change != nil {
				tr.change = after(c.change)
			}
			var b *Buffer
			if c.change == nil {
				b = twice(tr)
			} else {
				b = tr.run(t)
			}
			got := b.Stats()
			if silent < c.silent-12 || silent > c.silent+4 {
				t.Errorf("%d ticks of silence, want about %d", silent, c.silent)
			}
			want := c.want
			want.Received, want.Depth, want.Target, want.Squeezed, want.Stretched = got.Received, got.Depth, got.Target, got.Squeezed, got.Stretched
			if got != want {
				t.Errorf("\ngot  %+v\nwant %+v", got, want)
			}
			if got.Depth > 80*time.Millisecond {
				t.Errorf("the delay is %v", got.Depth)
			}
		})
	}
}

// twice plays 2 s of which each packet comes twice.
func twice(tr *trace) *Buffer {
	tr.defaults()
	b := New(tr.o)
	pcm := make([]int16, 160)
	for i := range 110 {
		now := epoch.Add(time.Duration(i) * 20 * time.Millisecond)
		if i < 100 {
			for range 2 {
				b.Put(sine(i), now)
			}
		}
		b.Get(pcm, now)
		if tr.each != nil && i < 100 {
			tr.each(i, 0, pcm)
		}
	}
	return b
}

// sine is packet i of a tone of 500 Hz.
func sine(i int) Packet {
	p := Packet{Seq: uint16(i), Time: uint32(i * 160), SSRC: 1, Format: l16, Payload: make([]byte, 320)}
	tone := sineOf(8000, 500, 10000)
	for n := range 160 {
		binary.BigEndian.PutUint16(p.Payload[2*n:], uint16(tone(int64(i*160+n))))
	}
	return p
}

func at(tick int) time.Time { return epoch.Add(time.Duration(tick) * 20 * time.Millisecond) }

func newLinear() *Buffer {
	return New(Options{Decoders: func(_ codec.Format, rate int) (codec.Decoder, error) { return &linear{rate: rate}, nil }})
}

func TestPacketsInTheWrongOrderArePlayedInTheRightOne(t *testing.T) {
	c := newClicks(8000, 500)
	c.from = 0
	b, pcm := newLinear(), make([]int16, 160)
	for i := range 200 {
		change := [4]int{0, 1, -1, 0} // 1 and 2 of each four change places
		b.Put(sine(i+change[i%4]), at(i))
		b.Get(pcm, at(i))
		if i > 20 {
			c.each(0, 1, pcm)
		} else {
			c.a, c.b = float64(pcm[159]), float64(pcm[158])
		}
	}
	s := b.Stats()
	if s.Reordered != 50 || s.Lost > 0 || c.worst > 100 {
		t.Errorf("a step of %.0f, %+v", c.worst, s)
	}
}

func TestComfortNoiseIsHeardUntilSpeechComes(t *testing.T) {
	b := New(Options{})
	defer b.Close()
	pcm := make([]int16, 160)
	level := func() (sum int64) { return energy(pcm) }
	seq := 0
	for i := range 200 {
		p := Packet{Seq: uint16(seq), Time: uint32(i * 160), SSRC: 1, Format: &codec.PCMU, Payload: make([]byte, 160)}
		for n := range p.Payload {
			p.Payload[n] = codec.UlawFrom(sineOf(8000, 500, 10000)(int64(n)))
		}
		switch {
		case i == 100:
			p.Format, p.Payload = cn, []byte{50} // -50 dBov: 104
			fallthrough
		case i < 100 || i >= 150:
			b.Put(p, at(i))
			seq++
		}
		heard := b.Get(pcm, at(i))
		switch {
		case i > 10 && i < 100 || i > 160:
			if level() < 5000*5000 {
				t.Fatalf("tick %d: no speech, %d", i, level())
			}
		case i > 110 && i < 150:
			if !heard || level() < 50*50 || level() > 200*200 {
				t.Fatalf("tick %d: noise of %d", i, level())
			}
		}
	}
	if s := b.Stats(); s.Lost+s.Concealed+s.Discarded+s.Restarts > 0 {
		t.Errorf("%+v", s)
	}
}

// fec is a decoder that finds the packet before in the next one.
type fec struct{ linear }

func (f *fec) Recover(pcm []int16, _ []byte) bool {
	for i := range pcm {
		pcm[i] = sineOf(8000, 500, 10000)(int64(i)) // 20 ms of it fit anywhere
	}
	f.remember(pcm)
	return true
}

func TestLostPacketsAreRecoveredFromTheNext(t *testing.T) {
	c := newClicks(8000, 500)
	pairs := uint64(0)
	tr := &trace{
		length: time.Minute, each: c.each, sample: sineOf(8000, 500, 10000),
		lose: func(_ *rand.Rand, i int) bool {
			switch {
			case i%100 == 51:
				pairs++
			case i%100 != 52 && i%20 != 10:
				return false
			}
			return true
		},
		jitter: func(*rand.Rand, int) time.Duration { return 0 },
		o:      Options{Min: 40 * time.Millisecond, Decoders: func(_ codec.Format, rate int) (codec.Decoder, error) { return &fec{linear{rate: rate}}, nil }},
	}
	s := tr.run(t).Stats()
	// Of 50, 51 and 52 only the last can be.
	if want := uint64(tr.lost); s.Lost != want || s.Concealed != 2*pairs || s.Recovered != want-2*pairs {
		t.Errorf("%d lost, %+v", want, s)
	}
	if c.worst > 50 {
		t.Errorf("a step of %.0f", c.worst)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	b, pcm := newLinear(), make([]int16, 160)
	for i := range 5000 {
		b.Put(sine(i), at(i))
	}
	s := b.Stats()
	if s.Discarded < 4700 {
		t.Errorf("%d of 5000 packets that nobody took were discarded", s.Discarded)
	}
	for i := range 500 {
		b.Put(sine(5000+i), at(5000+i))
		b.Get(pcm, at(5000+i))
	}
	if s = b.Stats(); s.Depth > 60*time.Millisecond || energy(pcm) < 5000*5000 {
		t.Errorf("it does not go on: %+v", s)
	}
	b.Put(Packet{Format: l16, Payload: make([]byte, maxPayload+1)}, at(6000))
	if got := b.Stats().Discarded; got != s.Discarded+1 {
		t.Errorf("a packet that is too long was kept")
	}
}

func TestAClockThatStopsIsCaughtUpWith(t *testing.T) {
	b, pcm := newLinear(), make([]int16, 160)
	for i := range 400 {
		b.Put(sine(i), at(i))
		if i < 100 || i > 150 { // for a second nobody asks
			b.Get(pcm, at(i))
		}
	}
	if s := b.Stats(); s.Depth > 60*time.Millisecond || s.Discarded < 40 || energy(pcm) < 5000*5000 {
		t.Errorf("%+v", s)
	}
}

func TestPutAndGetAllocateNothing(t *testing.T) {
	for _, rate := range []int{8000, 48000} {
		b := New(Options{Rate: rate, Decoders: func(_ codec.Format, rate int) (codec.Decoder, error) { return &linear{rate: rate}, nil }})
		pcm := make([]int16, rate/50)
		p := sine(0)
		p.Format, p.Payload = &codec.Format{Name: "L16", Clock: rate, Channels: 1}, make([]byte, rate/25)
		i := 0
		tick := func() {
			p.Seq, p.Time = uint16(i), uint32(i*rate/50)
			if i%7 != 3 {
				b.Put(p, at(i).Add(time.Duration(i%5)*3*time.Millisecond))
			}
			b.Get(pcm, at(i))
			i++
		}
		for range 500 {
			tick()
		}
		if a := testing.AllocsPerRun(2000, tick); a != 0 {
			t.Errorf("%d Hz: %v allocations a tick", rate, a)
		}
	}
}

func TestPutFromAnotherGoroutine(t *testing.T) {
	b, pcm := newLinear(), make([]int16, 160)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20000 {
			b.Put(sine(i), at(i))
		}
	}()
	for i := 0; ; i++ {
		b.Get(pcm, at(i))
		s := b.Stats()
		select {
		case <-done:
			if s.Received == 0 || s.Received > 20000 {
				t.Errorf("%+v", s)
			}
			return
		default:
		}
	}
}

// However far numbers leap, what comes afterwards is heard.
func TestLeapsDoNotDeafen(t *testing.T) {
	b := New(Options{})
	defer b.Close()
	send := func(seq, tick int) {
		b.Put(Packet{SSRC: 1, Format: l16, Seq: uint16(seq), Time: uint32(160 * tick), Payload: loud}, at(tick))
	}
	send(0, 0)
	for i := 1; i <= 4; i++ { // before anything is asked for
		send(i*maxDropout, 0)
	}
	recovers(t, b, at(0))
	for i := range 600 { // sources that take turns, two packets each
		b.Put(Packet{SSRC: uint32(100 + i/2), Format: l16, Seq: uint16(i), Payload: loud}, at(600))
	}
	recovers(t, b, at(600))
}

// loud is a packet of 20 ms.
var loud = func() []byte {
	out := make([]byte, 320)
	for i := range 160 {
		binary.BigEndian.PutUint16(out[2*i:], uint16(int16(8000-i%16*1000)))
	}
	return out
}()

// recovers sends 10 s of a source that has nothing wrong, of which the last one must be
// heard, and soon.
func recovers(t *testing.T, b *Buffer, from time.Time) {
	t.Helper()
	pcm := make([]int16, b.Rate()/50)
	silent := 0
	for i := range 500 {
		now := from.Add(time.Duration(i) * 20 * time.Millisecond)
		b.Put(Packet{SSRC: 9, Format: l16, Seq: uint16(i), Time: uint32(160 * i), Payload: loud}, now)
		if !b.Get(pcm, now) && i > 450 {
			silent++
		}
	}
	if s := b.Stats(); silent > 2 || s.Depth > 400*time.Millisecond {
		t.Errorf("%d of the last 50 frames are silent: %+v", silent, s)
	}
}

// FuzzBuffer takes four bytes a packet and asks for audio in between.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte("abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte{0, 0, 0, 0, 1, 1, 0, 1, 2, 0, 0, 0, 9, 200, 1, 255, 4, 250, 7, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		formats := []*codec.Format{&codec.PCMU, &codec.PCMA, &codec.G722, &codec.Opus, keys, cn, nil, &codec.G729, wide}
		b := New(Options{Rate: 16000})
		defer b.Close()
		pcm := make([]int16, 320)
		var seq uint16
		var stamp uint32
		now := epoch
		for ; len(in) >= 4; in = in[4:] {
			seq += uint16(int8(in[0])) // mostly small steps, and now and then a leap
			stamp += uint32(int32(int8(in[1])) * 80)
			if in[0] == 0x80 {
				seq, stamp = seq*257, stamp*65537
			}
			p := Packet{
				Seq: seq, Time: stamp, SSRC: uint32(in[2] >> 7), Marker: in[2]&1 != 0,
				Format: formats[int(in[2])%len(formats)], Payload: in[:min(len(in), int(in[3]))],
			}
			b.Put(p, now)
			for range in[3] % 4 {
				b.Get(pcm, now)
				now = now.Add(20 * time.Millisecond)
			}
			if in[3] == 255 {
				now = now.Add(time.Duration(in[1]) * 50 * time.Millisecond)
			}
		}
		s := b.Stats()
		if s.Lost > 1<<40 || s.Late > s.Received || s.Duplicates > s.Received {
			t.Errorf("%+v", s)
		}
		recovers(t, b, now)
	})
}

func BenchmarkPutGet(b *testing.B) {
	b.ReportAllocs()
	buf := New(Options{})
	pcm := make([]int16, 160)
	p := Packet{SSRC: 1, Format: &codec.PCMU, Payload: make([]byte, 160)}
	for i := 0; b.Loop(); i++ {
		p.Seq, p.Time = uint16(i), uint32(i*160)
		buf.Put(p, at(i))
		buf.Get(pcm, at(i))
	}
}
