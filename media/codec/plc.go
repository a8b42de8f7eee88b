package codec

import "math"

// plc conceals lost audio by repeating the last pitch periods, as G.711 Appendix I
// does. Other than there, nothing is delayed: where a loss begins, the difference to
// what was heard last is faded out instead of mixing backwards into it.
type plc struct {
	unit    int     // samples in 1/8000 s
	history []int16 // the last 48.75 ms, as heard
	cycle   [periods][]float32
	at      [periods]int // where each cycle is read
	pitch   int          // samples
	quarter int          // of pitch
	lost    int          // samples concealed in sequence
	offset  float32      // of what was heard last from the first cycle
	merge   int          // samples that are still to be mixed with what is heard again
	merging int          // of so many
}

const (
	periods     = 3                         // at most that are repeated
	shortest    = 40                        // pitch period, in units: 200 Hz
	longest     = 120                       // 66 Hz
	historyLen  = 3*longest + shortest - 10 // in units
	stage       = 80                        // units after which one more period is repeated: 10 ms
	silentAfter = 6 * stage                 // units until nothing is left
)

func newPLC(rate int) plc {
	p := plc{unit: rate / 8000}
	p.history = make([]int16, historyLen*p.unit)
	for i := range p.cycle {
		p.cycle[i] = make([]float32, (i+1)*longest*p.unit)
	}
	return p
}

// heard takes what arrived. Behind a loss its beginning is mixed with what would
// have been concealed.
func (p *plc) heard(pcm []int16) {
	if p.lost > 0 {
		longer := 4 * 8 * p.unit * max(0, p.lost/(stage*p.unit)-1)
		p.merging = min(p.quarter+longer, stage*p.unit)
		p.merge, p.lost = p.merging, -p.lost
	}
	for i := 0; p.merge > 0 && i < len(pcm); i++ {
		w := float32(p.merge) / float32(p.merging+1)
		pcm[i] = clip(w*p.next(-p.lost) + (1-w)*float32(pcm[i]))
		p.lost--
		p.merge--
	}
	if p.merge == 0 && p.lost < 0 {
		p.lost = 0
	}
	p.remember(pcm)
}

// conceal fills pcm.
func (p *plc) conceal(pcm []int16) {
	switch {
	case p.lost == 0:
		p.begin()
	case p.lost < 0: // lost again before it was mixed in
		p.lost, p.merge = -p.lost, 0
	}
	for i := range pcm {
		pcm[i] = clip(p.next(p.lost))
		if p.lost < silentAfter*p.unit {
			p.lost++
		}
	}
	p.lost = max(p.lost, 1)
	p.remember(pcm)
}

// next is the sample of a loss that has lasted for so many.
func (p *plc) next(lost int) float32 {
	n := min(lost/(stage*p.unit), periods-1)
	v := p.read(n)
	// A stage begins as the one before would have gone on.
	if into := lost - n*stage*p.unit; n > 0 && into < p.quarter {
		w := float32(into+1) / float32(p.quarter+1)
		v = w*v + (1-w)*p.read(n-1)
	}
	if lost < p.quarter {
		v += p.offset * (1 - float32(lost+1)/float32(p.quarter+1))
	}
	fade := float32(lost-stage*p.unit) / float32((silentAfter-stage)*p.unit)
	return v * min(1, max(0, 1-fade))
}

// read takes one sample of cycle n.
func (p *plc) read(n int) float32 {
	cycle := p.cycle[n][:(n+1)*p.pitch]
	at := &p.at[n]
	if n > 0 && *at < 0 {
		*at = p.at[n-1] % p.pitch
	}
	v := cycle[*at]
	*at = (*at + 1) % len(cycle)
	return v
}

// begin prepares for a loss that begins now.
func (p *plc) begin() {
	h := p.history
	p.pitch = p.findPitch()
	p.quarter = p.pitch / 4
	p.at = [periods]int{0, -1, -1}
	for n := range p.cycle {
		length := (n + 1) * p.pitch
		start := len(h) - length
		cycle := p.cycle[n][:length]
		for i := range cycle {
			cycle[i] = float32(h[start+i])
		}
		// The end leads to the beginning.
		for i := range min(p.quarter, start) {
			w := float32(i+1) / float32(p.quarter+1)
			j := length - p.quarter + i
			cycle[j] = (1-w)*cycle[j] + w*float32(h[start-p.quarter+i])
		}
	}
	p.offset = float32(h[len(h)-1]) - float32(h[len(h)-1-p.pitch])
}

// findPitch is the period after which the last 20 ms are most like before, in
// samples.
func (p *plc) findPitch() int {
	best, at := p.search(shortest*p.unit, longest*p.unit, 2*p.unit, 2*p.unit)
	_, fine := p.search(max(shortest*p.unit, at-2*p.unit), min(longest*p.unit, at+2*p.unit), 1, p.unit)
	if best <= 0 {
		return longest * p.unit
	}
	return fine
}

// search compares the last 20 ms with what was lag samples earlier, in steps.
func (p *plc) search(from, to, lagStep, step int) (best float64, at int) {
	h := p.history
	recent := len(h) - 160*p.unit
	best, at = math.Inf(-1), from
	for lag := from; lag <= to; lag += lagStep {
		var corr, energy float64
		for i := recent; i < len(h); i += step {
			a, b := float64(h[i]), float64(h[i-lag])
			corr += a * b
			energy += b * b
		}
		if corr /= math.Sqrt(max(energy, 1)); corr > best {
			best, at = corr, lag
		}
	}
	return best, at
}

func (p *plc) remember(pcm []int16) {
	h := p.history
	if len(pcm) >= len(h) {
		copy(h, pcm[len(pcm)-len(h):])
		return
	}
	copy(h, h[len(pcm):])
	copy(h[len(h)-len(pcm):], pcm)
}

// clip makes a sample of v.
func clip(v float32) int16 {
	return int16(min(max(math.Round(float64(v)), math.MinInt16), math.MaxInt16))
}
