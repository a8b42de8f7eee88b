package plantest

import (
	"sync"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// air is what phones hear each other through: it knows who is who.
type air struct {
	start time.Time // of the call
	mu    sync.Mutex
	all   []*endpoint
}

// begin says that the call begins; others may be up.
func (a *air) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.start = time.Now()
}

func (a *air) endpoint(label string) *endpoint {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := &endpoint{air: a, label: label, number: uint32(len(a.all)), changed: make(chan struct{})}
	a.all = append(a.all, e)
	return e
}

// endpoint is the audio of a simulated phone. No packets flow: whenever its
// audio is given to somebody, some packets are sent to see whose it is.
type endpoint struct {
	air    *air
	label  string
	number uint32 // its SSRC

	// The mutex of air guards what follows.
	formats []codec.Format
	heard   []*Moment
	to      *endpoint // who hears it
	as      string    // as what
	sink    media.Sink
	pressed uint16        // keys
	agreed  bool          // it hears and is heard
	changed chan struct{} // closed and replaced when heard or agreed change
}

// Formats implements media.Endpoint.
func (e *endpoint) Formats() []codec.Format {
	e.air.mu.Lock()
	defer e.air.mu.Unlock()
	return e.formats
}

// agree sets the formats, and reports whether they are others than before.
func (e *endpoint) agree(formats []codec.Format) bool {
	e.air.mu.Lock()
	defer e.air.mu.Unlock()
	same := len(formats) == len(e.formats)
	for i := range formats {
		same = same && formats[i] == e.formats[i]
	}
	e.formats, e.agreed = formats, true
	e.wake()
	return !same
}

// wake tells who waits that something has changed; air.mu is held.
func (e *endpoint) wake() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// Direction implements media.Endpoint.
func (*endpoint) Direction() media.Direction { return media.SendRecv }

// Write implements media.Endpoint; what is played is known from Hear.
func (*endpoint) Write(codec.Format, []byte, int, bool) {}

// Stats implements media.Endpoint: a phone sends audio all the time.
func (e *endpoint) Stats() media.Stats {
	s := media.Stats{LastReceived: time.Now()}
	if f := e.Formats(); len(f) > 0 {
		s.Codec = f[0].String()
	}
	return s
}

// probes is how many packets are sent: enough for one to come out where their length
// is changed on the way.
const probes = 3

// SetSink implements media.Endpoint.
func (e *endpoint) SetSink(s media.Sink) {
	e.air.mu.Lock()
	before, as := e.to, e.as
	e.to, e.as, e.sink = nil, "", s
	formats := e.formats
	e.air.mu.Unlock()
	if s != nil && len(formats) > 0 {
		f := formats[0]
		for n := range probes {
			raw := make([]byte, 172, 200)
			s.Packet(&media.Packet{Raw: raw, Payload: raw[12:], Format: &f, SSRC: e.number, Seq: uint16(n)})
		}
	}
	e.air.mu.Lock()
	defer e.air.mu.Unlock()
	if before != nil && (e.to != before || e.as != as) {
		before.close(as)
	}
}

// Forward implements media.Endpoint.
func (e *endpoint) Forward(p *media.Packet) {
	if !p.Format.IsAudio() {
		return
	}
	e.air.mu.Lock()
	defer e.air.mu.Unlock()
	from := e.air.all[p.SSRC&^media.Recoded]
	from.to, from.as = e, from.label
	if from == e {
		from.as = "echo"
	}
	e.open(from.as)
}

// Hear implements media.Hearer.
func (e *endpoint) Hear(what string) (stop func()) {
	e.air.mu.Lock()
	defer e.air.mu.Unlock()
	e.open(what)
	return func() { e.stop(what) }
}

func (e *endpoint) stop(what string) {
	e.air.mu.Lock()
	defer e.air.mu.Unlock()
	e.close(what)
}

// open notes that what is heard from now on; air.mu is held.
func (e *endpoint) open(what string) {
	for _, m := range e.heard {
		if m.open && m.What == what {
			return
		}
	}
	e.heard = append(e.heard, &Moment{What: what, After: time.Since(e.air.start), open: true})
	e.wake()
}

// close notes that what is not heard any more; air.mu is held.
func (e *endpoint) close(what string) {
	for _, m := range e.heard {
		if m.open && m.What == what {
			m.end(e.air.start)
			e.wake()
		}
	}
}

// over ends all that is heard and gives it.
func (e *endpoint) over() []Moment {
	e.air.mu.Lock()
	defer e.air.mu.Unlock()
	out := make([]Moment, len(e.heard))
	for i, m := range e.heard {
		if m.open {
			m.end(e.air.start)
		}
		out[i] = *m
	}
	return out
}

// end is now, in a call that began at start.
func (m *Moment) end(start time.Time) { m.For, m.open = time.Since(start)-m.After, false }
