package audio

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"dialtone/internal/testwav"
)

// files are 1.5 s of 440 Hz at a quarter of full scale, as others have written them.
func files(tb testing.TB) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{
		"8k.wav":   testwav.Format{}.Tone(440, 1500*time.Millisecond),
		"44k1.wav": testwav.Format{Rate: 44100, Channels: 2}.Tone(440, 1500*time.Millisecond),
	}
	for _, name := range []string{
		"cbr.mp3", "vbr.mp3", "plain.mp3", "stereo.ogg", "mono.ogg", "stereo.opus", "mono.opus", "stereo.flac", "mono.flac",
	} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			tb.Fatal(err)
		}
		out[name] = b
	}
	return out
}

// all reads to the end, in pieces of n samples.
func all(tb testing.TB, c *Clip, n int) (out []int16) {
	tb.Helper()
	pcm := make([]int16, n)
	for {
		got, err := c.Read(pcm)
		out = append(out, pcm[:got]...)
		switch {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			tb.Fatal(err)
		case got == 0:
			tb.Fatal("nothing read, and no error")
		}
	}
}

// level is the amplitude of hz in pcm, in dB of a quarter of full scale.
func level(pcm []int16, rate int, hz float64) float64 {
	var re, im float64
	for i, s := range pcm {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(pcm)))
		turn := 2 * math.Pi * hz * float64(i) / float64(rate)
		re += w * float64(s) * math.Cos(turn)
		im += w * float64(s) * math.Sin(turn)
	}
	return 20 * math.Log10(4*math.Hypot(re, im)/float64(len(pcm))/8192+1e-9)
}

// around is the energy of what is not hz, in dB of a quarter of full scale.
func around(pcm []int16, rate int, hz float64) float64 {
	var re, im, sum float64
	for i, s := range pcm {
		turn := 2 * math.Pi * hz * float64(i) / float64(rate)
		re += float64(s) * math.Cos(turn)
		im += float64(s) * math.Sin(turn)
		sum += float64(s) * float64(s)
	}
	n := float64(len(pcm))
	return 10 * math.Log10(max(sum/n-2*(re*re+im*im)/n/n, 1)/(8192*8192/2))
}

