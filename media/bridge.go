package media

import (
	"fmt"
	"strings"

	"dialtone/media/codec"
)

// NoCommonCodecError says that two sides have no audio format that both know or that
// can be converted for them. B is empty when Dialtone itself is the other side.
type NoCommonCodecError struct{ A, B []codec.Format }

// Error names the formats that met.
func (e *NoCommonCodecError) Error() string {
	if len(e.B) == 0 {
		return "no common codec: " + list(e.A) + " cannot be made here, only PCMU and PCMA"
	}
	return "no common codec: " + list(e.A) + " met " + list(e.B)
}

func list(formats []codec.Format) string {
	if len(formats) == 0 {
		return "nothing"
	}
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.String()
	}
	return strings.Join(names, ", ")
}

// Bridged is the connection of two endpoints.
type Bridged struct {
	a, b   Endpoint
	ab, ba Sink
}

// Bridge lets a and b hear each other, each direction in the cheapest way:
// packets are relayed as they are, or their bytes are converted between PCMU and
// PCMA. It decides from the formats that both accept now: call it again, without
// closing, when they changed or to bridge with somebody else; no packet is lost
// in between. The error is a *NoCommonCodecError, and then nothing has changed.
func Bridge(a, b Endpoint) (*Bridged, error) {
	fa, fb := a.Formats(), b.Formats()
	if !compatible(fa, fb) {
		return nil, &NoCommonCodecError{A: audio(fa), B: audio(fb)}
	}
	bridged := &Bridged{a: a, b: b, ab: hop(b, fb), ba: hop(a, fa)}
	a.SetSink(bridged.ab)
	b.SetSink(bridged.ba)
	return bridged, nil
}

// Close detaches both sides, unless they have been given to somebody else.
func (b *Bridged) Close() {
	detach(b.a, b.ab)
	detach(b.b, b.ba)
}

// String says how each direction is carried: "relay, transcode to PCMA/8000".
func (b *Bridged) String() string { return fmt.Sprintf("%v, %v", b.ab, b.ba) }

// sinkRemover is an endpoint that can tell whether a sink is still its own, so
// that who leaves late does not disturb who came after.
type sinkRemover interface{ RemoveSink(Sink) }

func detach(e Endpoint, s Sink) {
	if r, ok := e.(sinkRemover); ok {
		r.RemoveSink(s)
		return
	}
	e.SetSink(nil)
}

func audio(formats []codec.Format) []codec.Format {
	var out []codec.Format
	for _, f := range formats {
		if f.IsAudio() {
			out = append(out, f)
		}
	}
	return out
}

func compatible(a, b []codec.Format) bool {
	for _, fa := range a {
		for _, fb := range b {
			if fa.IsAudio() && (fa.Same(fb) || codec.Convertible(fa, fb)) {
				return true
			}
		}
	}
	return false
}

// hop gives the cheapest sink that reaches an endpoint which accepts formats.
// Only when it knows one of PCMU and PCMA and not the other can there be
// something to convert.
func hop(to Endpoint, formats []codec.Format) Sink {
	u, hasU := find(formats, codec.PCMU)
	a, hasA := find(formats, codec.PCMA)
	switch {
	case hasU && !hasA:
		return &transcode{to: to, target: u, accepted: formats}
	case hasA && !hasU:
		return &transcode{to: to, target: a, accepted: formats}
	}
	return &relay{to: to}
}

func find(formats []codec.Format, want codec.Format) (codec.Format, bool) {
	for _, f := range formats {
		if f.Same(want) {
			return f, true
		}
	}
	return codec.Format{}, false
}

// relay passes packets on as they are.
type relay struct{ to Endpoint }

func (r *relay) Packet(p *Packet) { r.to.Forward(p) }

func (r *relay) String() string { return "relay" }

// transcode converts the packets whose format the other side does not accept and
// relays the rest. It belongs to the goroutine that brings the packets.
type transcode struct {
	to       Endpoint
	target   codec.Format
	accepted []codec.Format
	decided  [4]decision // by payload type of the packet, modulo; small, to stay in the cache
}

// decision is what is done with packets of a format, known by its address.
type decision struct {
	format *codec.Format
	table  *[256]byte // nil: relay
}

func (t *transcode) Packet(p *Packet) {
	if p.Format == nil {
		t.to.Forward(p)
		return
	}
	d := &t.decided[p.Format.PT%4]
	if d.format != p.Format {
		*d = t.decide(p.Format)
	}
	if d.table != nil {
		for i, b := range p.Payload {
			p.Payload[i] = d.table[b]
		}
		p.Format = &t.target
	}
	t.to.Forward(p)
}

func (t *transcode) decide(f *codec.Format) decision {
	if _, ok := find(t.accepted, *f); ok {
		return decision{format: f}
	}
	return decision{format: f, table: codec.Conversion(*f, t.target)}
}

func (t *transcode) String() string { return "relay or transcode to " + t.target.String() }
