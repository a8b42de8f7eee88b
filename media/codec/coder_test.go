package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// speech is something like it: a buzz of changing pitch through three moving
// formants, with pauses; seconds long, at rate.
func speech(rate int, seconds float64) []int16 {
	out := make([]int16, int(seconds*float64(rate)))
	r := rand.New(rand.NewPCG(1, 2))
	type resonance struct{ a, b, y1, y2 float64 }
	var formants [3]resonance
	phase := 0.0
	for i := range out {
		t := float64(i) / float64(rate)
		if i%(rate/100) == 0 {
			for k, hz := range [...]float64{500 + 250*math.Sin(2*math.Pi*1.3*t), 1500 + 500*math.Sin(2*math.Pi*0.9*t+1), 2600 + 300*math.Sin(2*math.Pi*0.7*t+2)} {
				decay := math.Exp(-math.Pi * 90 / float64(rate))
				formants[k].a, formants[k].b = 2*decay*math.Cos(2*math.Pi*hz/float64(rate)), -decay*decay
			}
		}
		phase += (120 + 40*math.Sin(2*math.Pi*0.5*t)) / float64(rate)
		x := 0.02 * r.NormFloat64()
		if phase >= 1 {
			phase--
			x++
		}
		loud := math.Max(0, math.Sin(2*math.Pi*1.7*t)) // syllables
		v := 0.0
		for k := range formants {
			f := &formants[k]
			y := x + f.a*f.y1 + f.b*f.y2
			f.y1, f.y2 = y, f.y1
			v += y * [...]float64{1, 0.5, 0.25}[k]
		}
		out[i] = int16(min(max(1500*loud*v, -32000), 32000))
	}
	return out
}

// likeness is the segmental signal-to-noise ratio of got against want in dB, over
// the lag that fits best, each 20 ms counting for -10 to 35 dB; silence is left out.
func likeness(want, got []int16, rate int) float64 {
	best := math.Inf(-1)
	for lag := range rate / 25 {
		best = max(best, segmental(want, got, rate, lag))
	}
	return best
}

func segmental(want, got []int16, rate, lag int) float64 {
	frame, sum, n := rate/50, 0.0, 0
	for at := 0; at+frame <= len(want) && at+lag+frame <= len(got); at += frame {
		var signal, noise float64
		for i := at; i < at+frame; i++ {
			d := float64(want[i]) - float64(got[i+lag])
			signal += float64(want[i]) * float64(want[i])
			noise += d * d
		}
		if signal < 100*100*float64(frame) {
			continue
		}
		sum += min(max(10*math.Log10(signal/max(noise, 1)), -10), 35)
		n++
	}
	return sum / float64(max(n, 1))
}

// stream encodes pcm in frames of 20 ms.
func stream(tb testing.TB, f Format, o Options, pcm []int16) [][]byte {
	tb.Helper()
	e, err := NewEncoder(f, o)
	if err != nil {
		tb.Fatal(err)
	}
	defer e.Close()
	rate := o.Rate
	if rate == 0 {
		rate = Rate(f)
	}
	var out [][]byte
	buf := make([]byte, 2000)
	for ; len(pcm) >= rate/50; pcm = pcm[rate/50:] {
		out = append(out, append([]byte(nil), buf[:e.Encode(buf, pcm[:rate/50])]...))
	}
	return out
}

// played decodes packets, of which those are lost that lost says; with FEC, or only
// with concealment.
func played(tb testing.TB, f Format, rate int, packets [][]byte, lost func(i int) bool, fec bool) []int16 {
	tb.Helper()
	d, err := NewDecoder(f, rate)
	if err != nil {
		tb.Fatal(err)
	}
	defer d.Close()
	var out []int16
	pcm := make([]int16, rate/50)
	for i, p := range packets {
		if lost != nil && lost(i) {
			if !fec || i+1 >= len(packets) || lost(i+1) || !d.Recover(pcm, packets[i+1]) {
				d.Conceal(pcm)
			}
			out = append(out, pcm...)
			continue
		}
		out = append(out, pcm[:d.Decode(pcm, p)]...)
	}
	return out
}

