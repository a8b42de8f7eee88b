package record

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// The conditions of TestTheSidesStayInStep.
const (
	ppm      = 100
	unsteady = 40 * time.Millisecond
	loss     = 0.03
	inStep   = 20 * time.Millisecond
)

// signals are what is said, by sample: what is easy to stretch, what is hard, and what
// pauses.
var signals = []struct {
	name   string
	signal func(n int64) float64
	length time.Duration
	skew   float64       // of the left side; that of the right is the opposite
	pause  time.Duration // after 10 s
}{
	{"voice", voiced, time.Hour, ppm, 0},
	{"noise", hiss, 10 * time.Minute, -ppm, 0},
	{"talk", talk, 10 * time.Minute, -ppm, 0},
	{"pause", hiss, 10 * time.Minute, ppm, 9 * time.Minute},
}

// pauseAt is after which time of a recording it pauses.
const pauseAt = 10 * time.Second

// talk pauses one second of three.
func talk(n int64) float64 {
	if n/Rate%3 == 1 {
		return 0
	}
	return voiced(n)
}

// voiced is a voice that goes up and down. There is some noise in it, by which its place
// is known: a voice is much like itself a moment later.
func voiced(n int64) float64 {
	t := float64(n) / Rate
	phase := 2*math.Pi*140*t + 40/0.7*math.Sin(2*math.Pi*0.7*t) + 30/0.31*math.Sin(2*math.Pi*0.31*t)
	out := hiss(n) / 8
	for k := 1.0; k < 7; k++ {
		out += 3000 / k * math.Sin(k*phase)
	}
	return out
}

// hiss is white noise, which never repeats itself.
func hiss(n int64) float64 {
	h := uint64(n+1) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	return float64(int16(h)) / 4
}

// repeated is the beginning of a signal again and again, which costs less.
func repeated(signal func(int64) float64) func(int64) float64 {
	loop := make([]float64, 61*Rate)
	for i := range loop {
		loop[i] = signal(int64(i))
	}
	return func(n int64) float64 { return loop[(n+int64(len(loop)))%int64(len(loop))] }
}

// speaker is one side: its clock is off, its packets come unevenly or not at all.
type speaker struct {
	signal func(int64) float64
	speed  float64 // by which its clock is faster than ours
	put    func(*media.Packet)
	r      *rand.Rand
	coming []comes
	packet int64
}

type comes struct {
	at     time.Duration
	packet int64
}

// until puts what arrives before end.
func (s *speaker) until(end time.Duration) {
	for {
		leaves := time.Duration(float64((s.packet+1)*int64(tick)) / s.speed)
		if leaves >= end {
			break
		}
		if s.r.Float64() >= loss {
			s.coming = append(s.coming, comes{leaves + time.Duration(s.r.Int64N(int64(unsteady))), s.packet})
		}
		s.packet++
	}
	slices.SortFunc(s.coming, func(a, b comes) int { return int(a.at - b.at) })
	for len(s.coming) > 0 && s.coming[0].at < end {
		n := s.coming[0].packet
		s.coming = slices.Delete(s.coming, 0, 1)
		payload := make([]byte, samples)
		for i := range payload {
			payload[i] = codec.UlawFrom(int16(s.signal(n*samples + int64(i))))
		}
		s.put(&media.Packet{Payload: payload, Format: &codec.PCMU, SSRC: 5, Seq: uint16(n), Time: uint32(n * samples)})
	}
}

// ear is a file that measures by how much each side is late.
type ear struct {
	sides   [2]*speaker
	marks   func(int64) float64
	pcm     []int16
	frames  int64
	left    time.Duration // out, after pauseAt
	offsets [2][]time.Duration
}

const (
	listens = 250 * time.Millisecond
	every   = 5 * time.Second
	silent  = time.Hour
)

