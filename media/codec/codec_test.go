package codec

import (
	"slices"
	"strings"
	"testing"

	"github.com/zaf/g711"
)

func TestG711EncodesEverySampleAsTheReference(t *testing.T) {
	for s := -32768; s <= 32767; s++ {
		if got, want := UlawFrom(int16(s)), g711.EncodeUlawFrame(int16(s)); got != want {
			t.Fatalf("µ-law of %d is %#02x, want %#02x", s, got, want)
		}
		if got, want := AlawFrom(int16(s)), g711.EncodeAlawFrame(int16(s)); got != want {
			t.Fatalf("A-law of %d is %#02x, want %#02x", s, got, want)
		}
	}
}

func TestG711DecodesEveryByteAsTheReference(t *testing.T) {
	for b := range 256 {
		if got, want := UlawSample(byte(b)), g711.DecodeUlawFrame(byte(b)); got != want {
			t.Errorf("µ-law %#02x is %d, want %d", b, got, want)
		}
		if got, want := AlawSample(byte(b)), g711.DecodeAlawFrame(byte(b)); got != want {
			t.Errorf("A-law %#02x is %d, want %d", b, got, want)
		}
	}
}

func TestConversionIsDecodeThenEncode(t *testing.T) {
	toA, toU := Conversion(PCMU, PCMA), Conversion(PCMA, PCMU)
	for b := range 256 {
		if got, want := toA[b], AlawFrom(UlawSample(byte(b))); got != want {
			t.Errorf("µ-law %#02x becomes A-law %#02x, want %#02x", b, got, want)
		}
		if got, want := toU[b], UlawFrom(AlawSample(byte(b))); got != want {
			t.Errorf("A-law %#02x becomes µ-law %#02x, want %#02x", b, got, want)
		}
	}
}

func TestConvertible(t *testing.T) {
	dynamic := Format{Name: "pcmu", PT: 98, Clock: 8000, Channels: 1}
	wide := Format{Name: "PCMU", PT: 99, Clock: 16000, Channels: 1}
	for _, c := range []struct {
		a, b Format
		want bool
	}{
		{PCMU, PCMA, true},
		{PCMA, PCMU, true},
		{dynamic, PCMA, true},
		{PCMU, PCMU, false},
		{PCMU, dynamic, false},
		{wide, PCMA, false},
		{PCMU, Opus, true},
		{G722, PCMA, true},
		{Opus, G722, true},
		{PCMU, GSM, false},
		{G729, Opus, false},
		{PCMU, CN, false},
		{DTMF, PCMU, false},
	} {
		if got := Convertible(c.a, c.b); got != c.want {
			t.Errorf("%v to %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestCodecsReturnWhatTheyEncoded(t *testing.T) {
	pcm := []int16{0, 8, -8, 1000, -1000, 32000, -32000}
	for _, c := range []struct {
		format Format
		bytes  int
		error  int // largest difference, in per cent of the sample
	}{
		{PCMU, 7, 4},
		{PCMA, 7, 4},
		{L16, 14, 0},
	} {
		t.Run(c.format.Name, func(t *testing.T) {
			codec, ok := For(c.format)
			if !ok || !codec.Format().Same(c.format) {
				t.Fatalf("For gave %v, %v", codec, ok)
			}
			payload := make([]byte, 100)
			n := codec.Encode(payload, pcm)
			if n != c.bytes {
				t.Fatalf("%d bytes, want %d", n, c.bytes)
			}
			back := make([]int16, 100)
			if n := codec.Decode(back, payload[:n]); n != len(pcm) {
				t.Fatalf("%d samples, want %d", n, len(pcm))
			}
			for i, s := range pcm {
				if d := abs(int(back[i]) - int(s)); d > abs(int(s))*c.error/100+8*min(c.error, 1) {
					t.Errorf("%d came back as %d", s, back[i])
				}
			}
			if n := codec.Encode(payload[:4], pcm); n != 4 {
				t.Errorf("a short buffer took %d bytes, want 4", n)
			}
			if n := codec.Decode(back[:2], payload); n != 2 {
				t.Errorf("a short buffer took %d samples, want 2", n)
			}
			if a := testing.AllocsPerRun(100, func() { codec.Decode(back, payload[:codec.Encode(payload, pcm)]) }); a != 0 {
				t.Errorf("%v allocations, want 0", a)
			}
		})
	}
}

func TestNames(t *testing.T) {
	want := []string{"OPUS", "G722", "PCMA", "PCMU", "G729", "GSM"}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("names are %v, want %v", got, want)
	}
	for _, n := range want {
		if f, ok := Named(strings.ToLower(n)); !Known(n) || !ok || f.Name != n {
			t.Errorf("%s is not known", n)
		}
	}
	for _, n := range []string{"", "TELEPHONE-EVENT", "CN", "L16", "PCM"} {
		if Known(n) {
			t.Errorf("%q is known, want it refused", n)
		}
	}
}

func abs(i int) int { return max(i, -i) }

func BenchmarkUlawToAlaw20ms(b *testing.B) {
	b.ReportAllocs()
	t := Conversion(PCMU, PCMA)
	payload := make([]byte, 160)
	for b.Loop() {
		for i, s := range payload {
			payload[i] = t[s]
		}
	}
}