func TestSpeechSurvivesEachCodec(t *testing.T) {
	for _, c := range []struct {
		format Format
		rate   int
		least  float64 // likeness in dB
	}{
		{PCMU, 8000, 30},
		{PCMA, 8000, 30},
		{PCMU, 16000, 25},
		{PCMA, 48000, 25},
		{G722, 16000, 18},
		{G722, 8000, 18},
		{G722, 48000, 18},
		{L16, 8000, 34},
		{Opus, 8000, 5},
		{Opus, 16000, 5},
		{Opus, 48000, 5},
	} {
		t.Run(fmt.Sprintf("%s at %d", c.format.Name, c.rate), func(t *testing.T) {
			length := 3.0
			if raceDetector {
				length = 1
			}
			pcm := speech(c.rate, length)
			got := played(t, c.format, c.rate, stream(t, c.format, Options{Rate: c.rate}, pcm), nil, false)
			l := likeness(pcm, got, c.rate)
			t.Logf("%.1f dB", l)
			if l < c.least {
				t.Errorf("%.1f dB like what was said, want %.0f", l, c.least)
			}
		})
	}
}

// losses is a pattern of so many per cent, the same each time.
func losses(percent int, n int) func(int) bool {
	r := rand.New(rand.NewPCG(uint64(percent), 7))
	list := make([]bool, n)
	for i := range list {
		list[i] = i > 10 && r.IntN(100) < percent
	}
	return func(i int) bool { return list[i] }
}

func TestForwardErrorCorrectionIsBetterThanConcealment(t *testing.T) {
	for _, rate := range []int{8000, 16000} { // the rates of bridges
		for _, percent := range []int{5, 20} {
			t.Run(fmt.Sprintf("%d Hz, %d %%", rate, percent), func(t *testing.T) {
				pcm := speech(rate, 6)
				packets := stream(t, Opus, Options{Rate: rate, FEC: true, Loss: percent}, pcm)
				lost := losses(percent, len(packets))
				clean := played(t, Opus, rate, packets, nil, false)
				// Against what arrives without loss: that is what loss takes away.
				with := segmental(clean, played(t, Opus, rate, packets, lost, true), rate, 0)
				without := segmental(clean, played(t, Opus, rate, packets, lost, false), rate, 0)
				t.Logf("%.1f dB with FEC, %.1f dB without", with, without)
				if with < without+0.5 {
					t.Errorf("%.1f dB with FEC, %.1f dB without", with, without)
				}
			})
		}
	}
}

func TestConcealmentIsBetterThanSilence(t *testing.T) {
	for _, f := range []Format{PCMU, PCMA, G722, Opus} {
		t.Run(f.Name, func(t *testing.T) {
			rate := Rate(f)
			pcm := speech(rate, 4)
			packets := stream(t, f, Options{}, pcm)
			clean := played(t, f, rate, packets, nil, false)
			lost := losses(5, len(packets))
			concealed := played(t, f, rate, packets, lost, false)
			silent := played(t, f, rate, packets, lost, false)
			for i := range packets {
				if lost(i) {
					clear(silent[i*rate/50 : (i+1)*rate/50])
				}
			}
			c, s := distance(clean, concealed), distance(clean, silent)
			t.Logf("noise of %.0f concealed, %.0f silent", c, s)
			if c > s {
				t.Errorf("noise of %.0f concealed, %.0f with silence", c, s)
			}
		})
	}
}

// distance is the root mean square of the difference.
func distance(a, b []int16) float64 {
	sum := 0.0
	for i := range min(len(a), len(b)) {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(a)))
}

