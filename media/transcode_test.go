package media

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dialtone/media/codec"
)

// talker is a phone that sends what it is told in one format, as packets to a sink.
type talker struct {
	format codec.Format
	enc    codec.Encoder
	rate   int
	ptime  time.Duration
	ssrc   uint32
	seq    uint16
	time   uint32
	marker bool
}

func newTalker(tb testing.TB, f codec.Format, o codec.Options) *talker {
	tb.Helper()
	o.Rate = codec.Rate(f)
	enc, err := codec.NewEncoder(f, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(enc.Close)
	return &talker{format: f, enc: enc, rate: o.Rate, ptime: 20 * time.Millisecond, ssrc: 7, seq: 65530, time: 0xffffff00, marker: true}
}

// ticks are those of a packet.
func (k *talker) ticks() uint32 { return uint32(k.ptime * time.Duration(k.format.Clock) / time.Second) }

// say sends pcm, at the rate of the format.
func (k *talker) say(s Sink, pcm []int16) {
	frame := int(k.ptime * time.Duration(k.rate) / time.Second)
	for ; len(pcm) >= frame; pcm = pcm[frame:] {
		raw := make([]byte, 12+2*frame, 12+2*frame+32)
		n := k.enc.Encode(raw[12:], pcm[:frame])
		if n > 0 {
			s.Packet(&Packet{
				Raw: raw[:12+n], Payload: raw[12 : 12+n], Format: &k.format,
				SSRC: k.ssrc, Seq: k.seq, Time: k.time, Marker: k.marker,
			})
		}
		k.seq++
		k.time += k.ticks()
		k.marker = false
	}
}

// hears decodes what was forwarded to e, at the rate of the format.
func hears(tb testing.TB, e *fake) []int16 {
	tb.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.forwarded) == 0 {
		return nil
	}
	f := *e.forwarded[0].Format
	dec, err := codec.NewDecoder(f, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer dec.Close()
	var out []int16
	pcm := make([]int16, 5760)
	for _, p := range e.forwarded {
		if p.Format.IsAudio() {
			out = append(out, pcm[:dec.Decode(pcm, p.Payload)]...)
		}
	}
	return out
}

// join bridges two fakes.
func bridge(tb testing.TB, a, b codec.Format) (from, to *fake) {
	tb.Helper()
	from, to = &fake{formats: []codec.Format{a, codec.DTMF}}, &fake{formats: []codec.Format{b, codec.DTMF}}
	bridged, err := Bridge(from, to)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(bridged.Close)
	return from, to
}

func tone(rate int, d time.Duration, hz, level float64) []int16 {
	pcm := make([]int16, int(d*time.Duration(rate)/time.Second))
	for i := range pcm {
		pcm[i] = int16(math.Round(32767 * level * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return pcm
}

// pairs are all two of the formats that can be coded.
func pairs(yield func(a, b codec.Format) bool) {
	for _, a := range codec.Coded() {
		for _, b := range codec.Coded() {
			if !a.Same(b) && !yield(a, b) {
				return
			}
		}
	}
}

func TestToneKeepsItsLevelBetweenAllCodecs(t *testing.T) {
	for a, b := range pairs {
		for _, hz := range []float64{300, 1000, 3000} {
			t.Run(fmt.Sprintf("%s to %s, %g Hz", a.Name, b.Name, hz), func(t *testing.T) {
				from, to := bridge(t, a, b)
				newTalker(t, a, codec.Options{}).say(from.sink, tone(codec.Rate(a), time.Second, hz, 0.25))
				pcm := hears(t, to)
				rate := codec.Rate(b)
				if want := rate; len(pcm) < want-rate/20 || len(pcm) > want {
					t.Fatalf("%d samples, want %d", len(pcm), want)
				}
				settled := pcm[rate/2:]
				d := Detector{Rate: rate}
				d.Write(settled)
				if off := 20 * math.Log10(d.Level(hz)/0.25); math.Abs(off) > 1 {
					t.Errorf("%g Hz is %.2f dB off", hz, off)
				}
				steepest := 2 * math.Pi * hz / float64(rate) * 0.25 * 32768
				if step := biggestStep(settled); step > 1.5*steepest+1200 {
					t.Errorf("a click: a step of %.0f, the tone has %.0f", step, steepest)
				}
			})
		}
	}
}

func biggestStep(pcm []int16) float64 {
	most := 0
	for i := 1; i < len(pcm); i++ {
		most = max(most, abs(int(pcm[i])-int(pcm[i-1])))
	}
	return float64(most)
}

// syllables are noises of changing loudness and pitch, so that a loss can be heard.
func syllables(rate int, d time.Duration) []int16 {
	pcm := make([]int16, int(d*time.Duration(rate)/time.Second))
	phase := 0.0
	for i := range pcm {
		at := float64(i) / float64(rate)
		phase += 2 * math.Pi * (180 + 60*math.Sin(3*at)) / float64(rate)
		v := 0.0
		for k := 1.0; k < 12; k++ {
			v += math.Sin(k*phase) / k
		}
		pcm[i] = int16(6000 * v * (0.55 + 0.45*math.Sin(2*math.Pi*2.3*at)))
	}
	return pcm
}

// snr is how much got is like want in dB, each 20 ms counting -10 to 35 dB.
func snr(want, got []int16, rate int) float64 {
	frame, sum, n := rate/50, 0.0, 0
	for at := 0; at+frame <= min(len(want), len(got)); at += frame {
		var signal, noise float64
		for i := at; i < at+frame; i++ {
			d := float64(want[i]) - float64(got[i])
			signal += float64(want[i]) * float64(want[i])
			noise += d * d
		}
		sum += min(max(10*math.Log10(max(signal, 1)/max(noise, 1)), -10), 35)
		n++
	}
	return sum / float64(max(n, 1))
}

func TestLossIsFilledThroughTheBridge(t *testing.T) {
	fec, plain := codec.Opus, codec.Opus
	plain.Fmtp = ""
	for _, percent := range []int{5, 20} {
		score := map[string]float64{}
		for _, c := range []struct {
			name string
			from codec.Format
			o    codec.Options
		}{{"Opus with FEC", fec, codec.Options{Loss: percent}}, {"Opus", plain, codec.Options{}}, {"PCMU", codec.PCMU, codec.Options{}}} {
			// Both hear the same packets: two encoders need not make the same of what is said.
			k, said := newTalker(t, c.from, c.o), collector{}
			k.say(&said, syllables(k.rate, 5*time.Second))
			out := [2][]int16{}
			for i, lossy := range []bool{false, true} {
				to := codec.PCMA
				if c.from.Same(codec.PCMU) {
					to = codec.G722 // so that it is decoded
				}
				from, ear := bridge(t, c.from, to)
				r := rand.New(rand.NewPCG(uint64(percent), 3))
				for n, p := range said.packets {
					if lossy && n > 10 && n < 240 && r.IntN(100) < percent {
						continue
					}
					p.Raw = append(make([]byte, 0, cap(p.Raw)), p.Raw...)
					p.Payload = p.Raw[12:]
					from.sink.Packet(&p)
				}
				out[i] = hears(t, ear)
				if lossy {
					f := from.sink.(*transcode).stream.flow()
					if f.Lost < 3 || f.Lost != f.Recovered+f.Concealed || f.Late > 0 || (f.Recovered > 0) != (c.name == "Opus with FEC") {
						t.Errorf("%s, %d %%: %+v", c.name, percent, f)
					}
				}
			}
			if len(out[0]) != len(out[1]) {
				t.Errorf("%s, %d %%: %d samples, without loss %d", c.name, percent, len(out[1]), len(out[0]))
			}
			score[c.name] = snr(out[0], out[1], codec.Rate(codec.PCMA))
		}
		t.Logf("%d %%: %v", percent, score)
		if score["Opus with FEC"] < score["Opus"]+0.5 {
			t.Errorf("%d %% loss: %.1f dB with FEC, %.1f without", percent, score["Opus with FEC"], score["Opus"])
		}
	}
}

// losing is an endpoint that knows how much gets lost on the way to it.
type losing struct {
	fake
	percent int
}

func (l *losing) Loss() int { return l.percent }

func TestForwardErrorCorrectionFollowsTheLoss(t *testing.T) {
	from, to := &fake{formats: []codec.Format{codec.PCMU}}, &losing{fake: fake{formats: []codec.Format{codec.Opus}}}
	bridged, err := Bridge(from, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bridged.Close)
	k := newTalker(t, codec.PCMU, codec.Options{})
	for _, c := range []struct {
		percent int
		fec     bool
	}{{0, false}, {5, true}, {0, false}} {
		to.percent = c.percent
		k.say(from.sink, syllables(8000, 2*time.Second))
		with := 0
		for _, p := range to.forwarded[len(to.forwarded)-40:] {
			if codec.OpusHasFEC(p.Payload) {
				with++
			}
		}
		if c.fec != (with > 15) || !c.fec && with > 0 {
			t.Errorf("%d %% loss: %d of 40 packets have FEC", c.percent, with)
		}
	}
}

// sent are the packets that reached e, audio or events.
func sent(e *fake, format codec.Format) (out []Packet) {
	for _, p := range e.forwarded {
		if p.Format.Same(format) {
			out = append(out, p)
		}
	}
	return out
}

func TestSequenceAndTimestampsAreContinuous(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to codec.Format
		in, out  time.Duration
		ticks    uint32
	}{
		{"20 ms", codec.PCMU, codec.Opus, 20 * time.Millisecond, 20 * time.Millisecond, 960},
		{"shorter", codec.Opus, codec.PCMU, 60 * time.Millisecond, 20 * time.Millisecond, 160},
		{"longer", codec.PCMU, codec.G722, 20 * time.Millisecond, 60 * time.Millisecond, 480},
		{"10 to 30", codec.Opus, codec.PCMA, 10 * time.Millisecond, 30 * time.Millisecond, 240},
		{"what Opus cannot", codec.PCMA, codec.Opus, 20 * time.Millisecond, 30 * time.Millisecond, 960},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := bridge(t, c.from, c.to)
			to.ptime = c.out
			k := newTalker(t, c.from, codec.Options{})
			k.ptime = c.in
			k.say(from.sink, syllables(k.rate, 1200*time.Millisecond))
			packets := sent(to, c.to)
			if want := 1200 * 8 * max(1, c.to.Clock/8000) / int(c.ticks); len(packets) != want {
				t.Fatalf("%d packets, want %d", len(packets), want)
			}
			for i, p := range packets[1:] {
				if p.Seq != packets[i].Seq+1 || p.Time != packets[i].Time+c.ticks || p.Marker || p.SSRC != 7^Recoded {
					t.Fatalf("packet %d is %d at %d behind %d at %d", i+1, p.Seq, p.Time, packets[i].Seq, packets[i].Time)
				}
			}
			if !packets[0].Marker {
				t.Error("the first packet has no marker")
			}
		})
	}
}

func TestLateAndRepeatedPacketsAreDropped(t *testing.T) {
	from, to := bridge(t, codec.PCMU, codec.Opus)
	packet := func(seq int) {
		raw := make([]byte, 172, 204)
		f := codec.PCMU
		from.sink.Packet(&Packet{Raw: raw, Payload: raw[12:], Format: &f, SSRC: 1, Seq: uint16(seq), Time: uint32(seq * 160)})
	}
	for _, seq := range []int{1, 2, 2, 4, 3, 5, 5} {
		packet(seq)
	}
	if f := from.sink.(*transcode).stream.flow(); len(to.forwarded) != 5 || f.Late != 3 || f.Lost != 1 || f.Concealed != 1 {
		t.Errorf("%d packets, %+v", len(to.forwarded), f)
	}
	for _, seq := range []int{30000, 30001, 7, 8, 9} { // started over, twice
		packet(seq)
	}
	if len(to.forwarded) != 10 {
		t.Errorf("%d packets, want 10", len(to.forwarded))
	}
}

func TestPausesAreKept(t *testing.T) {
	from, to := bridge(t, codec.G722, codec.Opus)
	k := newTalker(t, codec.G722, codec.Options{})
	k.say(from.sink, syllables(16000, 100*time.Millisecond))
	k.time += 8000 // a second in which nothing is sent
	k.marker = true
	k.say(from.sink, syllables(16000, 100*time.Millisecond))
	p := to.forwarded
	if len(p) != 10 || p[5].Time-p[4].Time != 960+48000 || p[5].Seq != p[4].Seq+1 || !p[5].Marker || p[4].Marker {
		t.Errorf("%d packets, then %d ticks, marker %v", len(p), p[5].Time-p[4].Time, p[5].Marker)
	}
	k.seq += 50 // a second that is lost
	k.time += 8000
	k.say(from.sink, syllables(16000, 100*time.Millisecond))
	if p = to.forwarded; len(p) != 15 || p[10].Time-p[9].Time != 960+48000 || p[10].Seq-p[9].Seq != 51 {
		t.Errorf("%d packets, %d ticks and %d numbers later", len(p), p[10].Time-p[9].Time, p[10].Seq-p[9].Seq)
	}
	k.time += 1 << 30 // timestamps that jump
	k.say(from.sink, syllables(16000, 100*time.Millisecond))
	k.time -= 1 << 31
	k.ssrc++
	k.say(from.sink, syllables(16000, 100*time.Millisecond))
	if len(to.forwarded) != 25 {
		t.Errorf("%d packets, want 25", len(to.forwarded))
	}
}

func TestKeysPassBetweenClocks(t *testing.T) {
	wide := codec.DTMF
	wide.Clock, wide.PT = 48000, 102
	for _, c := range []struct {
		name       string
		from, to   codec.Format
		in, out    codec.Format
		audioTicks uint32
	}{
		{"8 to 48 kHz", codec.PCMU, codec.Opus, codec.DTMF, wide, 960},
		{"48 to 8 kHz", codec.Opus, codec.PCMU, wide, codec.DTMF, 160},
		{"the same", codec.G722, codec.PCMU, codec.DTMF, codec.DTMF, 160},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := &fake{formats: []codec.Format{c.from, c.in}}
			to := &fake{formats: []codec.Format{c.to, c.out}}
			if _, err := Bridge(from, to); err != nil {
				t.Fatal(err)
			}
			k := newTalker(t, c.from, codec.Options{})
			k.say(from.sink, syllables(k.rate, 100*time.Millisecond))
			for i := range 8 { // five packets, three of the end
				raw := make([]byte, 16, 48)
				n := uint16(min(i+1, 6) * c.in.Clock / 50)
				copy(raw[12:], []byte{5, 10, byte(n >> 8), byte(n)})
				if i >= 5 {
					raw[13] |= 0x80
				}
				from.sink.Packet(&Packet{Raw: raw, Payload: raw[12:], Format: &c.in, SSRC: 7, Seq: k.seq, Time: k.time, Marker: i == 0})
				k.seq++
			}
			k.time += uint32(6 * c.in.Clock / 50)
			k.say(from.sink, syllables(k.rate, 100*time.Millisecond))
			keys, speech := sent(to, c.out), sent(to, c.to)
			if len(keys) != 8 || len(speech) != 10 {
				t.Fatalf("%d packets of the key, %d of audio", len(keys), len(speech))
			}
			for i, p := range keys {
				want := min(i+1, 6) * c.out.Clock / 50
				if got := int(p.Payload[2])<<8 | int(p.Payload[3]); p.Time != keys[0].Time || got != want || p.Payload[0] != 5 || (p.Payload[1]&0x80 != 0) != (i >= 5) || p.Marker != (i == 0) || p.Seq != speech[4].Seq+1+uint16(i) {
					t.Errorf("packet %d: %d ticks, want %d; %x", i, got, want, p.Payload)
				}
			}
			if keys[0].Time != speech[4].Time+c.audioTicks || speech[5].Time != keys[0].Time+uint32(6*c.out.Clock/50) || speech[5].Seq != keys[7].Seq+1 {
				t.Errorf("audio at %d, the key at %d, audio again at %d", speech[4].Time, keys[0].Time, speech[5].Time)
			}
		})
	}
}

