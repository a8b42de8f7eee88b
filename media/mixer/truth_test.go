package mixer

import (
	"container/heap"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/media/codec"
)

var truth = flag.Duration("truth", 0, "how much time TestTruth simulates; 0: two minutes")

var realTime = flag.Duration("real", 0, "for how long TestTruthInRealTime runs; 0: not at all")

// arrival is a packet on its way.
type arrival struct {
	at    time.Duration
	phone int
	seq   int
}

type sky []arrival

func (s sky) Len() int           { return len(s) }
func (s sky) Less(i, j int) bool { return s[i].at < s[j].at }
func (s sky) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *sky) Push(x any)        { *s = append(*s, x.(arrival)) }
func (s *sky) Pop() any {
	x := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return x
}

const (
	truthLoss   = 0.03
	truthJitter = 40 * time.Millisecond
	truthPPM    = 100
	truthLoop   = 500 // packets
)

// TestTruth has 20 members of four codecs with a tone each, 3 % loss, 40 ms of jitter
// and clocks that are 100 ppm fast or slow. Everybody must hear all but himself, and
// what the mixer adds to the delay must stay below 80 ms and not grow.
func TestTruth(t *testing.T) {
	length := 2 * time.Minute
	switch {
	case *truth > 0:
		length = *truth
	case raceDetector:
		length = 20 * time.Second
	}
	synctest.Test(t, func(t *testing.T) { newHall(t, length).run(length) })
}

// TestTruthInRealTime is the same by the clock on the wall, where ticks can be missed.
func TestTruthInRealTime(t *testing.T) {
	if *realTime == 0 {
		t.Skip("takes -real")
	}
	h := newHall(t, *realTime)
	h.settle = func() {}
	h.run(*realTime)
}

// hall is the conference of TestTruth.
type hall struct {
	t       *testing.T
	r       *rand.Rand
	mixer   *Mixer
	phones  []*phone
	members []*Member
	sky     sky
	begin   time.Time
	settle  func() // waits until what has been sent has been taken
	lost    int
	sent    int

	quietest, loudest, own float64         // amplitudes that were heard
	depths                 []time.Duration // the worst of each check
	delays                 []time.Duration // as heard
}

const truthAmplitude = 1200

func newHall(t *testing.T, length time.Duration) *hall {
	t.Helper()
	h := &hall{t: t, settle: synctest.Wait, r: rand.New(rand.NewPCG(3, 4)), quietest: math.Inf(1)}
	formats := []codec.Format{codec.PCMU, codec.PCMA, codec.G722, codec.PCMU, codec.PCMA, codec.G722, codec.PCMU, codec.PCMA, codec.PCMU, codec.Opus}
	h.mixer = New(Options{Speakers: 20, MaxRate: 16000})
	for i := range 20 {
		f := formats[i%len(formats)]
		if length > time.Hour && i == 9 { // one of the dear ones will do
			f = codec.PCMU
		}
		p := newPhone(t, f, 300+150*float64(i), truthAmplitude, 50)
		if i == 0 { // in the first 200 ms of every 10 s he says nothing
			p.said = speech(t, f, truthLoop, func(n int) int16 {
				if n < 1600 {
					return 0
				}
				return int16(truthAmplitude * math.Sin(2*math.Pi*p.hz*float64(n)/8000))
			})
		}
		p.deaf = true
		h.phones = append(h.phones, p)
		h.members = append(h.members, h.mixer.Add(p, MemberOptions{}))
	}
	h.begin = time.Now()
	for i := range h.phones {
		h.send(i, 0)
	}
	return h
}

// leaves is when packet seq of a phone is complete, by its clock.
func leaves(phone, seq int) time.Duration {
	ppm := float64(truthPPM)
	if phone%2 == 1 {
		ppm = -ppm
	}
	offset := time.Duration(phone) * 1700 * time.Microsecond
	return offset + time.Duration(float64(seq+1)*20e6*(1-ppm/1e6))
}

func (h *hall) send(phone, seq int) {
	at := leaves(phone, seq) + time.Duration(h.r.Int64N(int64(truthJitter)))
	heap.Push(&h.sky, arrival{at.Truncate(time.Millisecond), phone, seq})
}

// until lets packets arrive until so long after the beginning.
func (h *hall) until(end time.Duration) {
	for h.sky[0].at < end {
		a := h.sky[0]
		if d := a.at - time.Since(h.begin); d > 0 {
			time.Sleep(d)
		}
		heap.Pop(&h.sky)
		h.send(a.phone, a.seq+1)
		p := h.phones[a.phone]
		p.sent = a.seq
		h.sent++
		lost := h.r.Float64() < truthLoss
		if a.phone == 0 && (a.seq+1)%truthLoop < 2 {
			lost = false // where his silence begins: a guess would make it late
		}
		if lost {
			h.lost++
		}
		p.say(lost)
	}
}

func (h *hall) run(length time.Duration) {
	step := 10 * time.Second
	if length > time.Hour {
		step = time.Minute
	}
	for at := step; at <= length && !h.t.Failed(); at += step {
		h.until(at)
		h.check(at)
		if at%time.Hour == 0 {
			h.t.Logf("%v: the delay as heard is %v", at, h.delays[len(h.delays)-1])
		}
	}
	h.report(length)
	h.mixer.Close()
}

