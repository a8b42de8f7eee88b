package media

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/media/codec"
	sound "dialtone/media/tone"
)

// trace is how one phone sends keys, or what the network makes of that.
type trace struct {
	name   string
	change func(*presser)
	mangle func([]Packet) []Packet
	digits string
}

const allDigits = "1123*##0A5550"

func corpus() []trace {
	traces := []trace{
		{name: "as RFC 4733 says"},
		{name: "no marker", change: func(s *presser) { s.markers = 0 }},
		{name: "40 ms, 60 ms apart", change: func(s *presser) { s.packets, s.gap = 1, 3 }},
		{name: "no ends", change: func(s *presser) { s.ends = 0 }},
		{name: "nothing but the ends", change: func(s *presser) { s.packets = 0 }},
		{name: "the timestamp runs on", change: func(s *presser) { s.running = true }},
		{name: "the timestamp stands still", change: func(s *presser) { s.standing = true }},
		{name: "held for 9 s", change: func(s *presser) { s.packets = 450 }, digits: "155#"},
		{name: "every packet twice", mangle: func(in []Packet) (out []Packet) {
			for _, p := range in {
				out = append(out, p, p)
			}
			return out
		}},
		{name: "neighbours exchanged", mangle: func(in []Packet) []Packet {
			for i := 1; i+1 < len(in); i += 3 {
				in[i], in[i+1] = in[i+1], in[i]
			}
			return in
		}},
		{name: "every other packet lost", mangle: func(in []Packet) (out []Packet) {
			for i := 0; i < len(in); i += 2 {
				out = append(out, in[i])
			}
			return out
		}},
		{name: "every packet in a burst at the end", mangle: func(in []Packet) []Packet { return in }},
	}
	// Each subset of the eight packets of a key arrives; the next key is whole.
	for set := 1; set < 256; set++ {
		traces = append(traces, trace{name: fmt.Sprintf("subset %08b", set), digits: "77", mangle: func(in []Packet) (out []Packet) {
			for i, p := range in {
				if i >= 8 || set>>i&1 != 0 {
					out = append(out, p)
				}
			}
			return out
		}})
	}
	return traces
}

// play makes the packets of a trace.
func (c trace) packets(clock int) (digits string, packets []Packet) {
	phone := usual()
	phone.format.Clock = clock
	if c.change != nil {
		c.change(&phone)
	}
	if digits = c.digits; digits == "" {
		digits = allDigits
	}
	packets = phone.keys(digits)
	if c.mangle != nil {
		packets = c.mangle(packets)
	}
	return digits, packets
}

// TestTortureIsCountedOnce gives the corpus to Keys.
func TestTortureIsCountedOnce(t *testing.T) {
	for _, clock := range []int{8000, 48000} {
		for _, c := range corpus() {
			digits, packets := c.packets(clock)
			k := NewKeys()
			for _, p := range packets {
				k.Packet(&p)
			}
			if got := taken(k); got != digits {
				t.Errorf("%s at %d: got %s, want %s", c.name, clock, got, digits)
			}
		}
	}
}

// TestTortureIsPassedOnOnce sends the corpus through a bridge, to a side with the same
// clock and to one with another, and counts at its far end.
func TestTortureIsPassedOnOnce(t *testing.T) {
	audio := map[int]codec.Format{8000: codec.PCMU, 48000: codec.Opus}
	event := func(clock int) codec.Format {
		f := codec.DTMF
		f.Clock, f.PT = clock, uint8(96+clock/8000)
		return f
	}
	for _, from := range []int{8000, 48000} {
		for _, to := range []int{8000, 48000} {
			for _, c := range corpus() {
				digits, packets := c.packets(from)
				a := &fake{formats: []codec.Format{audio[from], event(from)}}
				b := &fake{formats: []codec.Format{audio[to], event(to)}}
				tap := NewTap(a, NewKeys())
				bridged, err := Bridge(tap, b)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range packets {
					p.Raw = append(make([]byte, headerSize, 64), p.Payload...)
					p.Payload = p.Raw[headerSize:]
					a.sink.Packet(&p)
				}
				far := NewKeys()
				for _, p := range b.forwarded {
					if isEvent(p.Format) && p.Format.Clock == to {
						far.Packet(&p)
					}
				}
				bridged.Close()
				if got := taken(far); got != digits {
					t.Errorf("%s, %d to %d: got %s, want %s", c.name, from, to, got, digits)
				}
				if got := taken(tap.Keys()); got != digits {
					t.Errorf("%s, %d to %d: counted %s, want %s", c.name, from, to, got, digits)
				}
			}
		}
	}
}

