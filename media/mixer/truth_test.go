package mixer

import (
	"bytes"
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
	truthLoss      = 0.03
	truthJitter    = 40 * time.Millisecond
	truthPPM       = 100
	truthAmplitude = 1200
	truthDelay     = 80 * time.Millisecond // at most
	truthGrowth    = 10 * time.Millisecond // of a median: what 100 ppm make of it in 100 s
)

// Every 10 s all who can fall silent do so for 200 ms, one after the other, which says
// when it is heard what they said. At the end of the 10 s all speak.
const (
	truthRound = 10 * time.Second
	truthTurn  = 400 * time.Millisecond
	truthPause = 200 * time.Millisecond
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
	synctest.Test(t, func(t *testing.T) { newHall(t, length).run() })
}

// TestTruthInRealTime is the same by the clock on the wall, where ticks can be missed. A
// machine that others use too is late by itself: what it is late is measured in the same
// run, and taken off; whether delay grows is then for TestTruth to say. It wants to go first
// there: go test -exec "chrt -r 50".
func TestTruthInRealTime(t *testing.T) {
	if *realTime == 0 {
		t.Skip("takes -real")
	}
	if raceDetector {
		t.Skip("the race detector slows what it is compared with down more than the mixer")
	}
	h := newHall(t, *realTime)
	h.settle = func() {}
	h.witness = newWitness(t)
	h.run()
}

// hall is the conference of TestTruth.
type hall struct {
	t       *testing.T
	r       *rand.Rand
	length  time.Duration
	mixer   *Mixer
	phones  []*phone
	members []*Member
	ear     *phone // of one more, who only listens
	sky     sky
	begin   time.Time
	settle  func() // waits until what has been sent has been taken
	lost    int
	sent    int
	clock   time.Duration // when what came last was due
	fell    []arrival     // who fell silent in this round, and when

	quietest, loudest, own float64  // amplitudes that were heard
	depths                 []series // of jitter buffers, by member
	delays                 []series // as heard, by member
	unheard                int      // silences that the ear did not hear
	machine                lateness
	witness                *witness // nil in fake time
}

