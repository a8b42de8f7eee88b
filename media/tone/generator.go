package tone

import (
	"io"
	"math"
	"time"
)

// Generator makes the samples of a tone. It is for one goroutine.
type Generator struct {
	tone  Tone
	rate  int
	part  int
	at    int // sample within the part
	phase [maxSines]float64
}

// maxSines is how many sines a part may have; more are left out.
const maxSines = 4

// edge is for how long a part rises and falls, so that it does not click.
const edge = 2 * time.Millisecond

// NewGenerator makes t at rate samples a second, such as 8000, 16000 or 48000.
func NewGenerator(t Tone, rate int) *Generator { return &Generator{tone: t, rate: rate} }

// Read fills pcm with what comes next. It gives fewer samples only at the end of a
// tone that is played once, then 0 and io.EOF.
func (g *Generator) Read(pcm []int16) (int, error) {
	n := 0
	for n < len(pcm) {
		if g.part == len(g.tone.Parts) {
			if g.tone.Once || len(g.tone.Parts) == 0 {
				break
			}
			g.part = 0
		}
		p := &g.tone.Parts[g.part]
		length := g.samples(p.For)
		if p.For > 0 && g.at >= length {
			g.part, g.at = g.part+1, 0
			continue
		}
		for ; n < len(pcm) && (p.For == 0 || g.at < length); n++ {
			pcm[n] = g.sample(p, length)
			g.at++
		}
	}
	if n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (g *Generator) samples(d time.Duration) int {
	return int(int64(d) * int64(g.rate) / int64(time.Second))
}

// sample is the next one of p. Phases go on from part to part: sines begin at 0.
func (g *Generator) sample(p *Part, length int) int16 {
	if g.at == 0 {
		g.phase = [maxSines]float64{}
	}
	var sum float64
	for i, s := range p.Sines {
		if i == maxSines {
			break
		}
		sum += Amplitude(s.Level) * math.Sin(2*math.Pi*g.phase[i])
		hz := s.Hz
		if s.To > 0 && length > 0 {
			hz *= math.Pow(s.To/s.Hz, float64(g.at)/float64(length))
		}
		_, g.phase[i] = math.Modf(g.phase[i] + hz/float64(g.rate))
	}
	sum *= g.rise(g.at)
	if length > 0 {
		sum *= g.rise(length - 1 - g.at)
	}
	return int16(math.Round(min(max(sum, -32767), 32767)))
}

// rise is how loud a part is n samples from its edge.
func (g *Generator) rise(n int) float64 {
	steps := g.samples(edge)
	if n >= steps {
		return 1
	}
	return 0.5 - 0.5*math.Cos(math.Pi*float64(n+1)/float64(steps+1))
}
