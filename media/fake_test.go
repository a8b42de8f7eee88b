package media

import (
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/media/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an endpoint that remembers what it is told.
type fake struct {
	formats []codec.Format
	ptime   time.Duration

	mu        sync.Mutex
	sink      Sink
	forwarded []Packet
	frames    []frame
}

type frame struct {
	format  codec.Format
	payload []byte
	samples int
	marker  bool
	at      time.Time
}

func (f *fake) Direction() Direction { return SendRecv }
func (f *fake) Stats() Stats         { return Stats{} }
func (f *fake) Ptime() time.Duration { return f.ptime }

func (f *fake) Formats() []codec.Format {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.formats
}

func (f *fake) accept(formats ...codec.Format) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.formats = formats
}

func (f *fake) SetSink(s Sink) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sink = s
}

func (f *fake) Forward(p *Packet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := *p
	q.Payload = append([]byte(nil), p.Payload...)
	f.forwarded = append(f.forwarded, q)
}

func (f *fake) Write(format codec.Format, payload []byte, samples int, marker bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frames = append(f.frames, frame{format, append([]byte(nil), payload...), samples, marker, time.Now()})
}

// arrives is a packet that comes in at f.
func (f *fake) arrives(format *codec.Format, payload string) {
	p := &Packet{Payload: []byte(payload), Format: format}
	if f.sink != nil {
		f.sink.Packet(p)
	}
}

// pcm decodes what was written.
func (f *fake) pcm(t *testing.T) []int16 {
	t.Helper()
	var out []int16
	for _, fr := range f.frames {
		c, ok := codec.For(fr.format)
		if !ok {
			t.Fatalf("no codec for %v", fr.format)
		}
		pcm := make([]int16, fr.samples)
		out = append(out, pcm[:c.Decode(pcm, fr.payload)]...)
	}
	return out
}