// check listens for a second, which begins as the first member falls silent.
func (h *hall) check(at time.Duration) {
	gap := int(math.Round(float64(at) / 1e7 / 20 * 10 / truthLoop)) // which of his loops is next
	for leaves(0, gap*truthLoop) < at+300*time.Millisecond {        // his clock is fast
		gap++
	}
	spoken := leaves(0, gap*truthLoop) - 20*time.Millisecond
	h.until(spoken - 200*time.Millisecond)
	for _, p := range h.phones {
		p.listen(true)
	}
	h.until(spoken + 800*time.Millisecond)
	h.settle()
	end := h.phones[3].lastHeard().Sub(h.begin) + Tick // when what was heard last ends
	worst := time.Duration(0)
	for i, p := range h.phones {
		for j, q := range h.phones {
			a := p.amplitude(q.hz, 20) // the last 400 ms
			if i == j {
				h.own = max(h.own, a)
			} else {
				h.quietest, h.loudest = min(h.quietest, a), max(h.loudest, a)
			}
			if i == j && a > himself(p) || i != j && (a < truthAmplitude/3 || a > truthAmplitude*2) {
				h.t.Errorf("%v: %s of %g Hz hears %g Hz with %.0f, it was said with %d", at, p.formats[0].Name, p.hz, q.hz, a, truthAmplitude)
			}
		}
		worst = max(worst, h.members[i].Stats().Jitter.Depth)
	}
	h.depths = append(h.depths, worst)
	listener := h.phones[3]
	begins := end - time.Duration(len(listener.heard))*time.Second/8000
	if fell := silenceBegins(listener.heard, h.phones[0].hz); fell >= 0 {
		heard := begins + time.Duration(fell)*time.Second/8000
		h.delays = append(h.delays, heard-spoken-20*time.Millisecond)
	}
	for _, p := range h.phones {
		p.listen(false)
	}
}

// himself is how much of his own tone may be in what p hears. Opus makes noise of
// its own between so many tones that are all multiples of 150 Hz: up to 90 without
// any loss or mixer.
func himself(p *phone) float64 {
	if p.formats[0].Same(codec.Opus) {
		return truthAmplitude / 5
	}
	return truthAmplitude / 15
}

// silenceBegins finds where a tone of hz falls to half, -1 when it does not.
func silenceBegins(pcm []int16, hz float64) int {
	const window = 160
	for i := 0; i+window <= len(pcm); i += 8 {
		if amplitude(pcm[i:i+window], hz, 8000) < truthAmplitude/2 {
			return i + window/2
		}
	}
	return -1
}

func (h *hall) report(length time.Duration) {
	h.t.Helper()
	s := h.mixer.Stats()
	var late, concealed, recovered, lost uint64
	for _, m := range h.members {
		j := m.Stats().Jitter
		late, lost = late+j.Late, lost+j.Lost
		concealed, recovered = concealed+j.Concealed, recovered+j.Recovered
	}
	first, last := most(h.delays[:len(h.delays)/2]), most(h.delays[len(h.delays)/2:])
	h.t.Logf("%v: others %.0f to %.0f, himself %.0f, of %d said; delay as heard at most %v in the first half, %v in the second (%d measured); jitter buffers %v, %v; missed %d of %d ticks",
		length, h.quietest, h.loudest, h.own, truthAmplitude, first, last, len(h.delays),
		most(h.depths[:len(h.depths)/2]), most(h.depths[len(h.depths)/2:]), s.Missed, s.Ticks)
	h.t.Logf("lost %d of %d; counted lost %d, concealed %d, recovered %d, late %d", h.lost, h.sent, lost, concealed, recovered, late)
	if len(h.delays) < len(h.depths)/2 {
		h.t.Errorf("the delay was measured %d times in %d", len(h.delays), len(h.depths))
	}
	for _, d := range append(h.delays, h.depths...) {
		if d > 80*time.Millisecond {
			h.t.Errorf("a delay of %v was added", d)
		}
	}
	if first > 0 && last > first+15*time.Millisecond {
		h.t.Errorf("the delay grew from %v to %v", first, last)
	}
	if s.Missed*1000 > s.Ticks {
		h.t.Errorf("%d of %d ticks were missed", s.Missed, s.Ticks)
	}
	if got := concealed + recovered; got < lost || got > lost+late {
		h.t.Errorf("%d were lost and %d late, %d were concealed or recovered", lost, late, got)
	}
	if off := math.Abs(float64(lost) - float64(h.lost)); off > 0.05*float64(h.lost)+40 {
		h.t.Errorf("%d were lost, %d were counted", h.lost, lost)
	}
}

func most(all []time.Duration) (m time.Duration) {
	for _, d := range all {
		m = max(m, d)
	}
	return m
}

func ExampleMixer_Stats() {
	m := New(Options{})
	fmt.Println(m.Stats().Rate, m.Stats().Members)
	m.Close()
	// Output: 8000 0
}
