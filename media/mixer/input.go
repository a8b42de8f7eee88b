package mixer

import (
	"math"
	"time"

	"dialtone/media/jitter"
	"dialtone/media/resample"
)

const (
	maxFrame = 48000 / 50

	silence   = -96.0 // dBov, and all below
	hangover  = 25    // ticks that a speaker is still heard after he was loud
	incumbent = 4.0   // dB by which another must be louder to take his place
	loudness  = -23.0 // dBov that AGC wants
	maxAGC    = 15.0  // dB
)

// input is what a member says. It belongs to the tick.
type input struct {
	buffer *jitter.Buffer
	pcm    [maxFrame]int16 // at the rate of the buffer
	rate   int
	heard  bool // pcm is not silence

	level        float64 // dBov of the last frame
	score        float64 // smoothed, for the ranking
	hang         int     // ticks to go as speaker
	agc          float64 // dB
	chosen       bool    // to be mixed
	gain         float32 // at the end of the last frame
	mixing       bool    // has been mixed in this tick
	re           resampler
	contribution [maxFrame]int32
	wide         [maxFrame]int16
}

func (in *input) init() { in.level, in.score = silence, silence }

// listen takes the next frame.
func (m *Member) listen(now time.Time) {
	in := &m.in
	if pulled := m.entrance.Load().pulled; pulled != nil {
		pulled.Pull()
	}
	if b := m.buffer.Load(); b != in.buffer {
		if in.buffer != nil {
			in.buffer.Close()
		}
		in.buffer, in.rate = b, b.Rate()
	}
	frame := in.pcm[:in.rate/50]
	in.heard = in.buffer.Get(frame, now)
	in.mixing = false
	in.level = silence
	if in.heard {
		in.level = levelOf(frame)
	}
	if tap := m.tap.Load(); tap != nil {
		(*tap).Frame(frame, in.rate)
	}
	m.judge()
}

// judge decides whether he speaks, and how loud he counts.
func (m *Member) judge() {
	in, level := &m.in, m.in.level
	if told := m.told.Load(); told != 0 && in.heard {
		level = -float64(told &^ toldMark)
	}
	if level > in.score {
		in.score += (level - in.score) / 2
	} else {
		in.score += (level - in.score) / 16
	}
	gate := m.o.Gate
	if gate == 0 {
		gate = m.mixer.o.Silence
	}
	switch {
	case m.muted.Load() || m.leaving.Load():
		in.hang = 0
	case level > gate:
		in.hang = hangover
	case in.hang > 0:
		in.hang--
	}
	if m.o.AGC && in.hang == hangover {
		in.adapt()
	}
	m.level.Store(int32(in.level * 10))
}

// adapt changes the gain of AGC: quickly down, slowly up.
func (in *input) adapt() {
	switch off := loudness - in.level - in.agc; {
	case off < -1:
		in.agc = max(in.agc-0.4, -maxAGC)
	case off > 1 && in.level > loudness-2*maxAGC:
		in.agc = min(in.agc+0.05, maxAGC)
	}
}

// wanted is the gain that he is to be mixed with.
func (m *Member) wanted() float32 {
	if !m.in.chosen {
		return 0
	}
	dB := float64(m.gain.Load())/10 + m.in.agc
	if dB == 0 {
		return 1
	}
	return float32(math.Pow(10, dB/20))
}

// contribute adds what he says to sum, at the rate of the mix.
func (m *Member) contribute(sum []int32, rate int) {
	in := &m.in
	from, to := in.gain, m.wanted()
	in.gain = to
	if from == 0 && to == 0 {
		return
	}
	in.mixing = true
	pcm := in.pcm[:in.rate/50]
	if in.rate != rate {
		if from == 0 {
			in.re.Reset()
		}
		pcm = in.re.do(in.wide[:], pcm, in.rate, rate)
	}
	own := in.contribution[:len(sum)]
	if from == 1 && to == 1 {
		for i, s := range pcm {
			own[i] = int32(s)
			sum[i] += int32(s)
		}
		return
	}
	step := (to - from) / float32(len(pcm))
	for i, s := range pcm {
		from += step
		own[i] = int32(from * float32(s))
		sum[i] += own[i]
	}
}

// resampler makes a resample.Resampler when the rates are known, and another when
// they change.
type resampler struct {
	re       *resample.Resampler
	from, to int
}

// do gives pcm at another rate, in out.
func (r *resampler) do(out, pcm []int16, from, to int) []int16 {
	if r.re == nil || r.from != from || r.to != to {
		re, err := resample.New(from, to)
		if err != nil { // never: the rates are ours
			return out[:to/50]
		}
		*r = resampler{re, from, to}
	}
	out = out[:to/50]
	clear(out[r.re.Process(out, pcm):])
	return out
}

// Reset forgets what came before.
func (r *resampler) Reset() {
	if r.re != nil {
		r.re.Reset()
	}
}

// levelOf is the level of pcm in dBov: a square wave of full scale has 0.
func levelOf(pcm []int16) float64 {
	var sum int64
	for _, s := range pcm {
		sum += int64(s) * int64(s)
	}
	if sum == 0 {
		return silence
	}
	return max(silence, 10*math.Log10(float64(sum)/float64(len(pcm))/(32768*32768)))
}