// sounded are packets of 20 ms of keys in the audio.
func sounded(keys string, on, off time.Duration) (out []Packet) {
	gen, format := sound.NewGenerator(sound.Keys("w"+keys+"w", on, off), rate), codec.PCMA
	pcm := make([]int16, 160)
	for seq := uint16(0); ; seq++ {
		n, err := gen.Read(pcm)
		if err != nil {
			return out
		}
		clear(pcm[n:])
		payload := make([]byte, 160)
		for i, s := range pcm {
			payload[i] = codec.AlawFrom(s)
		}
		out = append(out, Packet{Raw: append(make([]byte, headerSize), payload...), Payload: payload, Format: &format, SSRC: 3, Time: uint32(seq) * 160, Seq: seq})
	}
}

func TestTonesCountOnce(t *testing.T) {
	const digits = "1123*##0A5550"
	for name, c := range map[string]struct {
		on, off time.Duration
		mangle  func([]Packet) []Packet
	}{
		"usual":           {on: 100 * time.Millisecond, off: 100 * time.Millisecond},
		"40 ms, 60 apart": {on: 40 * time.Millisecond, off: 60 * time.Millisecond},
		"held for 9 s":    {on: 9 * time.Second, off: 60 * time.Millisecond},
		"every packet twice": {on: 80 * time.Millisecond, off: 80 * time.Millisecond, mangle: func(in []Packet) (out []Packet) {
			for _, p := range in {
				out = append(out, p, p)
			}
			return out
		}},
		"every tenth lost": {on: 120 * time.Millisecond, off: 100 * time.Millisecond, mangle: func(in []Packet) (out []Packet) {
			for i, p := range in {
				if i%10 != 9 {
					out = append(out, p)
				}
			}
			return out
		}},
		"silence is not sent": {on: 100 * time.Millisecond, off: 100 * time.Millisecond, mangle: func(in []Packet) (out []Packet) {
			seq := uint16(0)
			for _, p := range in {
				if p.Payload[80] != 0xd5 || p.Payload[90] != 0xd5 {
					p.Seq = seq
					seq++
					out = append(out, p)
				}
			}
			return out
		}},
	} {
		packets := sounded(digits, c.on, c.off)
		if c.mangle != nil {
			packets = c.mangle(packets)
		}
		k := NewKeys()
		k.Listen(true)
		for _, p := range packets {
			k.Packet(&p)
		}
		if got := taken(k); got != digits {
			t.Errorf("%s: got %s, want %s", name, got, digits)
		}
	}
}

// TestOneKeyInThreeWays presses each key as event, by its sound and by INFO.
func TestOneKeyInThreeWays(t *testing.T) {
	for order := range 3 {
		synctest.Test(t, func(t *testing.T) {
			phone, k := usual(), NewKeys()
			k.Listen(true)
			const digits = "5512"
			for _, digit := range digits {
				key := string(digit)
				ways := []func(){
					func() {
						for _, p := range phone.keys(key) {
							k.Packet(&p)
							time.Sleep(20 * time.Millisecond)
						}
					},
					func() {
						for _, p := range sounded(key, 100*time.Millisecond, 100*time.Millisecond)[24:40] {
							k.Packet(&p)
							time.Sleep(10 * time.Millisecond)
						}
					},
					func() { k.Press(byte(digit), 100*time.Millisecond, ByInfo) },
				}
				for i := range ways {
					ways[(i+order)%3]()
				}
				time.Sleep(time.Second)
			}
			if got := taken(k); got != digits {
				t.Errorf("order %d: got %s, want %s", order, got, digits)
			}
		})
	}
}

// TestSendEventIsOneKey sends keys of several lengths and reads them back.
func TestSendEventIsOneKey(t *testing.T) {
	for _, clock := range []int{8000, 48000} {
		for _, held := range []time.Duration{0, 40 * time.Millisecond, 100 * time.Millisecond, 9 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				event := codec.DTMF
				event.Clock = clock
				e := &fake{formats: []codec.Format{codec.PCMU, event}}
				for _, digit := range []byte(Keypad) {
					if err := SendEvent(t.Context(), e, digit, held); err != nil {
						t.Fatal(err)
					}
				}
				k := NewKeys()
				var heard strings.Builder
				for _, p := range e.forwarded {
					k.Packet(&p)
					heard.WriteString(taken(k))
				}
				if heard.String() != Keypad {
					t.Errorf("%d Hz, %v: got %s", clock, held, heard.String())
				}
				ends := 0
				for _, p := range e.forwarded {
					if p.Payload[1]&0x80 != 0 {
						ends++
					}
				}
				if ends != 3*len(Keypad) {
					t.Errorf("%d ends for %d keys", ends, len(Keypad))
				}
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		if err := SendEvent(t.Context(), &fake{formats: []codec.Format{codec.PCMU}}, '5', 0); err == nil {
			t.Error("sent to who takes no events")
		}
	})
}

