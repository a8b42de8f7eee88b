package jitter

// nudge makes the n samples that are played next of one more or one less, by
// interpolation, when the delay is more than 1 ms off. Nobody hears that, whatever is
// played, and it is enough for clocks that differ by 6000 ppm at 8 kHz.
func (b *Buffer) nudge(n int) {
	late, ms := b.late(), int64(b.rate/1000)
	switch {
	case b.quiet || b.guessed > 0:
	case late > ms && b.ahead(n+1):
		squash(b.scratch[:n], b.queue.around(0)[:n+1])
		b.queue.cut(1)
		b.counters.squeezed.Add(1)
		copy(b.queue.around(0), b.scratch[:n])
	case late < -ms:
		squash(b.scratch[:n], b.queue.around(0)[:n-1])
		b.queue.insert(1)
		b.counters.stretched.Add(1)
		copy(b.queue.around(0), b.scratch[:n])
	}
}

// ahead reports whether n samples are decoded, or can be without a guess.
func (b *Buffer) ahead(n int) bool {
	for b.queue.length() < n {
		e := b.order.at(b.order.next)
		if e == nil || e.kind != speech || abs(e.time-b.pos) > int64(snap*b.rate/1000) {
			return false
		}
		b.decode(e, 0)
	}
	return true
}

// squash fills out with in, which is of another length, by cubic interpolation. Both
// begin and end with the same sample.
func squash(out, in []int16) {
	last := len(in) - 1
	at := func(i int) float32 { return float32(in[min(max(i, 0), last)]) }
	for j := range out {
		i, rest := j*last/(len(out)-1), j*last%(len(out)-1)
		x := float32(rest) / float32(len(out)-1)
		a, b, c, d := at(i-1), at(i), at(i+1), at(i+2)
		y := b + x/2*(c-a+x*(2*a-5*b+4*c-d+x*(3*(b-c)+d-a)))
		out[j] = int16(min(max(y, -32768), 32767))
	}
}
