// Package mixer is a conference: everybody hears all who speak, but himself. It
// ticks every 20 ms. What all hear alike is encoded once for each codec, so that a
// listener costs no more than sending him packets.
//
// A tick allocates nothing and takes no locks but those of the ports that it reads and
// sends to; packets arrive through the jitter buffer of each member, whose reader takes none.
// Everything that is decided about a member from
// outside is an atomic value that the next tick looks at, and takes effect over the
// length of a tick, so that nothing clicks.
package mixer

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media"
)

// Tick is how much audio is mixed at a time.
const Tick = 20 * time.Millisecond

// behind is how late ticks may become before some are left out rather than hurried.
const behind = 200 * time.Millisecond

// Options are how a Mixer works; all have defaults.
type Options struct {
	Speakers int     // at most so many are heard at a time, the loudest: 8
	MaxRate  int     // it is never mixed at more Hz than this: 48000
	Silence  float64 // what is softer is not mixed, in dBov: -55
	// Delay bounds what the jitter buffers want: 0 and 300 ms.
	MinDelay, MaxDelay time.Duration
}

// Mixer is a conference of members. Its methods may be called by any goroutine.
type Mixer struct {
	o       Options
	closing chan struct{}
	closed  chan struct{}

	mu      sync.Mutex // among those who change the lists; the tick only reads them
	members atomic.Pointer[[]*Member]
	plays   atomic.Pointer[[]*play]
	taps    atomic.Pointer[[]Tap]

	ranking ranking
	stats   counters

	tick tick // belongs to the goroutine that ticks
}

// ranking is who speaks. The tick waits for nobody who looks at it.
type ranking struct {
	sync.Mutex
	list []*Member
}

type counters struct {
	ticks, missed, skipped, encodes atomic.Uint64
	rate, speaking                  atomic.Int64
	busy, level                     atomic.Int64
}

// Stats is how a Mixer fares.
type Stats struct {
	Ticks    uint64
	Missed   uint64 // ticks that were not done when the next one was due
	Skipped  uint64 // ticks that were left out
	Encodes  uint64 // frames that were encoded
	Busy     time.Duration
	Members  int
	Speaking int     // how many were heard in the last tick
	Rate     int     // at which it is mixed, in Hz
	Level    float64 // of what all hear, in dBov
}

// New starts a conference without members. It runs until Close.
func New(o Options) *Mixer {
	m := newMixer(o)
	go m.run()
	return m
}

func newMixer(o Options) *Mixer {
	if o.Speakers == 0 {
		o.Speakers = 8
	}
	if o.MaxRate == 0 {
		o.MaxRate = 48000
	}
	if o.Silence == 0 {
		o.Silence = -55
	}
	m := &Mixer{o: o, closing: make(chan struct{}), closed: make(chan struct{})}
	m.members.Store(&[]*Member{})
	m.plays.Store(&[]*play{})
	m.taps.Store(&[]Tap{})
	m.tick.init(m)
	return m
}

// Close ends it, and waits for that. The endpoints of the members are left alone
// from then on.
func (m *Mixer) Close() {
	m.mu.Lock()
	select {
	case <-m.closing:
	default:
		close(m.closing)
	}
	m.mu.Unlock()
	<-m.closed
}

// run ticks. Each tick has its own deadline, counted from the start, so that timers
// that fire late do not add up.
func (m *Mixer) run() {
	defer close(m.closed)
	defer m.tick.end()
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-m.closing:
			return
		case <-timer.C:
		}
		begin := time.Now()
		if late := begin.Sub(next); late > behind {
			late = late.Truncate(Tick)
			m.stats.skipped.Add(uint64(late / Tick))
			m.stats.missed.Add(uint64(late / Tick))
			next = next.Add(late)
		}
		m.tick.do(next)
		next = next.Add(Tick)
		now := time.Now()
		m.stats.busy.Add(int64(now.Sub(begin)))
		if now.After(next) {
			m.stats.missed.Add(1)
		}
		timer.Reset(next.Sub(now))
	}
}

// Stats may be called at any time.
func (m *Mixer) Stats() Stats {
	return Stats{
		Ticks:    m.stats.ticks.Load(),
		Missed:   m.stats.missed.Load(),
		Skipped:  m.stats.skipped.Load(),
		Encodes:  m.stats.encodes.Load(),
		Busy:     time.Duration(m.stats.busy.Load()),
		Members:  len(*m.members.Load()),
		Speaking: int(m.stats.speaking.Load()),
		Rate:     int(m.stats.rate.Load()),
		Level:    float64(m.stats.level.Load()) / 10,
	}
}

// Members are all who take part, in the order in which they came.
func (m *Mixer) Members() []*Member { return slices.Clone(*m.members.Load()) }

// Speakers are those who speak, the one who is heard best first.
func (m *Mixer) Speakers() []*Member {
	m.ranking.Lock()
	defer m.ranking.Unlock()
	return slices.Clone(m.ranking.list)
}

// Tap gets what is mixed or what a member says, for a recording: a frame every tick,
// of silence when nobody speaks. It is called by the goroutine that ticks: it must
// neither block nor keep pcm, which it must not change.
type Tap interface {
	Frame(pcm []int16, rate int)
}

// Tap lets t hear what all hear, until remove is called.
func (m *Mixer) Tap(t Tap) (remove func()) {
	change(m, &m.taps, func(all []Tap) []Tap { return append(all, t) })
	return func() {
		change(m, &m.taps, func(all []Tap) []Tap {
			return slices.DeleteFunc(all, func(other Tap) bool { return other == t })
		})
	}
}

// change replaces a list by a copy that f has changed.
func change[T any](m *Mixer, list *atomic.Pointer[[]T], f func([]T) []T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := f(slices.Clone(*list.Load()))
	list.Store(&next)
}

// Add lets who is at e take part. A member whose codec cannot be decoded or encoded
// is not heard or hears nothing until that changes. When the conference has ended,
// nothing happens.
func (m *Mixer) Add(e media.Endpoint, o MemberOptions) *Member {
	member := newMember(m, e, o)
	member.attach(e) // before a tick sees him
	change(m, &m.members, func(all []*Member) []*Member { return append(all, member) })
	select {
	case <-m.closing:
		member.detach()
	default:
	}
	return member
}

// Remove lets a member go, after a tick in which he fades out. When it returns, his
// endpoint gets no more frames.
func (m *Mixer) Remove(member *Member) {
	member.detach()
	member.leaving.Store(true)
	select {
	case <-member.left:
	case <-m.closed:
	}
	change(m, &m.members, func(all []*Member) []*Member {
		return slices.DeleteFunc(all, func(other *Member) bool { return other == member })
	})
}
