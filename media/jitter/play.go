package jitter

import "time"

const (
	// From so far behind what is wanted, audio is thrown away to get there.
	tooFar = 250 * time.Millisecond
	// After so many ms of guesses the rest of what is missing is silence.
	maxGuess = 120
	// Timestamps may be off by so many ms from what was played.
	snap = 2
)

// aim uses silence to come to the delay that is wanted for nothing, and throws audio
// away when it is very late.
func (b *Buffer) aim() {
	late := b.late()
	e := b.order.at(b.order.next)
	if b.quiet {
		if e != nil && e.kind == speech {
			b.pos += min(late, max(0, e.time-b.pos))
		}
		return
	}
	if late < b.samples(tooFar) {
		return
	}
	b.seam = true
	for e != nil && b.late() > 0 {
		b.counters.discarded.Add(1)
		if e.kind == speech {
			b.pos = e.time + int64(b.lastDur)
			b.hushed = b.hushed || b.hushes(e)
		}
		b.skip(e, played)
		e = b.order.at(b.order.next)
	}
}

// fill sees to it that there are n samples to play.
func (b *Buffer) fill(n int) {
	for b.queue.length() < n {
		b.more(n - b.queue.length())
	}
}

// more appends what comes next: a packet, or what stands for it. At most n samples
// of silence or guesses are made at a time.
func (b *Buffer) more(n int) {
	e := b.order.at(b.order.next)
	switch {
	case e == nil && b.order.highest < b.order.next:
		b.nothing(n)
	case e == nil:
		b.lost()
	case e.kind == comfort:
		b.noise.set(&b.decoders, b.scratch[:n], b.ring.payload(e.packet))
		b.quieten()
		b.skip(e, played)
	case e.kind == other:
		b.skip(e, played)
	default:
		b.speech(e, n)
	}
}

// skip ends the turn of e.
func (b *Buffer) skip(e *entry, f fate) {
	b.ring.free(e.packet)
	b.order.pass(f)
}

// nothing stands for what is not there when there is nothing else either: perhaps it
// comes in a moment.
func (b *Buffer) nothing(n int) {
	if b.guessed >= maxGuess*b.rate/1000 {
		b.quieten()
	}
	if b.quiet {
		b.silence(n)
		return
	}
	b.guess(n)
	b.held += n
}

// silence appends n samples of silence, as it sounds over there.
func (b *Buffer) silence(n int) {
	b.pos += int64(n)
	if !b.noise.on() {
		b.queue.growSilence(n)
		return
	}
	b.noise.fill(b.queue.grow(n))
}

// quieten lets the audio end.
func (b *Buffer) quieten() {
	if b.quiet {
		return
	}
	b.quiet, b.guessed, b.held = true, 0, 0
	fade := fadeLength(b.rate)
	rest := b.period[:fade]
	b.continuation(rest)
	b.silence(fade)
	b.queue.silence = 0
	crossfade(b.queue.tail(fade), rest, b.queue.tail(fade))
	b.seam = true
}

// guess appends n samples of what was probably said.
func (b *Buffer) guess(n int) {
	b.pos += int64(n)
	dec := b.decoders.current()
	if dec == nil {
		b.queue.growSilence(n)
		return
	}
	pcm := b.scratch[:n]
	if b.hushed { // a guess would tell of it
		clear(pcm)
	} else {
		dec.Conceal(pcm)
	}
	b.append(pcm)
	b.guessed += n
}

// append puts pcm behind what is there. Decoders continue what they guessed; where
// they cannot know what was before, it is mixed with what would have followed.
func (b *Buffer) append(pcm []int16) {
	fade := min(fadeLength(b.rate), len(pcm))
	if !b.seam || fade == 0 {
		copy(b.queue.grow(len(pcm)), pcm)
		return
	}
	b.seam = false
	rest := b.period[:fade]
	b.continuation(rest)
	copy(b.queue.grow(len(pcm)), pcm)
	start := b.queue.tail(len(pcm))
	crossfade(start[:fade], rest, pcm[:fade])
}