func TestConcealedToneGoesOnWithoutAClick(t *testing.T) {
	for _, f := range []Format{PCMU, G722} {
		for _, hz := range []float64{150, 440, 1000} {
			rate := Rate(f)
			pcm := make([]int16, rate)
			for i := range pcm {
				pcm[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
			}
			packets := stream(t, f, Options{}, pcm)
			got := played(t, f, rate, packets, func(i int) bool { return i == 20 || i == 21 || i == 35 }, false)
			steepest := 2 * math.Pi * hz / float64(rate) * 8000
			for i := rate / 10; i < len(got); i++ {
				if d := math.Abs(float64(got[i]) - float64(got[i-1])); d > 1.6*steepest+700 {
					t.Errorf("%s, %g Hz: a step of %.0f at %.1f ms, the tone has %.0f", f.Name, hz, d, 1000*float64(i)/float64(rate), steepest)
				}
			}
			if lost := energy(got[rate*40/100 : rate*42/100]); lost < 3000 {
				t.Errorf("%s, %g Hz: the first lost frame has a level of %.0f", f.Name, hz, lost)
			}
		}
	}
}

func energy(pcm []int16) float64 { return distance(pcm, make([]int16, len(pcm))) }

func TestConcealmentFadesOut(t *testing.T) {
	for _, f := range []Format{PCMU, G722, Opus} {
		for _, rate := range []int{8000, 16000, 48000} {
			d, err := NewDecoder(f, rate)
			if err != nil {
				t.Fatal(err)
			}
			pcm := make([]int16, rate/50)
			d.Conceal(pcm) // before anything was heard
			if e := energy(pcm); e > 10 {
				t.Errorf("%s at %d: noise of %.0f out of nothing", f.Name, rate, e)
			}
			for _, p := range stream(t, f, Options{Rate: rate}, speech(rate, 0.2)) {
				d.Decode(pcm, p)
			}
			for range 50 {
				d.Conceal(pcm)
			}
			if e := energy(pcm); e > 200 {
				t.Errorf("%s at %d: a level of %.0f after a second", f.Name, rate, e)
			}
			d.Close()
			d.Close()
		}
	}
}

func TestOpusDoesWhatTheReceiverAsksFor(t *testing.T) {
	pcm := speech(48000, 4)
	size := func(fmtp string, o Options) (bytes int, fec bool) {
		f := Opus
		f.Fmtp = fmtp
		for _, p := range stream(t, f, o, pcm) {
			bytes += len(p)
			fec = fec || OpusHasFEC(p)
		}
		return bytes, fec
	}
	usual, fec := size("", Options{})
	if fec || usual*8/4 > 40000 {
		t.Errorf("%d bit/s, FEC %v, without any parameter", usual*8/4, fec)
	}
	if _, fec := size("minptime=10;useinbandfec=1", Options{}); fec {
		t.Error("FEC although nothing is lost")
	}
	if _, fec := size("minptime=10;useinbandfec=1", Options{Loss: 5}); !fec {
		t.Error("no FEC although it is asked for")
	}
	if _, fec := size("minptime=10", Options{Loss: 5}); fec {
		t.Error("FEC although it is not asked for")
	}
	if n, _ := size("maxaveragebitrate=12000", Options{}); n*8/4 > 16000 {
		t.Errorf("%d bit/s, at most 12000 are asked for", n*8/4)
	}
	if n, _ := size("MaxAverageBitrate = 12000 ; stereo=1", Options{Bitrate: 64000}); n*8/4 > 16000 {
		t.Errorf("%d bit/s, at most 12000 are asked for", n*8/4)
	}
	f := Opus
	f.Fmtp = "maxplaybackrate=8000"
	for _, p := range stream(t, f, Options{}, pcm)[5:] {
		if config := p[0] >> 3; config >= 4 && config < 16 || config >= 20 {
			t.Fatalf("configuration %d is wider than 4 kHz", config)
		}
	}
	f.Fmtp = "usedtx=1"
	silent := 0
	for _, p := range stream(t, f, Options{Rate: 16000}, make([]int16, 16000*3)) {
		if len(p) == 0 {
			silent++
		}
	}
	if silent < 100 {
		t.Errorf("%d of 150 packets of silence are left out", silent)
	}
}

func TestForwardErrorCorrectionComesWithLoss(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		e, err := NewEncoder(Opus, Options{Rate: rate})
		if err != nil {
			t.Fatal(err)
		}
		pcm, payload := speech(rate, 1), make([]byte, 1500)
		for _, c := range []struct {
			loss int
			fec  bool
		}{{1, false}, {2, true}, {1, true}, {0, false}, {30, true}, {0, false}} {
			Expect(e, c.loss)
			with := 0
			for at := 0; at+rate/50 <= len(pcm); at += rate / 50 {
				if n := e.Encode(payload, pcm[at:at+rate/50]); OpusHasFEC(payload[:n]) {
					with++
				}
			}
			if c.fec != (with > 10) || !c.fec && with > 1 { // the last before may be repeated once more
				t.Errorf("%d Hz, %d %% loss: %d of 50 packets have FEC, want %v", rate, c.loss, with, c.fec)
			}
		}
		e.Close()
		Expect(e, 50) // too late, and harmless
	}
	e, _ := NewEncoder(PCMU, Options{})
	Expect(e, 50)
}

