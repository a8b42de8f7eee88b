package mixer

const (
	ceiling = 29000 // what no sample exceeds
	knee    = 24000 // from where what gets in over the ceiling is bent
	blocks  = 8     // of a frame, between which the gain changes
	// The gain comes back by so much a block: 6 dB in half a second.
	recovery = 1.0035
)

// limiter makes samples of sums: softer where they would be too loud. The gain goes
// down within the block of 2.5 ms before the loud one, as the whole frame is known;
// only at its beginning it may come too late, and then the peaks are bent.
type limiter struct{ gain float32 }

// do fills pcm with what is in sum.
func (l *limiter) do(pcm []int16, sum []int32) {
	var peaks [blocks]int32
	size := len(sum) / blocks
	loudest := int32(0)
	for b := range peaks {
		peak := int32(0)
		for _, s := range sum[b*size : (b+1)*size] {
			peak = max(peak, s, -s)
		}
		peaks[b] = peak
		loudest = max(loudest, peak)
	}
	if l.gain == 0 {
		l.gain = 1
	}
	if l.gain == 1 && loudest <= knee {
		for i, s := range sum {
			pcm[i] = int16(s)
		}
		return
	}
	for b := range peaks {
		ahead := peaks[b]
		if b+1 < blocks {
			ahead = max(ahead, peaks[b+1])
		}
		to := min(1, l.gain*recovery)
		if float32(ahead)*to > knee {
			to = knee / float32(ahead)
		}
		l.ramp(pcm[b*size:(b+1)*size], sum[b*size:(b+1)*size], to)
	}
}

// ramp changes the gain over the length of pcm.
func (l *limiter) ramp(pcm []int16, sum []int32, to float32) {
	step := (to - l.gain) / float32(len(sum))
	for i, s := range sum {
		l.gain += step
		pcm[i] = bend(l.gain * float32(s))
	}
	l.gain = to
}

// bend lets nothing beyond the ceiling, without a corner.
func bend(s float32) int16 {
	switch {
	case s > knee:
		over := s - knee
		return int16(knee + over*(ceiling-knee)/(over+ceiling-knee))
	case s < -knee:
		over := -s - knee
		return int16(-knee - over*(ceiling-knee)/(over+ceiling-knee))
	}
	return int16(s)
}
