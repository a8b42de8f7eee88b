package audio

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dialtone/internal/testwav"
)

// sine is hz at a quarter of full scale.
func sine(n, rate int, hz float64) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(8192 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return out
}

// interleave puts two channels into one.
func interleave(a, b []int16) []int16 {
	out := make([]int16, 0, 2*len(a))
	for i := range a {
		out = append(out, a[i], b[i])
	}
	return out
}

// write writes pcm in pieces of n samples and leaves the writer open.
func write(t *testing.T, w Writer, pcm []int16, n int) {
	t.Helper()
	for part := range slices.Chunk(pcm, n) {
		if err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
}

func reread(t *testing.T, b []byte, rate int) []int16 {
	t.Helper()
	c, err := NewClip(bytes.NewReader(b), rate)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return all(t, c, 160)
}

func TestAWAVIsRightAtAnyMoment(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.wav")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := NewWAVWriter(file, 8000, 2)
	if err != nil {
		t.Fatal(err)
	}
	pcm := interleave(sine(20000, 8000, 440), sine(20000, 8000, 440))
	for i, part := range slices.Collect(slices.Chunk(pcm, 320)) {
		if err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name) // as if the process had been killed now
		if err != nil {
			t.Fatal(err)
		}
		d, err := newWAVDecoder(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if missing := w.Length() - d.length(); missing < 0 || missing > wavPatch {
			t.Fatalf("after %d parts %v are missing", i+1, missing)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(name)
	if want := (testwav.Format{Channels: 2}).File(sine(20000, 8000, 440)); !bytes.Equal(b, want) {
		t.Error("the file is another than it should be")
	}
	if w.Length() != 2500*time.Millisecond {
		t.Errorf("it lasts %v", w.Length())
	}
}

func TestOpusComesBackAsItWas(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		var b bytes.Buffer
		w, err := NewOpusWriter(&b, OpusOptions{Rate: rate, Channels: 1, Comments: []string{"TITLE=a message"}})
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, sine(rate*3/2+7, rate, 440), rate/33)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		pcm := reread(t, b.Bytes(), rate)
		if d := len(pcm) - rate*3/2 - 7; d < -8 || d > 8 {
			t.Errorf("%d Hz: %d samples too many", rate, d)
		}
		if l := level(pcm[rate/4:rate/4+rate], rate, 440); math.Abs(l) > 0.5 {
			t.Errorf("%d Hz: it comes back %.2f dB off", rate, l)
		}
	}
}

func TestTheTwoSidesAreKeptApartAndInStep(t *testing.T) {
	const rate = 16000
	var b bytes.Buffer
	w, err := NewOpusWriter(&b, OpusOptions{Rate: rate, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	left, right := sine(rate*2, rate, 440), sine(rate*2, rate, 1000)
	write(t, w, interleave(left, right), 640)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	pcm := reread(t, b.Bytes(), rate)
	if math.Abs(level(pcm[rate/2:rate*3/2], rate, 440)) > 0.5 || math.Abs(level(pcm[rate/2:rate*3/2], rate, 1000)) > 0.5 {
		t.Error("not both sides are heard")
	}
	o := newOggReader(bufferOf(b.Bytes()))
	p, err := o.next()
	if err != nil || !isOpusHead(p.data) || p.data[9] != 2 || p.data[18] != 1 || p.data[19] != 2 || p.data[20] != 0 {
		t.Fatalf("the header is % x, %v", p.data, err)
	}
	dump(t, "sides.opus", b.Bytes())
}

func TestOpusThatIsCutAtAnyBytePlays(t *testing.T) {
	const rate = 16000
	for _, channels := range []int{1, 2} {
		var b bytes.Buffer
		w, err := NewOpusWriter(&b, OpusOptions{Rate: rate, Channels: channels})
		if err != nil {
			t.Fatal(err)
		}
		begin := b.Len()
		write(t, w, make([]int16, rate*2*channels), 320)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		whole := b.Bytes()
		before := 0
		for n := begin; n <= len(whole); n += 1 + n%7 {
			got := len(reread(t, whole[:n], rate))
			if got < before {
				t.Fatalf("%d of %d bytes: %d samples, %d with fewer bytes", n, len(whole), got, before)
			}
			before = got
		}
		if before < rate*2-rate/50-opusPreskip*rate/opusClock {
			t.Errorf("the whole is %d samples", before)
		}
	}
}

func TestWritersAllocateNothing(t *testing.T) {
	pcm := make([]int16, 2*320) // the encoder of Opus allocates now and then for what is hard to say
	file, err := os.Create(filepath.Join(t.TempDir(), "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	waves, err := NewWAVWriter(file, 16000, 2)
	if err != nil {
		t.Fatal(err)
	}
	opus, err := NewOpusWriter(io.Discard, OpusOptions{Rate: 16000, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]Writer{"WAV": waves, "Opus": opus} {
		if n := testing.AllocsPerRun(200, func() {
			if err := w.Write(pcm); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %g allocations for a frame", name, n)
		}
	}
	_ = opus.Close()
}

// What cannot be gone back in, such as a file that is sealed, says that it goes on to its
// end, and plays to where it was cut off.
func TestAWAVThatCannotBeChangedPlaysToItsEnd(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWAVWriter(&b, 8000, 2)
	if err != nil {
		t.Fatal(err)
	}
	one := sine(20000, 8000, 440)
	write(t, w, interleave(one, one), 320)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	for n := wavHeader + 4; n <= len(whole); n += 1 + n%997 {
		if got, want := reread(t, whole[:n], 8000), one[:(n-wavHeader)/4]; !slices.Equal(got, want) {
			t.Fatalf("cut off at %d: %d samples, want %d", n, len(got), len(want))
		}
	}
	if got := reread(t, whole, 8000); !slices.Equal(got, one) {
		t.Errorf("%d samples of %d come back", len(got), len(one))
	}
}