func TestComfortNoiseIsPassedOrMade(t *testing.T) {
	for _, passes := range []bool{true, false} {
		from := &fake{formats: []codec.Format{codec.G722, codec.CN}}
		to := &fake{formats: []codec.Format{codec.PCMU}}
		if passes {
			to.formats = append(to.formats, codec.CN)
		}
		if _, err := Bridge(from, to); err != nil {
			t.Fatal(err)
		}
		k := newTalker(t, codec.G722, codec.Options{})
		k.say(from.sink, syllables(16000, 100*time.Millisecond))
		raw := []byte{11: 0, 12: 40}
		cn := codec.CN
		from.sink.Packet(&Packet{Raw: raw, Payload: raw[12:], Format: &cn, SSRC: 7, Seq: k.seq, Time: k.time})
		if got := to.forwarded[5]; passes != got.Format.Same(codec.CN) || got.Seq != to.forwarded[4].Seq+1 {
			t.Errorf("passed on as %v", got.Format)
		}
		if !passes {
			pcm := hears(t, to)
			if level := (&Detector{}).power; level == nil || slices.Max(pcm[5*160:]) > 1500 || slices.Max(pcm[5*160:]) < 100 {
				t.Errorf("the noise has a peak of %d", slices.Max(pcm[5*160:]))
			}
		}
	}
}

