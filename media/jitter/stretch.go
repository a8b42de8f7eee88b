package jitter

import "math"

// Lengths in samples, from ms.
func shortest(rate int) int   { return rate * 25 / 10000 } // period of a voice of 400 Hz
func longest(rate int) int    { return rate * 12 / 1000 }  // of 83 Hz
func window(rate int) int     { return rate * 6 / 1000 }   // what is compared
func fadeLength(rate int) int { return rate * 4 / 1000 }

// tolerated is by how many ms the delay may be too long.
const tolerated = 9

// adjust plays a little faster or slower when the delay is not what is wanted: one
// period is taken away or repeated, where nobody hears it.
func (b *Buffer) adjust(n int) {
	ms, early := int64(b.rate/1000), int64(1)
	if b.steady {
		b.nudge(n)
		early = tolerated
	}
	late := b.late()
	if b.wait > 0 {
		b.wait--
		return
	}
	b.hurry = late > tolerated*ms || b.hurry && late > 4*ms // not to and fro
	switch {
	case b.quiet || b.guessed > 0:
	case b.hurry:
		b.squeeze(n, late)
	case late < -early*ms:
		b.stretch(-late)
	}
}

// done notes that the speed was changed with off samples to go.
func (b *Buffer) done(off int64) {
	b.wait = 9
	if off > int64(b.rate/25) {
		b.wait = 2
	}
}

// squeeze takes a period away.
func (b *Buffer) squeeze(n int, late int64) {
	b.ahead(n + 2*longest(b.rate))
	pcm := b.queue.around(0)
	most := min(longest(b.rate), len(pcm)-n, len(pcm)-window(b.rate), len(pcm)/2, int(late))
	lag, ok := b.match(pcm, 0, 1, most, late)
	if !ok {
		return
	}
	crossfade(pcm[lag:2*lag], pcm[:lag], pcm[lag:2*lag])
	b.queue.cut(lag)
	b.counters.squeezed.Add(int64(lag))
	b.done(late)
}

// stretch repeats a period.
func (b *Buffer) stretch(early int64) {
	past := longest(b.rate)
	pcm := b.queue.around(past)
	most := min(past, len(pcm)-past, int(early)+(tolerated-1)*b.rate/1000)
	lag, ok := b.match(pcm, past, -1, most, early)
	if !ok {
		return
	}
	// From what comes next over to what was a period before, which ends where it
	// begins.
	crossfade(b.period[:lag], pcm[past:past+lag], pcm[past-lag:past])
	copy(b.queue.insert(lag), b.period[:lag])
	b.counters.stretched.Add(int64(lag))
	b.done(early)
}

// match looks for a period of at most so many samples: by how many what is at the
// place given is like what is behind it (direction 1) or before it (-1). The
// farther off the delay is, the less alike they need to be.
func (b *Buffer) match(pcm []int16, at, direction, most int, off int64) (lag int, ok bool) {
	w := min(window(b.rate), len(pcm)-at)
	if most < shortest(b.rate) || w < shortest(b.rate) {
		return 0, false
	}
	if energy(pcm[at:at+w]) < 100*100 { // -50 dB: any will do
		return most, true
	}
	lag, like := b.search(pcm, at, direction, most, w)
	need := 0.95
	if far := float64(off) / float64(b.rate/25); far > 1 { // beyond 40 ms
		need = max(0.3, 1-0.3*far)
	}
	return lag, like > need
}

// search gives the lag of the greatest likeness, -1 to 1: roughly first, on every
// step-th sample, then exactly.
func (b *Buffer) search(pcm []int16, at, direction, most, w int) (lag int, like float64) {
	step := max(1, b.rate/8000)
	like = -1
	from, to := shortest(b.rate), most
	for _, step := range [2]int{step, 1} {
		for l := from; l <= to; l += step {
			other := at + direction*l
			if other+w > len(pcm) || other < 0 {
				continue
			}
			if c := likeness(pcm[at:at+w], pcm[other:other+w], step); c > like {
				lag, like = l, c
			}
		}
		if step == 1 {
			break
		}
		from, to = max(from, lag-step+1), min(to, lag+step-1)
		like = -1
	}
	return lag, like
}

// likeness is the correlation of x and y, of every step-th sample.
func likeness(x, y []int16, step int) float64 {
	var xx, yy, xy int64
	y = y[:len(x)]
	for i := 0; i < len(x); i += step {
		a, b := int64(x[i]), int64(y[i])
		xx += a * a
		yy += b * b
		xy += a * b
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return float64(xy) / math.Sqrt(float64(xx)*float64(yy))
}

// energy is the mean square.
func energy(pcm []int16) int64 {
	var sum int64
	for _, s := range pcm {
		sum += int64(s) * int64(s)
	}
	return sum / int64(max(1, len(pcm)))
}

// continuation fills rest with what would follow what is in the queue if the voice
// went on as it is.
func (b *Buffer) continuation(rest []int16) {
	w := window(b.rate)
	past := b.queue.tail(w + longest(b.rate))
	if energy(past[len(past)-w:]) == 0 {
		clear(rest)
		return
	}
	lag, _ := b.search(past, len(past)-w, -1, longest(b.rate), w)
	for i := range rest {
		if i < lag {
			rest[i] = past[len(past)-lag+i]
		} else {
			rest[i] = rest[i-lag]
		}
	}
}

// crossfade fills out with what goes from from to to; out may be one of them.
func crossfade(out, from, to []int16) {
	n := int32(len(out))
	for i := range out {
		k := int32(i) + 1
		out[i] = int16((int32(from[i])*(n+1-k) + int32(to[i])*k) / (n + 1))
	}
}

func abs(n int64) int64 { return max(n, -n) }
