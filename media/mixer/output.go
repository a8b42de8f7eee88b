package mixer

import (
	"math"

	"dialtone/media"
	"dialtone/media/codec"
)

const (
	// Who spoke goes on with an encoder of his own for so many ticks, because he will
	// speak again, and longer if the stream cannot be changed unheard.
	lingers     = 250
	lingersLong = 1000
	// primes is how many frames an encoder gets to hear before it takes over.
	primes = 3
)

// output is what a member hears. It belongs to the tick.
type output struct {
	at      *entrance     // where he is
	offered *codec.Format // the address of his first format, to see changes
	format  codec.Format
	kind    kindOfOutlet
	ok      bool // format can be encoded
	started bool // he has got a packet

	own     *outlet // when he hears what nobody else does
	last    uint64  // the tick for which he needed it last
	limiter limiter
	volume  float32 // at the end of the last frame
	hears   float32 // 1, or 0 when he is deaf: at the end of the last frame
	re      resampler
	private [maxFrame]int32 // played to him alone
	played  uint64          // the tick for which private is
	pcm     [maxFrame]int16
	wide    [maxFrame]int16
}

func (out *output) init(deaf bool) {
	out.volume, out.hears = 1, 1
	if deaf {
		out.hears = 0
	}
}

// look sees whether he is elsewhere now, or wants another codec.
func (m *Member) look(mix int) {
	out, at := &m.out, m.entrance.Load()
	formats := at.endpoint.Formats()
	var offered *codec.Format
	if len(formats) > 0 {
		offered = &formats[0]
	}
	if out.at == at && out.offered == offered && (out.kind.rate == mix || !out.format.Same(codec.Opus)) {
		return
	}
	out.started = out.started && out.at == at
	out.at, out.offered = at, offered
	if out.format, out.ok = speaks(formats); !out.ok {
		out.offered = nil
		return
	}
	out.kind = kindFor(out.format, at.endpoint, mix)
}

// special reports whether he hears what nobody else does.
func (m *Member) special(tick uint64) bool {
	return m.in.mixing || m.out.played == tick || m.volume.Load() != 0 || m.deaf.Load() != (m.out.hears == 0)
}

// hear gives him what he is to hear in this tick.
func (t *tick) hear(m *Member) {
	out := &m.out
	m.look(t.rate)
	if !out.ok {
		return
	}
	if m.special(t.number) {
		out.last = t.number
	}
	if out.last == t.number || out.own != nil && !t.mayShare(m) {
		t.hearOwn(m)
		return
	}
	t.release(out.own)
	out.own = nil
	kind := out.kind
	kind.silent = m.deaf.Load()
	shared := t.shared(kind)
	if shared == nil {
		return
	}
	if kind.silent {
		m.heard.Store(silence * 10)
	} else {
		m.heard.Store(t.level)
	}
	if shared.send(out.at.endpoint, out.format, !out.started, t.loudness(m)) {
		out.started = true
	}
}

// mayShare reports whether he may go back to what all hear: after a while, and when
// his decoder does not notice.
func (t *tick) mayShare(m *Member) bool {
	since := t.number - m.out.last
	stateless := m.out.format.Clock == m.out.kind.rate && !m.out.format.Same(codec.Opus)
	return since > lingersLong || since > lingers && (stateless || t.level <= silence*10)
}

// hearOwn encodes for one member: all but himself, and what is played to him.
func (t *tick) hearOwn(m *Member) {
	out := &m.out
	if out.own == nil || out.own.kind != out.kind {
		t.takeOver(m)
		if out.own == nil {
			return
		}
	}
	sum := t.minus(m)
	pcm := out.pcm[:len(sum)]
	out.limiter.do(pcm, sum)
	m.heard.Store(int32(levelOf(pcm) * 10))
	if out.kind.rate != t.rate {
		pcm = out.re.do(out.wide[:], pcm, t.rate, out.kind.rate)
	}
	t.mixer.stats.encodes.Add(uint64(out.own.feed(pcm, t.number)))
	if out.own.send(out.at.endpoint, out.format, !out.started, t.loudness(m)) {
		out.started = true
	}
}

// loudness is how loud that is what m hears in this tick, and whether somebody speaks.
func (t *tick) loudness(m *Member) media.Loudness {
	others := len(t.chosen)
	if m.in.chosen {
		others--
	}
	return media.LevelAt(float64(m.heard.Load())/10, others > 0)
}

// takeOver gives him an encoder of his own, which has heard what he heard, so that
// his decoder notices nothing.
func (t *tick) takeOver(m *Member) {
	out := &m.out
	t.release(out.own)
	if out.own = t.outlet(out.kind); out.own == nil {
		return
	}
	out.limiter = t.limiter
	out.re.Reset()
	own := out.own
	for i := range primes {
		pcm := t.before(primes - i)
		if out.hears == 0 {
			pcm = t.nothing[:t.frame]
		}
		if out.kind.rate != t.rate {
			pcm = out.re.do(out.wide[:], pcm, t.rate, out.kind.rate)
		}
		own.feed(pcm, t.number)
	}
	own.fill = 0
	kind := out.kind
	kind.silent = m.deaf.Load()
	if shared := t.find(kind); shared != nil && shared.done < t.number {
		own.follow(shared)
	} else if shared != nil {
		own.follow(shared) // it is a tick ahead: the packet begins with this frame
		own.fill = max(0, own.fill-own.kind.rate/50)
	}
}

// minus is what all say but m, as loud as he wants it, and what is played to him.
func (t *tick) minus(m *Member) []int32 {
	out, sum := &m.out, t.own[:t.frame]
	copy(sum, t.sum[:t.frame])
	if m.in.mixing {
		for i, s := range m.in.contribution[:t.frame] {
			sum[i] -= s
		}
	}
	hears := float32(1)
	if m.deaf.Load() {
		hears = 0
	}
	scale(sum, out.hears, hears)
	out.hears = hears
	if out.played == t.number {
		for i, s := range out.private[:t.frame] {
			sum[i] += s
		}
	}
	volume := float32(1)
	if v := m.volume.Load(); v != 0 {
		volume = float32(math.Pow(10, float64(v)/200))
	}
	scale(sum, out.volume, volume)
	out.volume = volume
	return sum
}

// scale multiplies by what goes from from to to.
func scale(sum []int32, from, to float32) {
	if from == 1 && to == 1 {
		return
	}
	step := (to - from) / float32(len(sum))
	for i := range sum {
		from += step
		sum[i] = int32(from * float32(sum[i]))
	}
}