// What an encoder did before it is used again must not be heard. gopus forgets less
// than all in a reset, so the packets need not be the same to the bit.
func TestAnEncoderThatIsUsedAgainSoundsLikeANewOne(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		pcm := speech(rate, 1.5)
		code := func(lib *libEncoder, o Options) (packets [][]byte) {
			o.Rate = rate
			if err := lib.setup(opusSetupFor(Opus, o)); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 1500)
			for at := 0; at+rate/50 <= len(pcm); at += rate / 50 {
				n, err := lib.encode(buf, pcm[at:at+rate/50])
				if err != nil {
					t.Fatal(err)
				}
				packets = append(packets, append([]byte(nil), buf[:n]...))
			}
			return packets
		}
		fresh, err := newLibEncoder(rate)
		if err != nil {
			t.Fatal(err)
		}
		used, err := newLibEncoder(rate)
		if err != nil {
			t.Fatal(err)
		}
		want := code(fresh, Options{})
		code(used, Options{FEC: true, Loss: 20, DTX: true, Bitrate: 48000, Complexity: 8})
		got := code(used, Options{})
		same, bytes := 0, [2]int{}
		for i := range want {
			if string(want[i]) == string(got[i]) {
				same++
			}
			bytes[0], bytes[1] = bytes[0]+len(want[i]), bytes[1]+len(got[i])
		}
		first := segmental(pcm, played(t, Opus, rate, want[:25], nil, false), rate, 0)
		again := segmental(pcm, played(t, Opus, rate, got[:25], nil, false), rate, 0)
		a, b := likeness(pcm, played(t, Opus, rate, want, nil, false), rate), likeness(pcm, played(t, Opus, rate, got, nil, false), rate)
		t.Logf("%d Hz: %d of %d packets the same, %d bytes for %d; the beginning %.2f dB for %.2f, all %.2f for %.2f", rate, same, len(want), bytes[1], bytes[0], again, first, b, a)
		if math.Abs(a-b) > 0.5 || math.Abs(first-again) > 1 || abs(bytes[0]-bytes[1]) > bytes[0]/50 {
			t.Errorf("%d Hz: %.2f dB and %d bytes, a new one has %.2f and %d", rate, b, bytes[1], a, bytes[0])
		}
	}
}

func TestFrameTime(t *testing.T) {
	for _, c := range []struct {
		f            Format
		wanted, want int
	}{
		{PCMU, 30, 30}, {PCMU, 5, 10}, {PCMU, 500, 120}, {Opus, 10, 10}, {Opus, 30, 20}, {Opus, 50, 40}, {Opus, 60, 60}, {Opus, 120, 120}, {G722, 45, 40},
	} {
		if got := FrameTime(c.f, time.Duration(c.wanted)*time.Millisecond); got != time.Duration(c.want)*time.Millisecond {
			t.Errorf("%s: %v for %d ms, want %d", c.f.Name, got, c.wanted, c.want)
		}
	}
}

func TestOtherFrameLengths(t *testing.T) {
	for _, ms := range []int{10, 20, 40, 60, 80, 100, 120} {
		for _, rate := range []int{8000, 16000, 48000} {
			e, _ := NewEncoder(Opus, Options{Rate: rate})
			d, _ := NewDecoder(Opus, rate)
			payload, pcm := make([]byte, 1500), make([]int16, rate/1000*120)
			n := e.Encode(payload, speech(rate, float64(ms)/1000))
			if got := d.Decode(pcm, payload[:n]); got != rate/1000*ms || OpusDuration(payload[:n], rate) != got {
				t.Errorf("%d ms at %d Hz came back as %d samples", ms, rate, got)
			}
			if got := d.Decode(pcm[:40], payload[:n]); got != 40 {
				t.Errorf("a short buffer took %d samples", got)
			}
			e.Close()
			d.Close()
		}
	}
}

func TestComfortNoise(t *testing.T) {
	e, _ := NewEncoder(CN, Options{})
	for _, level := range []int{30, 50, 70} {
		for _, payload := range [][]byte{{byte(level)}, {byte(level), 180, 100, 127, 60}} {
			d, _ := NewDecoder(CN, 0)
			pcm := make([]int16, 8000)
			if n := d.Decode(pcm, payload); n != len(pcm) {
				t.Fatalf("%d samples", n)
			}
			var back [1]byte
			if n := e.Encode(back[:], pcm); n != 1 || abs(int(back[0])-level) > 2 {
				t.Errorf("noise of -%d dBov (%d bytes) has -%d", level, len(payload), back[0])
			}
		}
	}
}