func newHall(t *testing.T, length time.Duration) *hall {
	t.Helper()
	h := &hall{
		t: t, settle: synctest.Wait, r: rand.New(rand.NewPCG(3, 4)), length: length, quietest: math.Inf(1),
		depths: make([]series, 20), delays: make([]series, 20),
	}
	formats := []codec.Format{codec.PCMU, codec.PCMA, codec.G722, codec.PCMU, codec.PCMA, codec.G722, codec.PCMU, codec.PCMA, codec.PCMU, codec.Opus}
	h.mixer = New(Options{Speakers: 20, MaxRate: 16000})
	for i := range 20 {
		f := formats[i%len(formats)]
		if length > time.Hour && i == 9 { // one of the dear ones will do
			f = codec.PCMU
		}
		p := newPhone(t, f, 300+150*float64(i), truthAmplitude, 50)
		p.deaf = true
		h.phones = append(h.phones, p)
		h.members = append(h.members, h.mixer.Add(p, MemberOptions{}))
	}
	h.begin = time.Now()
	h.ear = newPhone(t, codec.PCMU, 0, 0, 1)
	h.ear.from = h.begin
	h.mixer.Add(h.ear, MemberOptions{})
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

// silent reports whether a phone says nothing in packet seq. Silence begins with a
// packet, so it takes a codec in which a packet stands for itself.
func (h *hall) silent(phone, seq int) bool {
	at := (leaves(phone, seq) - Tick) % truthRound
	turn := time.Duration(phone+1) * truthTurn
	return at >= turn && at < turn+truthPause && nothing[h.phones[phone].formats[0].Name] != nil
}

func (h *hall) send(phone, seq int) {
	at := leaves(phone, seq) + time.Duration(h.r.Int64N(int64(truthJitter)))
	heap.Push(&h.sky, arrival{at, phone, seq})
}

// until lets packets arrive until so long after the beginning.
func (h *hall) until(end time.Duration) {
	for h.sky[0].at < end {
		a := h.sky[0]
		if d := a.at - time.Since(h.begin); d > 0 {
			time.Sleep(d)
		}
		h.clock = max(h.clock, a.at) // packets of a phone do not overtake each other
		h.machine.late(a.at, time.Since(h.begin)-h.clock)
		heap.Pop(&h.sky)
		h.send(a.phone, a.seq+1)
		h.arrive(a)
		if a.seq%50 == 49 {
			h.depths[a.phone].add(a.at, h.members[a.phone].Stats().Jitter.Depth)
		}
	}
}

func (h *hall) arrive(a arrival) {
	p := h.phones[a.phone]
	p.sent = a.seq
	h.sent++
	lost := h.r.Float64() < truthLoss
	silent, next := h.silent(a.phone, a.seq), h.silent(a.phone, a.seq+1)
	if silent && !h.silent(a.phone, a.seq-1) {
		h.fell = append(h.fell, a)
	}
	if silent || next {
		lost = false // a guess would make his silence late
	}
	if lost {
		h.lost++
	}
	if silent {
		p.send(nothing[p.formats[0].Name], lost)
		return
	}
	p.say(lost)
}

// nothing is said in these packets.
var nothing = map[string][]byte{
	codec.PCMU.Name: bytes.Repeat([]byte{0xff}, 160),
	codec.PCMA.Name: bytes.Repeat([]byte{0xd5}, 160),
}

func (h *hall) run() {
	for at := truthRound; at <= h.length && !h.t.Failed(); at += truthRound {
		check := h.length <= time.Hour || at%time.Minute == 0
		h.until(at - time.Second)
		if check {
			h.listen(true)
		}
		h.until(at)
		h.settle()
		if check {
			h.check(at)
			h.listen(false)
		}
		h.measure()
		if at%time.Hour == 0 {
			h.t.Logf("%v: %d delays, the median is %v, 99 %% %v", at, len(all(h.delays)), share(all(h.delays), 0.5), share(all(h.delays), 0.99))
		}
	}
	h.report()
	h.mixer.Close()
}

func (h *hall) listen(on bool) {
	for _, p := range h.phones {
		p.listen(on)
	}
}

// check compares what was heard in the last 400 ms with what was said.
func (h *hall) check(at time.Duration) {
	for i, p := range h.phones {
		for j, q := range h.phones {
			a := p.amplitude(q.hz, 20)
			if i == j {
				h.own = max(h.own, a)
			} else {
				a = p.loudness(q.hz)
				h.quietest, h.loudest = min(h.quietest, a), max(h.loudest, a)
			}
			if i == j && a > himself(p) || i != j && (a < truthAmplitude/3 || a > truthAmplitude*2) {
				h.t.Errorf("%v: %s of %g Hz hears %g Hz with %.0f, it was said with %d", at, p.formats[0].Name, p.hz, q.hz, a, truthAmplitude)
			}
		}
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

func (h *hall) report() {
	h.t.Helper()
	h.reportDelay("delay as heard", h.delays)
	h.reportDelay("jitter buffers", h.depths)
	if h.witness == nil && len(h.machine.worst) > 0 {
		h.t.Errorf("in fake time something was late, by so much in each second: %v", h.machine.worst)
	}
	if n := len(all(h.delays)); h.unheard*20 > n || n == 0 {
		h.t.Errorf("%d silences were heard, %d were not", n, h.unheard)
	}
	h.reportPackets()
}

func (h *hall) reportPackets() {
	h.t.Helper()
	s := h.mixer.Stats()
	var late, concealed, recovered, lost uint64
	for _, m := range h.members {
		j := m.Stats().Jitter
		late, lost = late+j.Late, lost+j.Lost
		concealed, recovered = concealed+j.Concealed, recovered+j.Recovered
	}
	h.t.Logf("%v: others %.0f to %.0f, himself %.0f, of %d said; missed %d of %d ticks", h.length, h.quietest, h.loudest, h.own, truthAmplitude, s.Missed, s.Ticks)
	h.t.Logf("lost %d of %d; counted lost %d, concealed %d, recovered %d, late %d", h.lost, h.sent, lost, concealed, recovered, late)
	if h.witness != nil {
		h.witness.judge(s)
	} else if s.Missed > 0 {
		h.t.Errorf("%d ticks were missed in fake time", s.Missed)
	}
	if got := concealed + recovered; got < lost || got > lost+late {
		h.t.Errorf("%d were lost and %d late, %d were concealed or recovered", lost, late, got)
	}
	if off := math.Abs(float64(lost) - float64(h.lost)); off > 0.05*float64(h.lost)+40 {
		h.t.Errorf("%d were lost, %d were counted", h.lost, lost)
	}
}

func ExampleMixer_Stats() {
	m := New(Options{})
	fmt.Println(m.Stats().Rate, m.Stats().Members)
	m.Close()
	// Output: 8000 0
}
