package wav_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/internal/testwav"
	"dialtone/media/codec"
	"dialtone/media/wav"
)

func open(tb testing.TB, file []byte) *wav.Reader {
	tb.Helper()
	r, err := wav.NewReader(bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// all reads in pieces of n samples.
func all(tb testing.TB, r *wav.Reader, n int) (out []int16) {
	tb.Helper()
	pcm := make([]int16, n)
	for {
		got, err := r.Read(pcm)
		out = append(out, pcm[:got]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			tb.Fatal(err)
		}
		if got < n {
			if more, err := r.Read(pcm); more != 0 || !errors.Is(err, io.EOF) {
				tb.Fatalf("%d samples after the end, %v", more, err)
			}
			return out
		}
	}
}

// level is the amplitude of the tone of hz, 1 for full scale.
func level(pcm []int16, hz float64) float64 {
	var re, im float64
	for i, s := range pcm {
		turn := 2 * math.Pi * hz * float64(i) / wav.Rate
		re += float64(s) * math.Cos(turn)
		im += float64(s) * math.Sin(turn)
	}
	return 2 * math.Hypot(re, im) / float64(len(pcm)) / 32768
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

func TestAToneStaysATone(t *testing.T) {
	for name, f := range layouts {
		for _, hz := range []float64{200, 1000, 3300} {
			r := open(t, f.Tone(hz, time.Second))
			if d := r.Length() - time.Second; d.Abs() > time.Millisecond {
				t.Errorf("%s: it lasts %v", name, r.Length())
			}
			pcm := all(t, r, 160)
			if off := len(pcm) - wav.Rate; off < -2 || off > 2 {
				t.Errorf("%s: %d samples, want %d", name, len(pcm), wav.Rate)
				continue
			}
			// The edges are those of the tone, not of the filter.
			if got := 20 * math.Log10(level(pcm[400:7600], hz)/0.25); math.Abs(got) > 0.2 {
				t.Errorf("%s: %g Hz comes out %.2f dB louder", name, hz, got)
			}
		}
	}
}

func TestAboveTheTelephonesBandNothingIsLeft(t *testing.T) {
	for _, f := range []testwav.Format{{Rate: 16000}, {Rate: 44100}, {Rate: 48000}} {
		for _, hz := range []float64{4100, 5000, 7000} {
			pcm := all(t, open(t, f.Tone(hz, time.Second)), 160)
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

func TestNothingIsLate(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		pcm := make([]int16, rate)
		click := rate / 2
		pcm[click] = 30000
		out := all(t, open(t, testwav.Format{Rate: rate}.File(pcm)), 160)
		loudest := 0
		for i, s := range out {
			if s > out[loudest] {
				loudest = i
			}
		}
		if loudest < wav.Rate/2-1 || loudest > wav.Rate/2+1 {
			t.Errorf("%d samples a second: a click after 4000 samples comes after %d", rate, loudest)
		}
	}
}

func TestThePiecesDoNotMatter(t *testing.T) {
	for name, f := range layouts {
		file := f.Tone(800, 300*time.Millisecond)
		whole := all(t, open(t, file), 100_000)
		for _, n := range []int{1, 7, 160, 513} {
			if got := all(t, open(t, file), n); len(got) != len(whole) || !equal(got, whole) {
				t.Errorf("%s: in pieces of %d it is %d samples, not %d", name, n, len(got), len(whole))
			}
		}
	}
}

func equal(a, b []int16) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestALoudFileIsNotTornAtItsPeaks(t *testing.T) {
	pcm := make([]int16, 48000)
	for i := range pcm {
		pcm[i] = 32767
		if i/48%2 == 1 {
			pcm[i] = -32768
		}
	}
	out := all(t, open(t, testwav.Format{Rate: 48000}.File(pcm)), 160)
	for i := 1; i < len(out); i++ {
		if d := int(out[i]) - int(out[i-1]); d > 60000 || d < -60000 {
			t.Fatalf("sample %d is %d after %d", i, out[i], out[i-1])
		}
	}
}

func TestFilesThatWereNotFinishedPlay(t *testing.T) {
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
		r := open(t, change(bytes.Clone(file)))
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

func TestWhatCannotBePlayedSaysWhy(t *testing.T) {
	good := testwav.Format{}.Tone(440, 20*time.Millisecond)
	set := func(at int, v ...byte) []byte { b := bytes.Clone(good); copy(b[at:], v); return b }
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"empty":      {nil, "it is no WAV file"},
		"MP3":        {append([]byte("ID3\x04"), make([]byte, 100)...), "it is no WAV file"},
		"no audio":   {good[:36], "there is no audio in the WAV file"},
		"no format":  {append(bytes.Clone(good[:12]), good[36:]...), "it is no WAV file"},
		"12 bits":    {set(34, 12), "its samples have 12 bits, which nobody writes; convert it: sox"},
		"concert":    {set(22, 9), "it has 9 channels, not 1 to 8; convert it"},
		"no channel": {set(22, 0), "it has 0 channels"},
		"GSM":        {set(20, 0x31), "it holds audio of kind 49, not PCM"},
		"A-law 16":   {set(20, 6), "its samples have 16 bits, which nobody writes"},
		"384 kHz":    {set(24, 0x00, 0xdc, 5, 0), "it has 384000 samples a second, not 4000 to 192000"},
		"0 Hz":       {set(24, 0, 0, 0, 0), "it has 0 samples a second"},
	} {
		_, err := wav.NewReader(bytes.NewReader(c.file))
		if err == nil || !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.says)
		}
	}
}

func TestFilesAreOfTheFolder(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "prompts")
	for _, name := range []string{"secret.wav", "prompts/welcome.wav", "prompts/de/welcome.wav"} {
		if err := testwav.Write(filepath.Join(dir, name), 440, 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret.wav", filepath.Join(in, "link.wav")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("welcome.wav", filepath.Join(in, "hello.wav")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(in, "folder.wav"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"welcome", "de/welcome", "hello"} {
		f, err := wav.Open(in, name)
		if err != nil {
			t.Error(err)
			continue
		}
		if f.Length() != 20*time.Millisecond {
			t.Errorf("%s lasts %v", name, f.Length())
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, says := range map[string]string{
		"../secret":             `"../secret" is no name of a file`,
		"de/../../secret":       "is no name of a file",
		"/etc/passwd":           "is no name of a file",
		"":                      "is no name of a file",
		".hidden":               "is no name of a file",
		"de//welcome":           "is no name of a file",
		"a\x00b":                "is no name of a file",
		strings.Repeat("a", 65): "is no name of a file",
		"a/b/c/d/e":             "is no name of a file",
		"link":                  "escapes",
		"folder":                "is no file",
		"goodbye":               "there is no file goodbye.wav in " + in,
		"fr/welcome":            "there is no file fr/welcome.wav in " + in,
	} {
		if _, err := wav.Open(in, name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", name, err, says)
		}
	}
	if _, err := wav.Open(filepath.Join(dir, "nowhere"), "welcome"); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Error(err)
	}
}

func FuzzReader(f *testing.F) {
	for _, layout := range layouts {
		f.Add(layout.Tone(440, 5*time.Millisecond))
	}
	f.Add(extended(testwav.Format{}.Tone(440, 5*time.Millisecond)))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := wav.NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		// A byte is one sample at most, at the lowest rate.
		if got := len(all(t, r, 160)); got > len(file)+2 {
			t.Errorf("%d samples of %d bytes", got, len(file))
		}
		if d := r.Length(); d < 0 || d > time.Duration(len(file))*time.Second/wav.Rate {
			t.Errorf("%d bytes last %v", len(file), d)
		}
	})
}

// BenchmarkRead measures a frame of 20 ms.
func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"8 kHz", "16 kHz", "44.1 kHz", "48 kHz stereo"} {
		file := layouts[name].Tone(440, 10*time.Second)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			pcm := make([]int16, 160)
			r := open(b, file)
			for b.Loop() {
				if _, err := r.Read(pcm); err != nil {
					b.StopTimer()
					r = open(b, file)
					b.StartTimer()
				}
			}
		})
	}
}