func TestNoAllocationPerFrame(t *testing.T) {
	for _, f := range append(Coded(), L16, CN) {
		for _, rate := range []int{8000, 16000, 48000} {
			// For FEC, gopus allocates 9 KB a frame.
			e, err := NewEncoder(f, Options{Rate: rate, FEC: OpusLibrary != "gopus"})
			if err != nil {
				t.Fatal(err)
			}
			d, err := NewDecoder(f, rate)
			if err != nil {
				t.Fatal(err)
			}
			pcm, payload, n := speech(rate, 0.02), make([]byte, 4000), 0
			step := func() {
				n = e.Encode(payload, pcm)
				d.Decode(pcm, payload[:n])
				if !f.Same(Opus) { // gopus allocates for concealment, some objects for each loss
					d.Conceal(pcm)
				}
				d.Recover(pcm, payload[:n])
				d.Decode(pcm, payload[:n])
			}
			for range 20 {
				step()
			}
			if a := testing.AllocsPerRun(100, step); a != 0 {
				t.Errorf("%s at %d Hz: %v allocations per frame", f.Name, rate, a)
			}
			e.Close()
			d.Close()
		}
	}
}

func TestWhatCannotBeCoded(t *testing.T) {
	for _, f := range []Format{GSM, G729, DTMF, {Name: "OPUS", Clock: 16000, Channels: 1}, {}} {
		if _, err := NewEncoder(f, Options{}); err == nil {
			t.Errorf("an encoder for %v", f)
		}
		if _, err := NewDecoder(f, 0); err == nil || Rate(f) != 0 {
			t.Errorf("a decoder for %v", f)
		}
	}
	if _, err := NewDecoder(PCMU, 44100); err == nil {
		t.Error("a decoder to 44100 Hz")
	}
	if _, err := NewEncoder(Opus, Options{Rate: 24000}); err == nil {
		t.Error("an encoder from 24000 Hz")
	}
}

// FuzzDecoders gives them anything.
func FuzzDecoders(f *testing.F) {
	f.Add([]byte{0x48, 1, 2, 3}, uint8(0))
	f.Add([]byte{}, uint8(1))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff}, uint8(2))
	f.Add([]byte{3, 0xc1, 255, 255}, uint8(3))
	f.Fuzz(func(t *testing.T, payload []byte, how uint8) {
		rate := [...]int{8000, 16000, 48000}[how%3]
		for _, format := range append(Coded(), L16, CN) {
			d, err := NewDecoder(format, rate)
			if err != nil {
				t.Fatal(err)
			}
			pcm := make([]int16, rate/1000*int(1+how%120))
			if n := d.Decode(pcm, payload); n < 0 || n > len(pcm) {
				t.Fatalf("%v: %d samples in %d", format, n, len(pcm))
			}
			d.Recover(pcm, payload)
			d.Conceal(pcm)
			d.Decode(pcm, payload)
			d.Close()
		}
	})
}

func BenchmarkFrame20ms(b *testing.B) {
	for _, f := range Coded() {
		for _, rate := range []int{8000, 16000, 48000} {
			if f.Name != "OPUS" && rate != Rate(f) {
				continue
			}
			pcm, payload := speech(rate, 2), make([]byte, 2000)
			b.Run(fmt.Sprintf("%s/encode/%d", f.Name, rate), func(b *testing.B) {
				e, _ := NewEncoder(f, Options{Rate: rate, FEC: true})
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					at := i % 100 * rate / 50
					e.Encode(payload, pcm[at:at+rate/50])
				}
				e.Close()
			})
			packets := stream(b, f, Options{Rate: rate, FEC: true}, pcm)
			b.Run(fmt.Sprintf("%s/decode/%d", f.Name, rate), func(b *testing.B) {
				d, _ := NewDecoder(f, rate)
				out := make([]int16, rate/50)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					d.Decode(out, packets[i%100])
				}
				d.Close()
			})
		}
	}
	for _, f := range []Format{PCMU, G722} {
		b.Run(f.Name+"/conceal", func(b *testing.B) {
			d, _ := NewDecoder(f, 0)
			packets := stream(b, f, Options{}, speech(Rate(f), 1))
			out := make([]int16, Rate(f)/50)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d.Conceal(out)
				d.Decode(out, packets[i%50])
			}
		})
	}
}
