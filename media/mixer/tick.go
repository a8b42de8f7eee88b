package mixer

import (
	"slices"
	"time"

	"dialtone/media/codec"
)

// tick is what the goroutine that ticks works with.
type tick struct {
	mixer  *Mixer
	number uint64
	rate   int // of the mix
	lower  int // ticks for which a lower rate would have done
	frame  int // samples of a tick at that rate

	sum     [maxFrame]int32 // what all say, and what is played to all
	own     [maxFrame]int32 // of that what one hears
	main    [primes + 1][maxFrame]int16
	nothing [maxFrame]int16
	limiter limiter
	level   int32 // of main, in 1/10 dBov

	branches [4]branch
	outlets  []*outlet // what is shared
	spare    []*outlet // encoders that nobody needs now
	chosen   []*Member // who is mixed
}

// branch is the mix at another rate.
type branch struct {
	rate int
	re   resampler
	pcm  [maxFrame]int16
	done uint64
}

func (t *tick) init(m *Mixer) {
	t.mixer, t.rate, t.frame = m, 8000, 160
	t.chosen = make([]*Member, 0, m.o.Speakers+1)
	t.level = silence * 10
	m.stats.rate.Store(8000)
	m.stats.level.Store(int64(t.level))
}

// do makes one tick, which was due at now.
func (t *tick) do(now time.Time) {
	t.number++
	t.mixer.stats.ticks.Add(1)
	members := *t.mixer.members.Load()
	for _, m := range members {
		if !m.gone() {
			m.listen(now)
		}
	}
	t.choose(members)
	t.tune(members)
	t.mix(members)
	for _, m := range members {
		if !m.gone() {
			t.hear(m)
			if m.leaving.Load() && m.in.gain == 0 {
				t.leave(m)
			}
		}
	}
	t.tidy()
}

// gone reports whether his last tick is over.
func (m *Member) gone() bool {
	select {
	case <-m.left:
		return true
	default:
		return false
	}
}

func (t *tick) leave(m *Member) {
	t.release(m.out.own)
	m.out.own = nil
	m.speaking.Store(false)
	if m.in.buffer != nil {
		m.in.buffer.Close()
	}
	close(m.left)
}

// choose finds the loudest of those who speak.
func (t *tick) choose(members []*Member) {
	t.chosen = t.chosen[:0]
	for _, m := range members {
		was := m.in.chosen
		m.in.chosen = false
		if m.in.hang == 0 || m.gone() {
			continue
		}
		if was {
			m.in.score += incumbent
		}
		t.insert(m)
		if was {
			m.in.score -= incumbent
		}
	}
	for _, m := range t.chosen {
		m.in.chosen = true
	}
	t.mixer.stats.speaking.Store(int64(len(t.chosen)))
	t.rank(members)
}

// insert puts m among the chosen, the loudest first.
func (t *tick) insert(m *Member) {
	at := len(t.chosen)
	for at > 0 && t.chosen[at-1].in.score < m.in.score {
		at--
	}
	if at == t.mixer.o.Speakers {
		return
	}
	t.chosen = slices.Insert(t.chosen, at, m)
	t.chosen = t.chosen[:min(len(t.chosen), t.mixer.o.Speakers)]
}

// rank publishes who speaks, unless somebody looks at that just now.
func (t *tick) rank(members []*Member) {
	for _, m := range members {
		if m.speaking.Load() != m.in.chosen {
			m.speaking.Store(m.in.chosen)
		}
	}
	if t.mixer.ranking.TryLock() {
		t.mixer.ranking.list = append(t.mixer.ranking.list[:0], t.chosen...)
		t.mixer.ranking.Unlock()
	}
}

// tune finds the best rate of the members: what the widest codec has.
func (t *tick) tune(members []*Member) {
	rate := 8000
	for _, m := range members {
		rate = max(rate, m.in.rate)
		if m.out.ok {
			rate = max(rate, codecRate(&m.out))
		}
	}
	rate = min(rate, t.mixer.o.MaxRate)
	if t.lower++; rate == t.rate {
		t.lower = 0
	}
	if rate > t.rate || t.lower > lingers { // not to and fro
		t.rate, t.frame, t.lower = rate, rate/50, 0
		clear(t.main[:])
		t.mixer.stats.rate.Store(int64(rate))
	}
}

