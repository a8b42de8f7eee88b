package audio

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/internal/testwav"
	"dialtone/media/codec"
)

func openWAV(tb testing.TB, file []byte) *Clip {
	tb.Helper()
	c, err := NewClip(bytes.NewReader(file), 8000)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

var layouts = map[string]testwav.Format{
	"8 kHz":          {},
	"8 kHz stereo":   {Channels: 2},
	"A-law":          {Tag: 6, Encode: codec.AlawFrom},
	"µ-law":          {Tag: 7, Encode: codec.UlawFrom},
	"µ-law stereo":   {Tag: 7, Encode: codec.UlawFrom, Channels: 2},
	"11.025 kHz":     {Rate: 11025},
	"16 kHz":         {Rate: 16000},
	"16 kHz stereo":  {Rate: 16000, Channels: 2},
	"22.05 kHz":      {Rate: 22050},
	"44.1 kHz":       {Rate: 44100, Channels: 2},
	"48 kHz":         {Rate: 48000},
	"48 kHz stereo":  {Rate: 48000, Channels: 2},
	"16 kHz A-law":   {Rate: 16000, Tag: 6, Encode: codec.AlawFrom},
	"32 kHz":         {Rate: 32000},
	"24 kHz, stereo": {Rate: 24000, Channels: 2},
}

func TestAToneStaysAToneInEveryWAV(t *testing.T) {
	for name, f := range layouts {
		for _, hz := range []float64{200, 1000, 3300} {
			r := openWAV(t, f.Tone(hz, time.Second))
			if d := r.Length() - time.Second; d.Abs() > time.Millisecond {
				t.Errorf("%s: it lasts %v", name, r.Length())
			}
			pcm := all(t, r, 160)
			if off := len(pcm) - 8000; off < -2 || off > 2 {
				t.Errorf("%s: %d samples, want %d", name, len(pcm), 8000)
				continue
			}
			// The edges are those of the tone, not of the filter.
			if got := level(pcm[400:7600], 8000, hz); math.Abs(got) > 0.2 {
				t.Errorf("%s: %g Hz comes out %.2f dB louder", name, hz, got)
			}
		}
	}
}

func TestAboveTheTelephonesBandNothingIsLeft(t *testing.T) {
	for _, f := range []testwav.Format{{Rate: 16000}, {Rate: 44100}, {Rate: 48000}} {
		for _, hz := range []float64{4100, 5000, 7000} {
			pcm := all(t, openWAV(t, f.Tone(hz, time.Second)), 160)
			var sum float64
			for _, s := range pcm[400:7600] {
				sum += float64(s) * float64(s)
			}
			rms := math.Sqrt(sum/7200) / 8192 * math.Sqrt2
			if db := 20 * math.Log10(max(rms, 1e-9)); db > -60 {
				t.Errorf("%d samples a second: %g Hz comes back at %.0f dB", f.Rate, hz, db)
			}
		}
	}
}

func TestNothingOfWAVIsLate(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		pcm := make([]int16, rate)
		click := rate / 2
		pcm[click] = 30000
		out := all(t, openWAV(t, testwav.Format{Rate: rate}.File(pcm)), 160)
		loudest := 0
		for i, s := range out {
			if s > out[loudest] {
				loudest = i
			}
		}
		if loudest < 8000/2-1 || loudest > 8000/2+1 {
			t.Errorf("%d samples a second: a click after 4000 samples comes after %d", rate, loudest)
		}
	}
}

func TestPiecesOfWAVDoNotMatter(t *testing.T) {
	for name, f := range layouts {
		file := f.Tone(800, 300*time.Millisecond)
		whole := all(t, openWAV(t, file), 100_000)
		for _, n := range []int{1, 7, 160, 513} {
			if got := all(t, openWAV(t, file), n); !slices.Equal(got, whole) {
				t.Errorf("%s: in pieces of %d it is %d samples, not %d", name, n, len(got), len(whole))
			}
		}
	}
}