func TestAToneStaysAToneWhateverTheFile(t *testing.T) {
	for name, file := range files(t) {
		for _, rate := range []int{8000, 16000, 48000} {
			c, err := NewClip(bytes.NewReader(file), rate)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			pcm := all(t, c, rate/50)
			lasts := time.Duration(len(pcm)) * time.Second / time.Duration(rate)
			if d := lasts - 1500*time.Millisecond; d < -2*time.Millisecond || d > 120*time.Millisecond {
				t.Errorf("%s at %d: it lasts %v", name, rate, lasts)
			}
			if d := c.Length() - 1500*time.Millisecond; d.Abs() > 120*time.Millisecond {
				t.Errorf("%s: it says that it lasts %v", name, c.Length())
			}
			if c.Position() != lasts {
				t.Errorf("%s: it is at %v after %v", name, c.Position(), lasts)
			}
			// A whole number of periods, away from the edges.
			mid := pcm[rate/4 : rate/4+rate]
			if l := level(mid, rate, 440); math.Abs(l) > 0.5 {
				t.Errorf("%s at %d: 440 Hz is %.2f dB off", name, rate, l)
			}
			most := -30.0
			if name == "mono.opus" { // of 16 kbit/s
				most = -20
			}
			if n := around(mid, rate, 440); n > most {
				t.Errorf("%s at %d: besides 440 Hz there is something of %.0f dB", name, rate, n)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestTheSizeOfPiecesDoesNotMatter(t *testing.T) {
	for name, file := range files(t) {
		var want []int16
		for _, n := range []int{100_000, 1, 160, 1025} {
			c, err := NewClip(iotestSeeker{bytes.NewReader(file)}, 16000)
			if err != nil {
				t.Fatal(err)
			}
			got := all(t, c, n)
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: in pieces of %d it is %d samples that differ from %d", name, n, len(got), len(want))
			}
			_ = c.Close()
		}
	}
}

// iotestSeeker gives a byte at a time.
type iotestSeeker struct{ r *bytes.Reader }

func (s iotestSeeker) Read(p []byte) (int, error) { return iotest.OneByteReader(s.r).Read(p) }

func (s iotestSeeker) Seek(offset int64, whence int) (int64, error) { return s.r.Seek(offset, whence) }

func TestSeekingLandsWhereItSays(t *testing.T) {
	for name, file := range files(t) {
		for _, rate := range []int{8000, 48000} {
			c, err := NewClip(bytes.NewReader(file), rate)
			if err != nil {
				t.Fatal(err)
			}
			whole := all(t, c, 4096)
			for _, to := range []time.Duration{700 * time.Millisecond, 200 * time.Millisecond, 1200 * time.Millisecond, -time.Second, 0} {
				if err := c.Seek(to); err != nil {
					t.Fatal(err)
				}
				at := max(0, int(to*time.Duration(rate)/time.Second))
				pcm := make([]int16, rate/10)
				n, err := c.Read(pcm)
				if err != nil || n != len(pcm) {
					t.Fatalf("%s: %d samples at %v, %v", name, n, to, err)
				}
				if d := difference(pcm, whole[at:at+n]); d > -30 {
					t.Errorf("%s at %d: behind a leap to %v it differs by %.0f dB", name, rate, to, d)
				}
			}
			if err := c.Seek(time.Hour); err != nil {
				t.Error(err)
			}
			if n, err := c.Read(make([]int16, 100)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("%s: %d samples behind the end, %v", name, n, err)
			}
			_ = c.Close()
		}
	}
}

// difference is the energy of a-b, in dB of a quarter of full scale.
func difference(a, b []int16) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return 10 * math.Log10(max(sum/float64(len(a)), 1)/(8192*8192/2))
}

func TestAStreamMayBeJoinedInTheMiddle(t *testing.T) {
	for name, file := range files(t) {
		if strings.HasSuffix(name, ".wav") || strings.HasSuffix(name, ".flac") {
			continue
		}
		from := 0
		if strings.HasSuffix(name, ".mp3") {
			from = len(file) / 3
		}
		c, err := NewStream(iotest.HalfReader(bytes.NewReader(file[from:])), 8000)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		pcm := all(t, c, 160)
		if len(pcm) < 6000 {
			t.Errorf("%s: %d samples from the middle on", name, len(pcm))
			continue
		}
		if l := level(pcm[2000:6000], 8000, 440); math.Abs(l) > 0.5 {
			t.Errorf("%s: from the middle on 440 Hz is %.2f dB off", name, l)
		}
		if err := c.Seek(0); !errors.Is(err, ErrNoSeek) {
			t.Errorf("%s: seeking in a stream: %v", name, err)
		}
	}
}

func TestOneOggBehindAnotherIsHeardToo(t *testing.T) {
	for _, name := range []string{"stereo.ogg", "stereo.opus"} {
		file := files(t)[name]
		other := bytes.Clone(file)
		// The same serial number would do; another one is what is usual.
		c, err := NewStream(bytes.NewReader(append(bytes.Clone(file), other...)), 8000)
		if err != nil {
			t.Fatal(err)
		}
		if pcm := all(t, c, 160); len(pcm) < 23900 || len(pcm) > 24100 {
			t.Errorf("%s twice: %d samples", name, len(pcm))
		}
	}
}

func TestWhatIsCutOffPlaysToWhereItIs(t *testing.T) {
	for name, file := range files(t) {
		for _, part := range []int{4, 5, 7, 20} {
			c, err := NewClip(bytes.NewReader(file[:len(file)*(part-1)/part]), 8000)
			if err != nil {
				t.Errorf("%s without the last of %d parts: %v", name, part, err)
				continue
			}
			if pcm := all(t, c, 160); len(pcm) < 1500 || len(pcm) > 12500 {
				t.Errorf("%s without the last of %d parts: %d samples", name, part, len(pcm))
			}
		}
	}
}

func TestWhatIsNoAudioSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"empty":        {nil, "it is empty"},
		"text":         {[]byte(strings.Repeat("To be or not to be. ", 100)), "it is no WAV, FLAC"},
		"zeros":        {make([]byte, 3<<20), "it is no WAV, FLAC"},
		"ones":         {bytes.Repeat([]byte{0xff}, 3<<20), "it is no WAV, FLAC"},
		"only a name":  {append([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), make([]byte, 100)...), "it is no WAV, FLAC"},
		"half a FLAC":  {[]byte("fLaC\x00\x00"), "the FLAC file is broken"},
		"MPEG 2.5":     {bytes.Repeat(append([]byte{0xff, 0xe3, 0x48, 0xc4}, make([]byte, 140)...), 5), "it is an MP3 of 8000 samples a second"},
		"a WAV header": {testwav.Format{}.Tone(440, 0)[:36], "there is no audio in the WAV file"},
	} {
		_, err := NewClip(bytes.NewReader(c.file), 8000)
		if err == nil || !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.says)
		}
	}
	if _, err := NewClip(bytes.NewReader(nil), 44100); err == nil {
		t.Error("a rate of 44100 is taken")
	}
}

