package media

import (
	"math"
	"sync"

	"dialtone/media/codec"
)

// Level is how loud audio was, in dB of full scale: 0 is the loudest square wave,
// -6.2 about what G.711 calls 0 dBm0, -16 speech of usual loudness.
type Level struct {
	Packets int     // that were looked at
	Known   bool    // they could be decoded
	RMS     float64 // dBFS, of what was not silent; -100 when all was
	Peak    float64 // dBFS
	Clipped float64 // part of the samples at full scale, 0 to 1
	Silent  float64 // part of the packets in which next to nothing was heard, 0 to 1
}

const (
	quiet    = -55.0 // dBFS, below which a packet is silent
	topLevel = 31600 // samples from here on are at full scale: the last step of G.711
	skipped  = 10    // of so many packets of G.711 one is looked at
)

// Meter is a Monitor that measures the level of what is received. It looks at one packet
// of ten where the bytes say it all, as in G.711, and at each where only the decoder
// of a stream can say.
type Meter struct {
	mu      sync.Mutex
	format  *codec.Format
	dec     codec.Decoder
	turn    int
	packets int
	decoded int
	silent  int
	samples int // of what was not silent
	all     int
	clipped int
	peak    int
	power   float64 // sum of squares of what was not silent
	pcm     [maxNatural]int16
}

// maxNatural is 120 ms at 48 kHz.
const maxNatural = 48 * 120

// NewMeter has measured nothing yet.
func NewMeter() *Meter { return &Meter{} }

// Sent implements Monitor.
func (m *Meter) Sent(*Packet) {}

// Received implements Monitor.
func (m *Meter) Received(p *Packet) {
	if p.Format == nil || !p.Format.IsAudio() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, plain := codec.For(*p.Format)
	if plain {
		if m.turn++; m.turn%skipped != 1 {
			return
		}
		m.take(m.pcm[:c.Decode(m.pcm[:], p.Payload)])
		return
	}
	if m.format != p.Format {
		m.close()
		m.format = p.Format
		if dec, err := codec.NewDecoder(*p.Format, 0); err == nil {
			m.dec = dec
		}
	}
	if m.dec == nil {
		m.packets++
		return
	}
	m.take(m.pcm[:m.dec.Decode(m.pcm[:], p.Payload)])
}

func (m *Meter) take(pcm []int16) {
	var sum float64
	for _, s := range pcm {
		size := max(int(s), -int(s))
		m.peak = max(m.peak, size)
		if size >= topLevel {
			m.clipped++
		}
		sum += float64(size) * float64(size)
	}
	m.packets++
	m.decoded++
	m.all += len(pcm)
	if decibels(sum/float64(max(1, len(pcm)))) < quiet {
		m.silent++
		return
	}
	m.samples += len(pcm)
	m.power += sum
}

// Level is what was measured so far.
func (m *Meter) Level() Level {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := Level{Packets: m.packets, Known: m.decoded > 0, RMS: -100, Peak: -100}
	if m.decoded == 0 {
		return l
	}
	l.Peak = decibels(float64(m.peak) * float64(m.peak))
	l.Silent = float64(m.silent) / float64(m.decoded)
	l.Clipped = float64(m.clipped) / float64(max(1, m.all))
	if m.samples > 0 {
		l.RMS = decibels(m.power / float64(m.samples))
	}
	return l
}

// Close gives back the decoder.
func (m *Meter) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.close()
}

func (m *Meter) close() {
	if m.dec != nil {
		m.dec.Close()
	}
	m.dec, m.format = nil, nil
}

// decibels is a mean square in dB of full scale.
func decibels(square float64) float64 {
	return max(-100, 10*math.Log10(square/(32768*32768)+1e-30))
}