func TestALoudFileIsNotTornAtItsPeaks(t *testing.T) {
	pcm := make([]int16, 48000)
	for i := range pcm {
		pcm[i] = 32767
		if i/48%2 == 1 {
			pcm[i] = -32768
		}
	}
	out := all(t, openWAV(t, testwav.Format{Rate: 48000}.File(pcm)), 160)
	for i := 1; i < len(out); i++ {
		if d := int(out[i]) - int(out[i-1]); d > 60000 || d < -60000 {
			t.Fatalf("sample %d is %d after %d", i, out[i], out[i-1])
		}
	}
}

func TestWAVThatWasNotFinishedPlays(t *testing.T) {
	file := testwav.Format{}.Tone(440, time.Second)
	for name, change := range map[string]func([]byte) []byte{
		"cut off":        func(b []byte) []byte { return b[:44+8000] },
		"length of 0":    func(b []byte) []byte { copy(b[40:], "\x00\x00\x00\x00"); return b[:44+8000] },
		"length unknown": func(b []byte) []byte { copy(b[40:], "\xff\xff\xff\xff"); return b[:44+8000] },
		"half a sample":  func(b []byte) []byte { return b[:44+8001] },
		"a chunk before": func(b []byte) []byte {
			return append(append(b[:12:12], "LIST\x03\x00\x00\x00abc\x00"...), b[12:44+8000]...)
		},
		"an extended fmt": func(b []byte) []byte { return extended(b)[:44+24+8000] },
	} {
		r := openWAV(t, change(bytes.Clone(file)))
		if pcm := all(t, r, 160); len(pcm) != 4000 || r.Length() != 500*time.Millisecond {
			t.Errorf("%s: %d samples, %v", name, len(pcm), r.Length())
		}
	}
}

// extended turns the format into WAVE_FORMAT_EXTENSIBLE.
func extended(b []byte) []byte {
	out := append(bytes.Clone(b[:36]), make([]byte, 24)...)
	out[16], out[20], out[21] = 40, 0xfe, 0xff
	out[44] = 1 // PCM, in the first bytes of the kind
	return append(out, b[36:]...)
}

func TestWAVThatCannotBePlayedSaysWhy(t *testing.T) {
	good := testwav.Format{}.Tone(440, 20*time.Millisecond)
	set := func(at int, v ...byte) []byte { b := bytes.Clone(good); copy(b[at:], v); return b }
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"AVI":        {append([]byte("RIFF\x00\x00\x00\x00AVI "), make([]byte, 100)...), "it is no WAV, FLAC"},
		"no audio":   {good[:36], "there is no audio in the WAV file"},
		"no format":  {append(bytes.Clone(good[:12]), good[36:]...), "the file is broken"},
		"12 bits":    {set(34, 12), "its samples have 12 bits, which nobody writes; convert it: sox"},
		"concert":    {set(22, 9), "it has 9 channels, not 1 to 8; convert it"},
		"no channel": {set(22, 0), "it has 0 channels"},
		"GSM":        {set(20, 0x31), "it holds audio of kind 49, not PCM"},
		"A-law 16":   {set(20, 6), "its samples have 16 bits, which nobody writes"},
		"384 kHz":    {set(24, 0x00, 0xdc, 5, 0), "it has 384000 samples a second, not 4000 to 192000"},
		"0 Hz":       {set(24, 0, 0, 0, 0), "it has 0 samples a second"},
	} {
		_, err := NewClip(bytes.NewReader(c.file), 8000)
		if err == nil || !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.says)
		}
	}
}

func FuzzWAV(f *testing.F) {
	for _, layout := range layouts {
		f.Add(layout.Tone(440, 5*time.Millisecond))
	}
	f.Add(extended(testwav.Format{}.Tone(440, 5*time.Millisecond)))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewClip(bytes.NewReader(file), 8000)
		if err != nil || !bytes.HasPrefix(file, []byte("RIFF")) {
			return
		}
		// A byte is one sample at most, at the lowest rate.
		if got := len(all(t, r, 160)); got > len(file)+2 {
			t.Errorf("%d samples of %d bytes", got, len(file))
		}
		if d := r.Length(); d < 0 || d > time.Duration(len(file))*time.Second/8000 {
			t.Errorf("%d bytes last %v", len(file), d)
		}
	})
}
