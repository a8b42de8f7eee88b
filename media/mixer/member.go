package mixer

import (
	"math"
	"sync/atomic"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/jitter"
)

// MemberOptions are how a member takes part; the zero value is what most need.
type MemberOptions struct {
	Muted, Deaf bool
	Gate        float64 // dBov below which he is not heard; 0: as Options.Silence says
	AGC         bool    // make him as loud as others
	// Also gets every packet too: telephone keys.
	Also media.Sink
}

// Member is who takes part. His methods may be called by any goroutine.
type Member struct {
	mixer   *Mixer
	o       MemberOptions
	left    chan struct{} // closed by the tick after which he is gone
	leaving atomic.Bool

	muted, deaf  atomic.Bool
	gain, volume atomic.Int32 // in 1/10 dB
	tap          atomic.Pointer[Tap]
	entrance     atomic.Pointer[entrance]
	buffer       atomic.Pointer[jitter.Buffer]
	told         atomic.Uint32 // the level that his packets say, toldMark set; 0: none

	level    atomic.Int32 // in 1/10 dBov
	heard    atomic.Int32 // of what he hears
	speaking atomic.Bool

	in  input
	out output
}

// MemberStats is how a member fares.
type MemberStats struct {
	Jitter   jitter.Stats
	Level    float64 // of what he says, in dBov
	Heard    float64 // of what he hears
	Speaking bool
}

func newMember(m *Mixer, e media.Endpoint, o MemberOptions) *Member {
	member := &Member{mixer: m, o: o, left: make(chan struct{})}
	member.muted.Store(o.Muted)
	member.deaf.Store(o.Deaf)
	rate := 8000
	if f, ok := speaks(e.Formats()); ok {
		rate = codec.Rate(f)
	}
	member.buffer.Store(m.newBuffer(rate))
	member.in.init()
	member.out.init(o.Deaf)
	return member
}

// speaks gives the first format that can be encoded.
func speaks(formats []codec.Format) (codec.Format, bool) {
	for _, f := range formats {
		if f.IsAudio() && codec.Rate(f) > 0 {
			return f, true
		}
	}
	return codec.Format{}, false
}

func (m *Mixer) newBuffer(rate int) *jitter.Buffer {
	return jitter.New(jitter.Options{Rate: min(rate, m.o.MaxRate), Min: m.o.MinDelay, Max: m.o.MaxDelay})
}

// Mute decides whether he is heard.
func (m *Member) Mute(on bool) { m.muted.Store(on) }

// Muted reports whether he is not heard.
func (m *Member) Muted() bool { return m.muted.Load() }

// Deafen decides whether he hears anything but what is played to him alone.
func (m *Member) Deafen(on bool) { m.deaf.Store(on) }

// Deaf reports whether he hears nothing.
func (m *Member) Deaf() bool { return m.deaf.Load() }

// SetGain makes what he says louder by so many dB, -60 to 30.
func (m *Member) SetGain(dB float64) { m.gain.Store(tenths(dB)) }

// SetVolume makes what he hears louder by so many dB, -60 to 30.
func (m *Member) SetVolume(dB float64) { m.volume.Store(tenths(dB)) }

func tenths(dB float64) int32 { return int32(math.Round(min(max(dB, -60), 30) * 10)) }

// Tap lets t hear what he says, nil ends that.
func (m *Member) Tap(t Tap) {
	if t == nil {
		m.tap.Store(nil)
		return
	}
	m.tap.Store(&t)
}

// Stats may be called at any time.
func (m *Member) Stats() MemberStats {
	return MemberStats{
		Jitter:   m.buffer.Load().Stats(),
		Level:    float64(m.level.Load()) / 10,
		Heard:    float64(m.heard.Load()) / 10,
		Speaking: m.speaking.Load(),
	}
}

// Endpoint is where he is.
func (m *Member) Endpoint() media.Endpoint { return m.entrance.Load().endpoint }

// Swap puts him at another endpoint, as a transfer does. The one before is left
// alone.
func (m *Member) Swap(e media.Endpoint) {
	m.detach()
	m.attach(e)
}

// entrance is the sink at an endpoint.
type entrance struct {
	member   *Member
	endpoint media.Endpoint
	pulled   media.Pulled                 // the same; nil when it gives packets by itself
	last     atomic.Pointer[codec.Format] // what came last
}

func (m *Member) attach(e media.Endpoint) {
	in := &entrance{member: m, endpoint: e}
	in.pulled, _ = e.(media.Pulled)
	m.entrance.Store(in)
	e.SetSink(in)
}

func (m *Member) detach() {
	in := m.entrance.Load()
	if r, ok := in.endpoint.(interface{ RemoveSink(media.Sink) }); ok {
		r.RemoveSink(in)
		return
	}
	in.endpoint.SetSink(nil)
}

const (
	toldMark = 1 << 8 // tells a level of 0 from none
	noise    = 60     // dB below the loudest, that what is no speech counts as at most
)

// tell is what Member.told holds of a level.
func tell(l media.Loudness) uint32 {
	switch {
	case !l.Known:
		return 0
	case !l.Voice:
		l.Below = max(l.Below, noise)
	}
	return toldMark | uint32(l.Below)
}

// Packet implements media.Sink.
func (in *entrance) Packet(p *media.Packet) {
	m := in.member
	if p.Format != nil && p.Format != in.last.Load() {
		in.last.Store(p.Format)
		m.tune(*p.Format)
	}
	m.told.Store(tell(p.Level))
	m.buffer.Load().Put(jitter.Packet{
		Payload: p.Payload, Format: p.Format, SSRC: p.SSRC, Time: p.Time, Seq: p.Seq, Marker: p.Marker,
	}, p.At())
	if m.o.Also != nil {
		m.o.Also.Packet(p)
	}
}

// Pulls implements media.Puller: it is the tick that listens.
func (*entrance) Pulls() {}

// tune takes another jitter buffer when f has more or less to hear than the one that
// is used. The tick closes that one.
func (m *Member) tune(f codec.Format) {
	rate := codec.Rate(f)
	if !f.IsAudio() || rate == 0 || min(rate, m.mixer.o.MaxRate) == m.buffer.Load().Rate() {
		return
	}
	m.buffer.Store(m.mixer.newBuffer(rate))
}