func TestAnHeirGoesOn(t *testing.T) {
	from, to := &holder{fake: fake{formats: []codec.Format{codec.Opus}}}, &holder{fake: fake{formats: []codec.Format{codec.PCMU}}}
	first, err := Bridge(from, to)
	if err != nil {
		t.Fatal(err)
	}
	k := newTalker(t, codec.Opus, codec.Options{})
	k.say(from.sink, syllables(48000, 200*time.Millisecond))
	second, err := Bridge(from, to)
	if err != nil {
		t.Fatal(err)
	}
	first.ab.(*transcode).close()
	k.say(from.sink, syllables(48000, 200*time.Millisecond))
	for i, p := range to.forwarded[1:] {
		if p.Seq != to.forwarded[i].Seq+1 || p.Marker {
			t.Fatalf("packet %d does not follow", i+1)
		}
	}
	if len(to.forwarded) != 20 {
		t.Errorf("%d packets, want 20", len(to.forwarded))
	}
	to.accept(codec.G722)
	third, err := Bridge(from, to)
	if err != nil {
		t.Fatal(err)
	}
	k.say(from.sink, syllables(48000, 200*time.Millisecond))
	if last := to.forwarded[len(to.forwarded)-1]; !last.Format.Same(codec.G722) {
		t.Errorf("still %v", last.Format)
	}
	sink := from.sink
	second.Close()
	third.Close()
	n := len(to.forwarded)
	k.say(sink, syllables(48000, 100*time.Millisecond))
	if len(to.forwarded) != n {
		t.Error("packets pass a bridge that is closed")
	}
}

