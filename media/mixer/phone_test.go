package mixer

import (
	"math"
	"math/cmplx"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// phone is an endpoint: what it says is made in advance, what it hears is decoded.
type phone struct {
	formats []codec.Format
	ptime   time.Duration
	hz      float64
	said    [][]byte // packets that are said again and again
	ssrc    uint32
	sent    int
	in      media.Packet

	mu      sync.Mutex
	sink    media.Sink
	dec     codec.Decoder
	rate    int
	deaf    bool // does not decode what it hears
	heard   []int16
	packets int
	markers int
	ticks   int             // of the RTP clock
	when    []time.Duration // since from, of each packet that was heard
	from    time.Time
}

func newPhone(tb testing.TB, f codec.Format, hz, amplitude float64, packets int) *phone {
	tb.Helper()
	p := &phone{formats: []codec.Format{f}, ptime: 20 * time.Millisecond, hz: hz, rate: codec.Rate(f), ssrc: uint32(hz)}
	var err error
	if p.dec, err = codec.NewDecoder(f, p.rate); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.dec.Close)
	p.said = speech(tb, f, packets, func(n int) int16 {
		return int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(n)/float64(p.rate))))
	})
	return p
}

// speech encodes packets of 20 ms. They begin with the end of themselves, so that
// they can be said again and again.
func speech(tb testing.TB, f codec.Format, packets int, sample func(n int) int16) [][]byte {
	tb.Helper()
	enc, err := codec.NewEncoder(f, codec.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer enc.Close()
	frame := codec.Rate(f) / 50
	pcm, payload := make([]int16, frame), make([]byte, 1400)
	var said [][]byte
	for i := -10; i < packets; i++ {
		for n := range pcm {
			pcm[n] = sample((i+packets)%packets*frame + n)
		}
		n := enc.Encode(payload, pcm)
		if i >= 0 {
			said = append(said, slices.Clone(payload[:n]))
		}
	}
	return said
}

// say sends the next packet, which may get lost.
func (p *phone) say(lost bool) { p.send(p.said[p.sent%len(p.said)], lost) }

func (p *phone) send(payload []byte, lost bool) {
	f := &p.formats[0]
	if p.in.Payload == nil {
		p.in.Payload = make([]byte, 0, 1400)
	}
	p.in.Format, p.in.SSRC, p.in.Seq = f, p.ssrc, uint16(p.sent)
	p.in.Time = uint32(p.sent * f.Clock / 50)
	p.in.Payload = append(p.in.Payload[:0], payload...)
	p.sent++
	if p.sink != nil && !lost {
		p.sink.Packet(&p.in)
	}
}

func (p *phone) Formats() []codec.Format    { return p.formats }
func (p *phone) Direction() media.Direction { return media.SendRecv }
func (p *phone) Stats() media.Stats         { return media.Stats{} }
func (p *phone) Ptime() time.Duration       { return p.ptime }
func (p *phone) Forward(*media.Packet)      {}
func (p *phone) SetSink(s media.Sink)       { p.sink = s }

func (p *phone) Write(f codec.Format, payload []byte, samples int, marker bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.packets++
	p.ticks += samples
	if marker {
		p.markers++
	}
	if p.deaf || !f.Same(p.formats[0]) {
		return
	}
	var pcm [48 * 120]int16
	n := p.dec.Decode(pcm[:], payload)
	p.heard, p.when = append(p.heard, pcm[:n]...), append(p.when, time.Since(p.from))
}

// listen forgets what was heard and listens, or stops to.
func (p *phone) listen(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf, p.heard, p.when = !on, p.heard[:0], p.when[:0]
}

// take gives what was heard, and when each packet of that was, and forgets it.
func (p *phone) take() (heard []int16, when []time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	heard, when = p.heard, p.when
	p.heard, p.when = nil, nil
	return heard, when
}

// amplitude is that of hz in the last so many frames that were heard.
func (p *phone) amplitude(hz float64, frames int) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(len(p.heard), frames*p.rate/50)
	return amplitude(p.heard[len(p.heard)-n:], hz, p.rate)
}

// loudness is the mean amplitude of a multiple of 150 Hz in pieces of 40 ms, which hold whole waves of
// all of them, of the last 400 ms. What corrects a clock moves the phase: the parts before and behind
// it would cancel each other in one piece.
func (p *phone) loudness(hz float64) (mean float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const pieces = 10
	n := p.rate / 25
	last := p.heard[max(0, len(p.heard)-pieces*n):]
	for ; len(last) >= n; last = last[n:] {
		mean += amplitude(last[:n], hz, p.rate) / pieces
	}
	return mean
}

func amplitude(pcm []int16, hz float64, rate int) float64 {
	step := cmplx.Rect(1, 2*math.Pi*hz/float64(rate))
	var sum complex128
	turn := complex(1, 0)
	for _, s := range pcm {
		sum += complex(float64(s)*real(turn), float64(s)*imag(turn))
		turn *= step
	}
	return 2 * cmplx.Abs(sum) / float64(max(1, len(pcm)))
}

// click is the greatest step in what was heard of sines of the given frequencies:
// what a filter leaves that takes them all away.
func click(pcm []int16, rate int, hz ...float64) (worst float64, at int) {
	x := make([]float64, len(pcm))
	for i, s := range pcm {
		x[i] = float64(s)
	}
	scale := 1.0
	for _, f := range hz {
		k := 2 * math.Cos(2*math.Pi*f/float64(rate))
		for i := len(x) - 1; i >= 2; i-- {
			x[i] = x[i] - k*x[i-1] + x[i-2]
		}
		scale *= 2 + math.Abs(k)
	}
	for i, v := range x {
		if i > 2*len(hz)+2 && math.Abs(v) > worst {
			worst, at = math.Abs(v), i
		}
	}
	return worst, at
}
