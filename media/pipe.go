package media

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media/codec"
)

// Pipe is one of two endpoints, each of which gets what is sent to the other: audio that
// stays in this process, for who takes part in something without a phone of his own.
// What arrives is handed over by the goroutine that sends.
type Pipe struct {
	other  *Pipe
	agreed *atomic.Pointer[[]codec.Format] // of both
	sink   atomic.Pointer[pipeSink]

	mu     sync.Mutex // guards what is sent
	packet Packet
	frame  []byte // a header, a frame and room behind it, of what is made here
	ssrc   uint32
	seq    uint16
	time   uint32
	sent   uint64
	bytes  uint64
	lost   uint64
}

type pipeSink struct{ Sink }

// NewPipe makes both ends. Nothing passes before SetFormats.
func NewPipe() (a, b *Pipe) {
	agreed := new(atomic.Pointer[[]codec.Format])
	agreed.Store(new([]codec.Format))
	a, b = &Pipe{agreed: agreed, ssrc: 1}, &Pipe{agreed: agreed, ssrc: 2}
	a.other, b.other = b, a
	return a, b
}

// SetFormats says what both ends take, best first.
func (p *Pipe) SetFormats(formats []codec.Format) { p.agreed.Store(&formats) }

// Formats implements Endpoint.
func (p *Pipe) Formats() []codec.Format { return *p.agreed.Load() }

// Direction implements Endpoint.
func (p *Pipe) Direction() Direction {
	if len(p.Formats()) == 0 {
		return Inactive
	}
	return SendRecv
}

// SetSink implements Endpoint.
func (p *Pipe) SetSink(s Sink) {
	if s == nil {
		p.sink.Store(nil)
		return
	}
	p.sink.Store(&pipeSink{s})
}

// RemoveSink takes s away if it is still the sink.
func (p *Pipe) RemoveSink(s Sink) {
	if box := p.sink.Load(); box != nil && box.Sink == s {
		p.sink.CompareAndSwap(box, nil)
	}
}

// Forward implements Endpoint.
func (p *Pipe) Forward(in *Packet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.packet = *in
	if in.Format != nil {
		p.hand(*in.Format)
	}
}

// Write implements Endpoint.
func (p *Pipe) Write(f codec.Format, payload []byte, samples int, marker bool) {
	p.WriteLevel(f, payload, samples, marker, Loudness{})
}

// WriteLevel implements Levelled.
func (p *Pipe) WriteLevel(f codec.Format, payload []byte, samples int, marker bool, level Loudness) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(payload) > maxPayload:
		p.lost++
		return
	case len(payload) == 0: // a pause
		p.time += uint32(samples)
		return
	}
	if p.frame == nil {
		p.frame = make([]byte, headerSize+maxPayload+cipherTail)
	}
	b := p.frame[:headerSize+copy(p.frame[headerSize:], payload)]
	clear(b[:headerSize])
	b[0] = 2 << 6
	if marker {
		b[1] = 1 << 7
	}
	binary.BigEndian.PutUint16(b[2:], p.seq)
	binary.BigEndian.PutUint32(b[4:], p.time)
	binary.BigEndian.PutUint32(b[8:], p.ssrc)
	p.packet = Packet{Raw: b, Payload: b[headerSize:], SSRC: p.ssrc, Time: p.time, Seq: p.seq, Marker: marker, Level: level}
	p.seq++
	p.time += uint32(samples)
	p.hand(f)
}

// hand gives the packet, which is in f, to who listens at the other end; mu is held.
func (p *Pipe) hand(f codec.Format) {
	formats := *p.agreed.Load()
	box := p.other.sink.Load()
	for i := range formats {
		if box != nil && formats[i].Same(f) {
			p.packet.Format = &formats[i]
			p.sent++
			p.bytes += uint64(len(p.packet.Raw))
			box.Packet(&p.packet)
			return
		}
	}
	p.lost++
}

// Stats implements Endpoint. An end is never silent: nobody can pull its plug.
func (p *Pipe) Stats() Stats {
	s := Stats{LastReceived: time.Now()}
	if formats := p.Formats(); len(formats) > 0 {
		s.Codec = formats[0].String()
	}
	p.mu.Lock()
	s.TxPackets, s.TxBytes, s.TxDropped = p.sent, p.bytes, p.lost
	p.mu.Unlock()
	p.other.mu.Lock()
	s.RxPackets, s.RxBytes = p.other.sent, p.other.bytes
	p.other.mu.Unlock()
	return s
}

var _ Levelled = (*Pipe)(nil)