// lost stands for a packet that is missing while a later one is there.
func (b *Buffer) lost() {
	behind := b.order.following()
	if behind == nil { // what was there has been thrown away
		b.order.pass(unknown)
		return
	}
	count := behind.number - b.order.next
	dur := int64(b.lastDur)
	if behind.kind == speech {
		// What was guessed while nothing was there counts.
		whole := behind.time - b.pos + int64(b.held)
		if each := whole / count; each <= dur*3/2 {
			dur = min(max(each, 0), int64(len(b.scratch)))
		}
	}
	if b.late() >= b.samples(tooFar) { // no time is left for it
		dur = 0
	}
	covered := min(dur, int64(b.held))
	b.held -= int(covered)
	b.counters.missing.Add(1)
	if n := int(dur - covered); n > 0 {
		b.replace(n, covered == 0 && count == 1 && behind.kind == speech, behind)
	} else {
		b.counters.concealed.Add(1)
	}
	b.order.pass(missing)
}

// replace appends n samples for a packet that is missing.
func (b *Buffer) replace(n int, fec bool, behind *entry) {
	switch {
	case fec && b.recover(n, behind):
		b.counters.recovered.Add(1)
		return
	case b.quiet:
		b.silence(n)
	case b.guessed >= maxGuess*b.rate/1000:
		end := b.pos + int64(n)
		b.quieten()
		b.silence(int(max(0, end-b.pos)))
	default:
		b.guess(n)
	}
	b.counters.concealed.Add(1)
}

func (b *Buffer) recover(n int, behind *entry) bool {
	if b.hushed || b.hushes(behind) {
		return false
	}
	dec, changed := b.decoders.of(b.ring.slot(behind.packet).format)
	pcm := b.scratch[:n]
	if dec == nil || changed || !dec.Recover(pcm, b.ring.payload(behind.packet)) {
		return false
	}
	b.append(pcm)
	b.pos += int64(n)
	b.guessed = 0
	return true
}

// speech plays e, or the silence before it.
func (b *Buffer) speech(e *entry, n int) {
	gap := e.time - b.pos
	tolerance := int64(snap * b.rate / 1000)
	if gap > tolerance {
		b.quieten()
		if gap = e.time - b.pos; gap > 0 {
			b.silence(int(min(gap, int64(n))))
			return
		}
	}
	var cut int64
	if gap < -tolerance {
		cut = b.cutOf(-gap)
	}
	b.decode(e, cut)
}

// cutOf decides how much of a packet is not played whose time began some samples
// ago: waiting for it makes the delay longer, which may be what is wanted.
func (b *Buffer) cutOf(past int64) int64 {
	b.counters.late.Add(1)
	back := min(max(-b.late(), 0), past)
	b.pos -= back
	b.counters.stretched.Add(back)
	return past - back
}

// hushes reports whether nobody is to hear e. That is asked when its turn comes: who is fastest
// of those that come in a burst is known only behind it.
func (b *Buffer) hushes(e *entry) bool {
	if b.hush == nil {
		return false
	}
	arrival := b.ring.slot(e.packet).arrival
	at := b.origin.Add(arrival)
	return b.hush(at.Add(-b.duration(b.transit.slower(b.samples(arrival)-e.time))), at)
}

// decode appends the audio of e, without the first cut samples.
func (b *Buffer) decode(e *entry, cut int64) {
	hushed := b.hushes(e)
	if e.fresh || b.hushed && !hushed {
		b.decoders.forget()
		b.seam = true
	}
	dec, changed := b.decoders.of(b.ring.slot(e.packet).format)
	n := 0
	if dec != nil {
		n = dec.Decode(b.scratch, b.ring.payload(e.packet))
	}
	if hushed {
		clear(b.scratch[:max(n, 0)])
		b.seam = b.seam || !b.hushed
	}
	b.hushed = hushed
	if n <= 0 { // nothing that can be heard
		b.counters.discarded.Add(1)
		b.quieten()
		b.skip(e, played)
		return
	}
	b.lastDur = n
	b.held = 0
	if cut >= int64(n) {
		b.counters.discarded.Add(1)
		b.seam = true
		arrival := b.samples(b.ring.slot(e.packet).arrival)
		b.transit.miss(arrival-e.time, arrival)
	} else {
		b.transit.missed = 0
		b.seam = b.seam || changed || cut > 0 || b.quiet
		b.append(b.scratch[cut:n])
		b.pos += int64(n) - cut
		b.quiet, b.guessed = false, 0
	}
	b.skip(e, played)
}
