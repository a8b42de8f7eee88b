package jitter

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dialtone/media/codec"
)

// trace is a sender and a network, in fake time.
type trace struct {
	rate   int // of the audio; 8000 when 0
	ptime  int // ms; 20 when 0
	ppm    float64
	length time.Duration
	jitter func(r *rand.Rand, i int) time.Duration // nil: none
	lose   func(r *rand.Rand, i int) bool          // nil: none
	change func(i int, p *Packet)                  // of what is sent; nil: none
	sample func(n int64) int16                     // nil: a sine of 437 Hz
	each   func(tick int, now time.Duration, pcm []int16)
	o      Options

	sent, lost int
}

type flying struct {
	at time.Duration
	p  Packet
}

// epoch is when all traces begin: any time does.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

const networkDelay = 7 * time.Millisecond

func sineOf(rate int, hz, amplitude float64) func(int64) int16 {
	return func(n int64) int16 {
		_, phase := math.Modf(float64(n) * hz / float64(rate))
		return int16(math.Round(amplitude * math.Sin(2*math.Pi*phase)))
	}
}

// run sends everything and plays it.
func (tr *trace) run(tb testing.TB) *Buffer {
	tb.Helper()
	tr.defaults()
	r := rand.New(rand.NewPCG(1, 2))
	b := New(tr.o)
	perPacket := tr.rate * tr.ptime / 1000
	format := &codec.Format{Name: "L16", PT: 96, Clock: tr.rate, Channels: 1}
	var sky []flying
	payloads := make([][]byte, 64)
	for i := range payloads {
		payloads[i] = make([]byte, 2*perPacket)
	}
	pcm := make([]int16, tr.rate/50)
	begin := 13 * time.Millisecond // the ticks and the packets are not in step
	next := 0
	for tick := 0; time.Duration(tick)*20*time.Millisecond < tr.length; tick++ {
		now := begin + time.Duration(tick)*20*time.Millisecond
		for ; tr.sends(next) <= now; next++ {
			p := Packet{Seq: uint16(next + 65000), Time: uint32(next*perPacket) + math.MaxUint32 - 5000, SSRC: 9, Format: format}
			p.Payload = payloads[next%len(payloads)][:2*perPacket]
			for i := range perPacket {
				binary.BigEndian.PutUint16(p.Payload[2*i:], uint16(tr.sample(int64(next*perPacket+i))))
			}
			tr.sent++
			if tr.lose != nil && tr.sends(next)+time.Second < tr.length && tr.lose(r, next) {
				tr.lost++
				continue
			}
			at := tr.sends(next) + networkDelay
			if tr.jitter != nil {
				at += tr.jitter(r, next)
			}
			if tr.change != nil {
				tr.change(next, &p)
			}
			if p.Payload != nil {
				sky = append(sky, flying{at, p})
			}
		}
		slices.SortStableFunc(sky, func(a, b flying) int { return int(a.at - b.at) })
		n := 0
		for n < len(sky) && sky[n].at <= now {
			b.Put(sky[n].p, epoch.Add(sky[n].at))
			n++
		}
		sky = slices.Delete(sky, 0, n)
		b.Get(pcm, epoch.Add(now))
		if tr.each != nil {
			tr.each(tick, now, pcm)
		}
	}
	return b
}

func (tr *trace) defaults() {
	if tr.rate == 0 {
		tr.rate = 8000
	}
	if tr.ptime == 0 {
		tr.ptime = 20
	}
	if tr.sample == nil {
		tr.sample = sineOf(tr.rate, 437, 10000)
	}
	tr.o.Rate = tr.rate
	if tr.o.Decoders == nil {
		tr.o.Decoders = func(_ codec.Format, rate int) (codec.Decoder, error) { return &linear{rate: rate}, nil }
	}
}

// sends is when packet i leaves, by our clock: when its last sample was spoken.
func (tr *trace) sends(i int) time.Duration {
	ms := float64((i+1)*tr.ptime) * (1 - tr.ppm/1e6)
	return time.Duration(ms * float64(time.Millisecond))
}

// linear decodes L16, and repeats what it has when it has to guess.
type linear struct {
	rate    int
	history [960]int16
}

func (l *linear) Decode(pcm []int16, payload []byte) int {
	n := min(len(pcm), len(payload)/2)
	for i := range n {
		pcm[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
	l.remember(pcm[:n])
	return n
}

func (l *linear) Conceal(pcm []int16) {
	last := l.history[len(l.history)-l.rate/50:]
	for i := range pcm {
		pcm[i] = last[i%len(last)]
	}
	l.remember(pcm)
}

func (l *linear) remember(pcm []int16) {
	pcm = pcm[max(0, len(pcm)-len(l.history)):]
	copy(l.history[:], l.history[len(pcm):])
	copy(l.history[len(l.history)-len(pcm):], pcm)
}

func (l *linear) Recover([]int16, []byte) bool { return false }
func (l *linear) Close()                       {}

// clock is audio that tells when it was spoken: the milliseconds, around a middle
// that lets it look alike everywhere.
func clock(rate int) func(n int64) int16 {
	return func(n int64) int16 { return int16(16000 + n*1000/int64(rate)%8000) }
}

// delays measures how much later than sent audio of clock comes out. Without a
// jitter buffer and a network, a sample is heard ptime after it was spoken.
type delays struct {
	t       *trace
	worst   time.Duration
	least   time.Duration
	hours   []time.Duration // the worst of each hour
	skipped int
	from    int
}

func (d *delays) each(tick int, now time.Duration, pcm []int16) {
	if tick < d.from || pcm[0] < 15000 || pcm[len(pcm)-1] < pcm[0] {
		d.skipped++
		return
	}
	spoken := time.Duration(float64(now) / (1 - d.t.ppm/1e6)) // about, by its clock
	heard := time.Duration(int(pcm[0])-16000) * time.Millisecond
	late := (spoken%(8*time.Second) - heard + 8*time.Second) % (8 * time.Second)
	late -= time.Duration(d.t.ptime)*time.Millisecond + networkDelay
	if d.least == 0 {
		d.least = late
	}
	d.worst, d.least = max(d.worst, late), min(d.least, late)
	for len(d.hours) <= int(now/time.Hour) {
		d.hours = append(d.hours, 0)
	}
	d.hours[now/time.Hour] = max(d.hours[now/time.Hour], late)
}

func uniform(most time.Duration) func(*rand.Rand, int) time.Duration {
	return func(r *rand.Rand, _ int) time.Duration { return time.Duration(r.Int64N(int64(most) + 1)) }
}

func share(p float64) func(*rand.Rand, int) bool {
	return func(r *rand.Rand, _ int) bool { return r.Float64() < p }
}
