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
		return "no common codec: " + list(e.A) + " cannot be made here, only " + names(codec.Coded())
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

// names are those of formats, for people.
func names(formats []codec.Format) string {
	out := make([]string, len(formats))
	for i, f := range formats {
		out[i] = f.Name
	}
	return strings.Join(out, ", ")
}

// Bridged is the connection of two endpoints.
type Bridged struct {
	a, b   Endpoint
	ab, ba Sink
}

// Bridge lets a and b hear each other, each direction in the cheapest way: packets
// are relayed as they are, their bytes are converted between PCMU and PCMA, or they
// are decoded and encoded as they arrive (see transcoder). It decides from the
// formats that both accept now: call it again, without closing, when they changed or
// to bridge with somebody else; no packet is lost in between, and what stays the same
// goes on without a click. The error is a *NoCommonCodecError, and then nothing has
// changed.
func Bridge(a, b Endpoint) (*Bridged, error) {
	fa, fb := a.Formats(), b.Formats()
	if !compatible(fa, fb) {
		return nil, &NoCommonCodecError{A: audio(fa), B: audio(fb)}
	}
	return &Bridged{a: a, b: b, ab: join(a, b, fb), ba: join(b, a, fa)}, nil
}

// sinkHolder is an endpoint that can tell what its sink is.
type sinkHolder interface{ Sink() Sink }

// join lets from reach to, which accepts formats, by the cheapest sink. One that did
// so before hands on all that it knows of the stream.
func join(from, to Endpoint, formats []codec.Format) Sink {
	var before Sink
	if h, ok := from.(sinkHolder); ok {
		before = h.Sink()
	}
	old, transcoding := before.(*transcode)
	var s Sink
	switch {
	case relayable(formats):
		s = &relay{to: to}
	case transcoding && old.stream.to == to:
		s = old.heir(formats)
	default:
		s = newTranscode(to, formats)
	}
	from.SetSink(s)
	if transcoding {
		old.close()
	}
	return s
}

// Close detaches both sides, unless they have been given to somebody else.
func (b *Bridged) Close() {
	for _, way := range [...]struct {
		from Endpoint
		sink Sink
	}{{b.a, b.ab}, {b.b, b.ba}} {
		detach(way.from, way.sink)
		if t, ok := way.sink.(*transcode); ok {
			t.close()
		}
	}
}

// Flows says how audio fares from a to b and from b to a.
func (b *Bridged) Flows() (ab, ba Flow) { return flowOf(b.ab), flowOf(b.ba) }

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

// relayable reports whether an endpoint accepts whatever could be converted for it.
func relayable(formats []codec.Format) bool {
	for _, f := range codec.Coded() {
		if _, ok := find(formats, f); !ok {
			return false
		}
	}
	return true
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