// holder is a fake that tells its sink.
type holder struct{ fake }

func (h *holder) Sink() Sink { return h.sink }

// deaf is an endpoint that forgets what it is told.
type deaf struct {
	fake
	n int
}

func (d *deaf) Forward(*Packet) { d.n++ }

func TestTranscodingDoesNotAllocate(t *testing.T) {
	for a, b := range pairs {
		from, to := &fake{formats: []codec.Format{a}}, &deaf{fake: fake{formats: []codec.Format{b}}}
		bridged, err := Bridge(from, to)
		if err != nil {
			t.Fatal(err)
		}
		pass := passer(t, a, from.sink)
		for range 100 {
			pass()
		}
		if n := testing.AllocsPerRun(200, pass); n != 0 {
			t.Errorf("%s to %s: %v allocations per packet", a.Name, b.Name, n)
		}
		if to.n != 301 {
			t.Errorf("%s to %s: %d packets, want 301", a.Name, b.Name, to.n)
		}
		bridged.Close()
	}
}

// passer sends packets of speech in f, over and over.
func passer(tb testing.TB, f codec.Format, s Sink) func() {
	tb.Helper()
	source := &collector{}
	k := newTalker(tb, f, codec.Options{})
	k.say(source, syllables(k.rate, 2*time.Second))
	n, p := 0, Packet{}
	return func() {
		p = source.packets[n%len(source.packets)]
		p.Seq, p.Time = uint16(n), uint32(n)*k.ticks()
		n++
		s.Packet(&p)
	}
}