func TestFilesAreFoundInOrder(t *testing.T) {
	dir := t.TempDir()
	put := func(name string) {
		if err := testwav.Write(filepath.Join(dir, name), 440, 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	put("b.mp3")
	put("b.ogg")
	put("b.wav")
	put("de/a.flac")
	put("../outside.wav")
	if err := os.Symlink("../outside.wav", filepath.Join(dir, "link.wav")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub.wav"), 0o755); err != nil {
		t.Fatal(err)
	}
	file, more, err := Find(dir, "b")
	if file != "b.wav" || !slices.Equal(more, []string{"b.ogg", "b.mp3"}) || err != nil {
		t.Errorf("found %s, %q, %v", file, more, err)
	}
	if c, err := Open(dir, "de/a", 8000); err != nil {
		t.Error(err)
	} else if c.Name() != "de/a.flac" || c.Length() != 20*time.Millisecond { // by its content it is a WAV
		t.Errorf("opened %s of %v", c.Name(), c.Length())
	} else if err := c.Close(); err != nil {
		t.Error(err)
	}
	for name, says := range map[string]string{
		"../outside":            `"../outside" is no name of a file`,
		"de/../../outside":      "is no name of a file",
		"/etc/passwd":           "is no name of a file",
		"":                      "is no name of a file",
		".hidden":               "is no name of a file",
		"de//a":                 "is no name of a file",
		"a\x00b":                "is no name of a file",
		strings.Repeat("a", 65): "is no name of a file",
		"a/b/c/d/e":             "is no name of a file",
		"link":                  "escapes",
		"sub":                   "is no file",
		"c":                     "there is no file c.wav in " + dir,
		"fr/a":                  "there is no file fr/a.wav in " + dir,
	} {
		if _, err := Open(dir, name, 8000); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", name, err, says)
		}
	}
	if _, err := Open(filepath.Join(dir, "nowhere"), "a", 8000); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Error(err)
	}
	if !IsAudio("x.MP3") || IsAudio("x.txt") || IsAudio(".mp3") {
		t.Error("files of audio are not told from others")
	}
}

func FuzzClip(f *testing.F) {
	for _, file := range files(f) {
		f.Add(file[:min(len(file), 6000)])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		began := time.Now()
		for _, open := range []func() (*Clip, error){
			func() (*Clip, error) { return NewClip(bytes.NewReader(file), 8000) },
			func() (*Clip, error) { return NewStream(bytes.NewReader(file), 8000) },
		} {
			c, err := open()
			if err != nil {
				continue
			}
			pcm := make([]int16, 8000)
			for range 10 {
				n, err := c.Read(pcm)
				if err != nil {
					break
				}
				if n == 0 || n > len(pcm) {
					t.Fatalf("%d samples, no error", n)
				}
			}
			_ = c.Seek(100 * time.Millisecond)
			if l := c.Length(); l < 0 || l > maxLength {
				t.Fatalf("it lasts %v", l)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(began); d > 8*time.Second {
			t.Fatalf("it took %v", d)
		}
	})
}

// BenchmarkDecode is what a second of audio costs, at 8000 Hz.
func BenchmarkDecode(b *testing.B) {
	all := files(b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.Run(name, func(b *testing.B) {
			pcm := make([]int16, 8000)
			for b.Loop() {
				c, err := NewClip(bytes.NewReader(all[name]), 8000)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Read(pcm); err != nil {
					b.Fatal(err)
				}
				_ = c.Close()
			}
		})
	}
}

func bufferOf(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }

// dump leaves a file for other programs, when DIALTONE_DUMP says where.
func dump(t *testing.T, name string, b []byte) {
	t.Helper()
	if dir := os.Getenv("DIALTONE_DUMP"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Error(err)
		}
	}
}