func (e *ear) Write(pcm []int16) error {
	const keep = 2 * int(listens*Rate/time.Second)
	e.pcm = append(e.pcm, pcm...)
	e.pcm = e.pcm[max(0, len(e.pcm)-keep):]
	e.frames += int64(len(pcm) / 2)
	if len(e.pcm) == keep && e.frames%int64(every*Rate/time.Second) == 0 {
		for side, s := range e.sides {
			e.offsets[side] = append(e.offsets[side], e.late(side, s))
		}
	}
	return nil
}

// late is by how much later than it was sent what was heard last is in the file; silent
// when nothing was.
func (e *ear) late(side int, s *speaker) time.Duration {
	n, reach := int64(len(e.pcm)/2), int64(Rate/10)
	begin := e.frames - n - samples
	if e.frames > int64(pauseAt*Rate/time.Second) {
		begin += int64(e.left * Rate / time.Second)
	}
	from := int64(float64(begin) * s.speed)
	said := make([]float64, n+2*reach)
	for i := range said {
		said[i] = e.marks(from - reach + int64(i))
	}
	best, at := 0.0, int64(0)
	for lag := -reach; lag <= reach; lag++ {
		var sum, power float64
		for i := range n {
			ref := said[reach+i-lag]
			sum += ref * float64(e.pcm[2*i+int64(side)])
			power += ref * ref
		}
		if like := sum / math.Sqrt(power+1e6); like > best {
			best, at = like, lag
		}
	}
	if best < 1e4 {
		return silent
	}
	return time.Duration(at) * time.Second / Rate
}

func (e *ear) Flush() error          { return nil }
func (e *ear) Length() time.Duration { return time.Duration(e.frames) * time.Second / Rate }

// TestTheSidesStayInStep records an hour of two people whose clocks drift apart, and less
// of what is said otherwise.
func TestTheSidesStayInStep(t *testing.T) {
	for _, test := range signals {
		t.Run(test.name, func(t *testing.T) {
			signal, length, pause := repeated(test.signal), test.length, test.pause
			if raceDetector {
				length, pause = time.Minute, min(pause, 20*time.Second)
			}
			synctest.Test(t, func(t *testing.T) {
				e := &ear{marks: repeated(hiss)}
				for i := range e.sides {
					off := 1.0 + float64(1-2*i)*test.skew/1e6
					e.sides[i] = &speaker{signal: signal, speed: off, r: rand.New(rand.NewPCG(1, uint64(i)))}
				}
				s := StartStereo(StereoOptions{To: e})
				e.sides[0].put, e.sides[1].put = s.Received, s.Sent
				if pause > 0 {
					e.left = pause + Lag
					time.AfterFunc(pauseAt, func() { s.Pause() })
					time.AfterFunc(pauseAt+pause, func() { s.Resume() })
				}
				begin := time.Now()
				for now := time.Duration(0); now < length; now += 2 * time.Millisecond {
					time.Sleep(time.Until(begin.Add(now)))
					e.sides[0].until(now)
					e.sides[1].until(now)
				}
				result := s.Stop()
				if result.Err != nil || (result.Length+e.left-length).Abs() > tick {
					t.Errorf("%+v", result)
				}
				e.judge(t)
			})
		})
	}
}

func (e *ear) judge(t *testing.T) {
	t.Helper()
	var worst, sum time.Duration
	var left, right []time.Duration
	for i, l := range e.offsets[0] {
		r := e.offsets[1][i]
		if l == silent || r == silent {
			continue
		}
		left, right = append(left, l), append(right, r)
		worst, sum = max(worst, (l-r).Abs()), sum+(l-r).Abs()
	}
	if len(left) < 6 {
		t.Fatalf("heard %d times", len(left))
	}
	if worst > inStep {
		t.Errorf("the sides are %v out of step", worst)
	}
	t.Logf("out of step by %v at most, %v on average; left %v to %v, right %v to %v", worst, sum/time.Duration(len(left)),
		slices.Min(left), slices.Max(left), slices.Min(right), slices.Max(right))
}