type collector struct{ packets []Packet }

func (c *collector) Packet(p *Packet) { c.packets = append(c.packets, *p) }

// FuzzBridge gives a bridge whatever may come.
func FuzzBridge(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint16(1), uint32(160), uint8(0), uint8(9))
	f.Add([]byte{0xff, 0x80, 0xff, 0xff}, uint16(60000), uint32(1<<31), uint8(7), uint8(200))
	f.Fuzz(func(t *testing.T, payload []byte, seq uint16, stamp uint32, how, size uint8) {
		if len(payload) > 1500 {
			return
		}
		all := append(codec.Coded(), codec.DTMF, codec.CN, codec.GSM)
		coded := codec.Coded()
		out := coded[int(how/16)%len(coded)]
		from, to := &fake{formats: all}, &fake{formats: []codec.Format{out, codec.DTMF}}
		b, err := Bridge(from, to)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		for i := range 6 {
			in := &all[(int(how)+i*int(size))%len(all)]
			to.ptime = 10 * time.Millisecond * time.Duration(1+int(how)*i%12)
			raw := append(make([]byte, 12, 1600), payload...)
			from.sink.Packet(&Packet{Raw: raw, Payload: raw[12:], Format: in, SSRC: uint32(size / 128), Seq: seq + uint16(i*i), Time: stamp * uint32(i), Marker: size&1 > 0})
		}
		if len(to.forwarded) > 6*25 {
			t.Errorf("%d packets out of 6", len(to.forwarded))
		}
	})
}

func BenchmarkBridge(b *testing.B) {
	for from, to := range pairs {
		b.Run(from.Name+"to"+to.Name, func(b *testing.B) {
			x, y := &fake{formats: []codec.Format{from}}, &deaf{fake: fake{formats: []codec.Format{to}}}
			bridged, err := Bridge(x, y)
			if err != nil {
				b.Fatal(err)
			}
			pass := passer(b, from, x.sink)
			b.ReportAllocs()
			for b.Loop() {
				pass()
			}
			bridged.Close()
		})
	}
}