func codecRate(out *output) int {
	if out.format.Same(codec.Opus) {
		return 48000
	}
	return out.kind.rate
}

// mix makes what all hear.
func (t *tick) mix(members []*Member) {
	sum := t.sum[:t.frame]
	clear(sum)
	t.play(sum)
	for _, m := range members {
		if !m.gone() {
			m.contribute(sum, t.rate)
		}
	}
	pcm := t.main[t.number%uint64(len(t.main))][:t.frame]
	t.limiter.do(pcm, sum)
	t.level = int32(levelOf(pcm) * 10)
	t.mixer.stats.level.Store(int64(t.level))
	for _, tap := range *t.mixer.taps.Load() {
		tap.Frame(pcm, t.rate)
	}
}

// before is what all heard n ticks ago, 0 to primes.
func (t *tick) before(n int) []int16 {
	return t.main[(t.number-uint64(n))%uint64(len(t.main))][:t.frame]
}

// at gives the mix at another rate.
func (t *tick) at(rate int) []int16 {
	if rate == t.rate {
		return t.before(0)
	}
	for i := range t.branches {
		b := &t.branches[i]
		if b.rate != 0 && b.rate != rate {
			continue
		}
		if b.done != t.number {
			if b.done+1 != t.number {
				b.re.Reset()
			}
			b.rate, b.done = rate, t.number
			b.re.do(b.pcm[:], t.before(0), t.rate, rate)
		}
		return b.pcm[:rate/50]
	}
	return t.nothing[:rate/50]
}

// shared gives the outlet of a kind, with what is to be sent in this tick.
func (t *tick) shared(k kindOfOutlet) *outlet {
	o := t.find(k)
	if o == nil {
		if o = t.outlet(k); o == nil {
			return nil
		}
		o.kind = k
		t.outlets = append(t.outlets, o)
	}
	o.wanted = t.number
	if o.done == t.number {
		return o
	}
	pcm := t.nothing[:k.rate/50]
	if !k.silent {
		pcm = t.at(k.rate)
	}
	t.mixer.stats.encodes.Add(uint64(o.feed(pcm, t.number)))
	return o
}

func (t *tick) find(k kindOfOutlet) *outlet {
	for _, o := range t.outlets {
		if o.kind == k {
			return o
		}
	}
	return nil
}

// outlet gives an encoder that nobody uses, nil when there can be none.
func (t *tick) outlet(k kindOfOutlet) *outlet {
	k.silent = false
	for i, o := range t.spare {
		if o.kind == k {
			t.spare = slices.Delete(t.spare, i, i+1)
			o.fill, o.n, o.done = 0, 0, 0
			return o
		}
	}
	o, err := newOutlet(k)
	if err != nil {
		return nil
	}
	return o
}

// maxSpare is how many encoders are kept for who speaks next.
const maxSpare = 16

func (t *tick) release(o *outlet) {
	if o == nil {
		return
	}
	if len(t.spare) >= maxSpare {
		o.enc.Close()
		return
	}
	o.kind.silent = false
	o.wanted = t.number
	t.spare = append(t.spare, o)
}

// tidy lets go of what nobody hears any more.
func (t *tick) tidy() {
	if t.number%lingers != 0 {
		return
	}
	t.outlets = slices.DeleteFunc(t.outlets, func(o *outlet) bool {
		old := t.number-o.wanted > lingers
		if old { // asked once: release counts as use
			t.release(o)
		}
		return old
	})
	t.spare = slices.DeleteFunc(t.spare, func(o *outlet) bool {
		idle := t.number-o.wanted > 12*lingers
		if idle {
			o.enc.Close()
		}
		return idle
	})
}

// end gives everything back.
func (t *tick) end() {
	for _, m := range *t.mixer.members.Load() {
		if !m.gone() {
			m.detach()
			t.leave(m)
		}
	}
	for _, o := range slices.Concat(t.outlets, t.spare) {
		o.enc.Close()
	}
	t.outlets, t.spare = nil, nil
}
