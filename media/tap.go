package media

import (
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media/codec"
)

// Tap is an endpoint of a bridge whose keys are taken on their way: all that arrives
// goes through Keys first. The bridge sees to the audio, and to the telephone events
// where the other side takes them as they are; what else becomes of a key is up to
// who made the tap. Safe for concurrent use.
type Tap struct {
	Endpoint
	keys *Keys
	gate gate

	inner  atomic.Pointer[tapped]
	events atomic.Bool // go on to the bridge
	mute   atomic.Bool // tones of keys do not

	flow sync.RWMutex // read while a packet goes on, so that Hold waits for it
	held int          // by so many nothing goes on
}

// tapped lets an interface be swapped atomically.
type tapped struct{ Sink }

// gate is the sink at the endpoint.
type gate struct{ tap *Tap }

// NewTap taps e: its keys go to k.
func NewTap(e Endpoint, k *Keys) *Tap {
	t := &Tap{Endpoint: e, keys: k}
	t.gate.tap = t
	t.events.Store(true)
	return t
}

// Keys are those that were pressed at the endpoint.
func (t *Tap) Keys() *Keys { return t.keys }

// PassEvents says whether telephone events go on to the bridge. Of a key that was told
// of in another way first they do not, so that it is not sent twice.
func (t *Tap) PassEvents(on bool) { t.events.Store(on) }

// MuteTones says whether the audio is silent while a key sounds in it, because the key
// is sent in another form.
func (t *Tap) MuteTones(on bool) { t.mute.Store(on) }

// Hold keeps all that arrives from the bridge until release is called, while
// something else is sent to the other side. A packet that is being encoded at that
// moment has gone on when it returns: the other side must not see two sources by turns,
// which would make two keys of one.
func (t *Tap) Hold() (release func()) {
	t.hold(1)
	return func() { t.hold(-1) }
}

func (t *Tap) hold(by int) {
	t.flow.Lock()
	defer t.flow.Unlock()
	t.held += by
}

// SetSink implements Endpoint.
func (t *Tap) SetSink(s Sink) {
	if s == nil {
		t.inner.Store(nil)
		t.Endpoint.SetSink(nil)
		return
	}
	t.inner.Store(&tapped{s})
	t.Endpoint.SetSink(&t.gate)
}

// Sink is who gets what goes on.
func (t *Tap) Sink() Sink {
	if in := t.inner.Load(); in != nil {
		return in.Sink
	}
	if h, ok := t.Endpoint.(sinkHolder); ok { // who had the endpoint before
		return h.Sink()
	}
	return nil
}

// RemoveSink takes s away if it still gets what goes on.
func (t *Tap) RemoveSink(s Sink) {
	in := t.inner.Load()
	if in == nil || in.Sink != s || !t.inner.CompareAndSwap(in, nil) {
		return
	}
	detach(t.Endpoint, &t.gate)
}

// Ptime is how much audio the far side wants in a packet.
func (t *Tap) Ptime() time.Duration {
	if p, ok := t.Endpoint.(pacer); ok {
		return p.Ptime()
	}
	return 0
}

// Loss implements Lossy.
func (t *Tap) Loss() int { return Loss(t.Endpoint) }

// Packet implements Sink.
func (g *gate) Packet(p *Packet) {
	t := g.tap
	sounds, other := t.keys.heed(p)
	in := t.inner.Load()
	if in == nil {
		return
	}
	t.flow.RLock()
	defer t.flow.RUnlock()
	pass := t.held == 0
	switch {
	case p.Format != nil && isEvent(p.Format):
		pass = t.events.Load() && !other
	case pass && t.drowned(sounds, other):
		pass = silence(p)
	}
	switch {
	case pass:
		in.Packet(p)
	case p.Format != nil:
		if r, ok := in.Sink.(*relay); ok { // which closes the gap in the numbers
			p.Format = &withheld
			r.Packet(p)
		}
	}
}

// drowned reports whether the audio has a key in it that is sent in another form.
func (t *Tap) drowned(sounds, other bool) bool {
	if sounds && (other || t.mute.Load()) {
		return true
	}
	return !t.events.Load() && t.keys.Release() > 0
}

// Converts reports whether telephone events that go on come out with the clock of the
// other side.
func (t *Tap) Converts() bool {
	in := t.inner.Load()
	if in == nil {
		return false
	}
	_, ok := in.Sink.(*transcode)
	return ok
}

// withheld is what no far side has negotiated.
var withheld = codec.Format{Name: "withheld", PT: 127, Clock: 8000}

// silence makes p silent; false when its format has no such thing.
func silence(p *Packet) bool {
	var quiet byte
	switch {
	case p.Format == nil:
		return false
	case p.Format.Same(codec.PCMU):
		quiet = 0xff
	case p.Format.Same(codec.PCMA):
		quiet = 0xd5
	default:
		return false
	}
	for i := range p.Payload {
		p.Payload[i] = quiet
	}
	return true
}