// TestSendTonesAreHeard sends keys as tones in all codecs that can be encoded.
func TestSendTonesAreHeard(t *testing.T) {
	for _, f := range codec.Coded() {
		synctest.Test(t, func(t *testing.T) {
			e := &fake{formats: []codec.Format{f}}
			if err := SendTones(context.Background(), e, "1590*#D", KeyOn); err != nil {
				t.Fatal(err)
			}
			k := NewKeys()
			k.Listen(true)
			stamp := uint32(0)
			for i, fr := range e.frames {
				k.Packet(&Packet{Payload: fr.payload, Format: &f, SSRC: 1, Seq: uint16(i), Time: stamp})
				stamp += uint32(fr.samples)
			}
			if got := taken(k); got != "1590*#D" {
				t.Errorf("%v: got %s", f, got)
			}
		})
	}
}

// TestTapSilencesTones passes keys on in another form: they are not in the audio.
func TestTapSilencesTones(t *testing.T) {
	a, b := &fake{formats: []codec.Format{codec.PCMA, codec.PCMU}}, &fake{formats: []codec.Format{codec.PCMA, codec.PCMU}}
	tap := NewTap(a, NewKeys())
	tap.Keys().Listen(true)
	tap.MuteTones(true)
	if _, err := Bridge(tap, b); err != nil {
		t.Fatal(err)
	}
	for _, p := range sounded("159", 200*time.Millisecond, 100*time.Millisecond) {
		a.sink.Packet(&p)
	}
	if got := taken(tap.Keys()); got != "159" {
		t.Errorf("counted %s", got)
	}
	var pcm []int16
	for _, p := range b.forwarded {
		for _, s := range p.Payload {
			pcm = append(pcm, codec.AlawSample(s))
		}
	}
	loud := 0
	for i := 0; i+160 <= len(pcm); i += 160 {
		if sound.Level(pcm[i:i+160]) > -40 {
			loud++
		}
	}
	if loud > 3*2 { // what was heard before it was a key
		t.Errorf("%d packets of 30 with a tone came through", loud)
	}
}

// slowSink is a sink that takes its time, as an encoder does.
type slowSink struct{ begun, goOn chan struct{} }

func (s slowSink) Packet(*Packet) {
	close(s.begun)
	<-s.goOn
}

// TestHoldWaitsForThePacketUnderWay keeps a packet in the encoder while a key begins.
func TestHoldWaitsForThePacketUnderWay(t *testing.T) {
	a, s := &fake{formats: []codec.Format{codec.PCMA}}, slowSink{make(chan struct{}), make(chan struct{})}
	tap := NewTap(a, NewKeys())
	tap.SetSink(s)
	done := make(chan struct{})
	go func() { a.arrives(&codec.PCMA, "audio"); close(done) }()
	<-s.begun
	if tap.flow.TryLock() {
		t.Error("a key could begin while a packet is on its way")
	}
	close(s.goOn)
	<-done
	release := tap.Hold()
	a.arrives(&codec.PCMA, "audio") // would close begun twice
	release()
}

func TestMeter(t *testing.T) {
	for _, f := range codec.Coded() {
		m := NewMeter()
		e := &fake{formats: []codec.Format{f}}
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
			defer stop()
			_ = PlaySignal(ctx, e, "milliwatt", sound.Milliwatt())
		})
		for _, fr := range e.frames {
			m.Received(&Packet{Payload: fr.payload, Format: &f})
		}
		l := m.Level()
		if !l.Known || l.RMS < -7.2 || l.RMS > -5.2 || l.Clipped > 0 || l.Silent > 0.05 {
			t.Errorf("%v: %+v, want -6.2 dBFS", f, l)
		}
		m.Close()
	}
	m := NewMeter()
	p := &Packet{Payload: make([]byte, 160), Format: &codec.PCMU}
	if n := testing.AllocsPerRun(100, func() { m.Received(p) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
