package media

import (
	"strings"
	"sync"
	"sync/atomic"

	"dialtone/media/codec"
)

// Flow is how audio fares on its way through a bridge. What is relayed as it is, or
// converted byte by byte, is not counted.
type Flow struct {
	Lost      uint64 // packets that did not come
	Late      uint64 // that came too late, or twice, and were dropped
	Recovered uint64 // of Lost: filled by forward error correction
	Concealed uint64 // of Lost: filled by what was probably said
}

func flowOf(s Sink) Flow {
	if t, ok := s.(*transcode); ok {
		return t.stream.flow()
	}
	return Flow{}
}

// transcode converts the packets whose format the other side does not accept and
// relays the rest. One that replaces another between the same two endpoints goes on
// with its stream.
type transcode struct{ stream *stream }

// stream is one direction of a bridge. What has no comment of its own belongs to the
// goroutine that brings the packets.
type stream struct {
	to   Endpoint
	plan atomic.Pointer[plan]

	seen    *plan       // that decided holds for
	decided [4]decision // by payload type of the packet, modulo; small, to stay in the cache
	coding  bool        // the last audio was decoded and encoded

	mu     sync.Mutex // guards what follows
	owner  *transcode // who may close it
	closed bool
	coder  *transcoder
}

// plan is what the other side accepts. It is not changed.
type plan struct{ accepted []codec.Format } // whose addresses stay what they are

// decision is what is done with packets of a format, known by its address.
type decision struct {
	format *codec.Format
	way    way
	table  *[256]byte    // of byConversion
	target *codec.Format // of byConversion and byCoding; one of the plan
}

// way is how a packet gets to the other side.
type way uint8

const (
	byRelay way = iota // audio
	byConversion
	byCoding
	byEvent // telephone-event
	byNoise // comfort noise
	byNone  // neither audio nor anything that can be changed: it is up to the endpoint
)

func newTranscode(to Endpoint, accepted []codec.Format) *transcode {
	t := &transcode{&stream{to: to}}
	t.stream.plan.Store(&plan{accepted})
	t.stream.owner = t
	return t
}

// heir is a sink that goes on with the stream of t in other formats.
func (t *transcode) heir(accepted []codec.Format) *transcode {
	s := t.stream
	h := &transcode{s}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owner, s.closed = h, false
	s.plan.Store(&plan{accepted})
	return h
}

// close gives back the codecs, unless the stream has an heir.
func (t *transcode) close() {
	s := t.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != t {
		return
	}
	if s.closed = true; s.coder != nil {
		s.coder.close()
	}
}

// Packet implements Sink.
func (t *transcode) Packet(p *Packet) {
	s := t.stream
	if p.Format == nil {
		s.to.Forward(p)
		return
	}
	if now := s.plan.Load(); now != s.seen {
		s.seen, s.decided = now, [4]decision{}
	}
	d := &s.decided[p.Format.PT%4]
	if d.format != p.Format {
		*d = s.seen.decide(p.Format)
	}
	switch d.way {
	case byConversion:
		for i, b := range p.Payload {
			p.Payload[i] = d.table[b]
		}
		p.Format, s.coding = d.target, false
	case byRelay:
		s.coding = false
	case byCoding:
		s.code(p, d)
		return
	case byEvent:
		if s.coding || !s.seen.has(p.Format) {
			s.code(p, d)
			return
		}
	case byNoise:
		if s.coding {
			s.code(p, d)
			return
		}
	}
	s.to.Forward(p)
}

// code gives p to the transcoder.
func (s *stream) code(p *Packet, d *decision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return // the packet was on its way meanwhile
	}
	if s.coder == nil {
		s.coder = newTranscoder(s.to)
	}
	if d.way == byCoding {
		if !s.coding {
			s.coder.restart()
		}
		s.coding = true
	}
	s.coder.packet(p, d, s.seen)
}

func (s *stream) flow() Flow {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.coder == nil {
		return Flow{}
	}
	return s.coder.flow
}

func (p *plan) has(f *codec.Format) bool {
	_, ok := find(p.accepted, *f)
	return ok
}

func (p *plan) decide(f *codec.Format) decision {
	d := decision{format: f}
	switch {
	case strings.EqualFold(f.Name, codec.DTMF.Name):
		if d.way = byEvent; p.event(f.Clock) == nil {
			d.way = byNone
		}
	case !f.IsAudio():
		d.way = byNoise
	case p.has(f):
	default:
		d.target, d.way = p.target(f)
		if d.way == byConversion {
			d.table = codec.Conversion(*f, *d.target)
		}
	}
	return d
}

// target is what f is converted to: its sibling in G.711 if that is accepted, else
// what the other side likes best of what can be made.
func (p *plan) target(f *codec.Format) (*codec.Format, way) {
	for i, g := range p.accepted {
		if codec.Conversion(*f, g) != nil {
			return &p.accepted[i], byConversion
		}
	}
	for i, g := range p.accepted {
		if codec.Convertible(*f, g) {
			return &p.accepted[i], byCoding
		}
	}
	return nil, byRelay // which the endpoint drops and counts
}

// event is the telephone-event for audio of clock, or any.
func (p *plan) event(clock int) *codec.Format {
	var found *codec.Format
	for i := range p.accepted {
		if f := &p.accepted[i]; strings.EqualFold(f.Name, codec.DTMF.Name) && (found == nil || f.Clock == clock) {
			found = f
		}
	}
	return found
}

// noise is the comfort noise for audio of clock, if it is accepted.
func (p *plan) noise(clock int) *codec.Format {
	for i := range p.accepted {
		if f := &p.accepted[i]; f.Same(codec.CN) && f.Clock == clock {
			return f
		}
	}
	return nil
}

func (t *transcode) String() string {
	for _, f := range t.stream.plan.Load().accepted {
		if f.IsAudio() && codec.Rate(f) > 0 {
			return "relay or transcode to " + f.String()
		}
	}
	return "relay"
}
