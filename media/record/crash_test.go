package record

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"

	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/media/codec"
	"dialtone/media/sealed"
)

// memory is a file, and what was on the disk of it after each flush.
type memory struct {
	bytes   []byte
	flushed []snapshot
	length  func() time.Duration
}

type snapshot struct {
	bytes  []byte
	length time.Duration
}

func (m *memory) Write(b []byte) (int, error) {
	m.bytes = append(m.bytes, b...)
	return len(b), nil
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) { return copy(m.bytes[at:], b), nil }

func (m *memory) Sync() error {
	m.flushed = append(m.flushed, snapshot{bytes.Clone(m.bytes), m.length()})
	return nil
}

// kinds are the files that a recording can be.
var kinds = []struct {
	name string
	make func(to io.Writer) (audio.Writer, error)
}{
	{"WAV", func(to io.Writer) (audio.Writer, error) { return audio.NewWAVWriter(to, Rate, 2) }},
	{"Opus", func(to io.Writer) (audio.Writer, error) {
		return audio.NewOpusWriter(to, audio.OpusOptions{Rate: Rate, Channels: 2})
	}},
}

// TestACrashLeavesWhatWasFlushed looks at files as they were after each flush, and cut
// off anywhere behind it: what was flushed can be heard. Of what is sealed 64 KiB may be
// missing.
func TestACrashLeavesWhatWasFlushed(t *testing.T) {
	private := must(age.GenerateX25519Identity())
	public := must(sealed.ParseKey(private.Recipient().String()))
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			m := &memory{}
			record30(t, m, must(kind.make(m)))
			for i, s := range m.flushed {
				if raceDetector && i%3 > 0 && i < len(m.flushed)-2 {
					continue
				}
				next := m.bytes
				if i+1 < len(m.flushed) {
					next = m.flushed[i+1].bytes
				}
				checkCut(t, s, next, func(b []byte) []byte { return b })
			}
		})
		t.Run(kind.name+", sealed", func(t *testing.T) {
			m := &memory{}
			seal := must(sealed.NewWriter(m, []sealed.Key{public}))
			inside := &memory{}
			record30(t, m, must(kind.make(&both{seal, inside})))
			if err := seal.Close(); err != nil {
				t.Fatal(err)
			}
			open := func(b []byte) []byte {
				out, err := io.ReadAll(must(age.Decrypt(bytes.NewReader(b), private)))
				if !bytes.HasPrefix(inside.bytes, out) || err == nil && len(out) < len(inside.bytes) {
					t.Fatalf("%d bytes are not those that were sealed, or seem to be all", len(out))
				}
				return out
			}
			if whole := open(m.bytes); !bytes.Equal(whole, inside.bytes) {
				t.Errorf("%d bytes of %d are sealed", len(whole), len(inside.bytes))
			}
			for i, s := range m.flushed[:len(m.flushed)-1] {
				if got := open(s.bytes); int64(len(got)) < int64(len(inside.bytes))*int64(s.length)/int64(30*time.Second)*9/10-sealed.Pending {
					t.Errorf("after %v %d bytes can be read", s.length, len(got))
				} else if len(got) > 5000 && (!raceDetector || i%3 == 0) {
					heardOf(t, got)
				}
			}
		})
	}
}

// both writes to two, and has the second one's length as it was without the first.
type both struct {
	*sealed.Writer
	inside *memory
}

func (b *both) Write(p []byte) (int, error) {
	_, _ = b.inside.Write(p)
	return b.Writer.Write(p)
}

// record30 records 30 s of two voices.
func record30(t *testing.T, m *memory, w audio.Writer) {
	t.Helper()
	m.length = w.Length
	synctest.Test(t, func(t *testing.T) {
		s := StartStereo(StereoOptions{To: w})
		for seq := range 1500 {
			payload := make([]byte, samples)
			for i := range payload {
				payload[i] = codec.UlawFrom(int16(voiced(int64(seq*samples + i))))
			}
			p := &media.Packet{Payload: payload, Format: &codec.PCMU, SSRC: 7, Seq: uint16(seq), Time: uint32(seq * samples)}
			s.Received(p)
			s.Sent(p)
			time.Sleep(tick)
		}
		if r := s.Stop(); r.Err != nil || r.Length != 30*time.Second {
			t.Errorf("%+v", r)
		}
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(m.flushed); n < 7 {
		t.Errorf("flushed %d times", n)
	}
}

// checkCut cuts off a file behind what was flushed.
func checkCut(t *testing.T, s snapshot, next []byte, open func([]byte) []byte) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(len(s.bytes))))
	for _, more := range []int{0, 1, r.IntN(len(next) - len(s.bytes) + 1), len(next) - len(s.bytes)} {
		b := append(bytes.Clone(s.bytes), next[len(s.bytes):min(len(next), len(s.bytes)+more)]...)
		if got := heardOf(t, open(b)); got < s.length-tick {
			t.Errorf("%d bytes and %d more: %v can be heard of %v that were flushed", len(s.bytes), more, got, s.length)
		}
	}
}

// heardOf is how much of a file can be heard.
func heardOf(t *testing.T, b []byte) time.Duration {
	t.Helper()
	c, err := audio.NewClip(bytes.NewReader(b), Rate)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	pcm, n := make([]int16, 1600), 0
	for {
		got, err := c.Read(pcm)
		n += got
		if errors.Is(err, io.EOF) {
			return time.Duration(n) * time.Second / Rate
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
