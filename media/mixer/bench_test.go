package mixer

import (
	"fmt"
	"math"
	"testing"
	"time"

	"dialtone/media/codec"
)

func sine(n, rate int, hz float64) int16 {
	return int16(math.Round(3000 * math.Sin(2*math.Pi*hz*float64(n)/float64(rate))))
}

// stage is a conference whose ticks are made by hand.
func stage(tb testing.TB, speakers, listeners int, noisy bool, formats ...codec.Format) (tick func()) {
	tb.Helper()
	m := newMixer(Options{})
	now := time.Now()
	var phones []*phone
	for i := range speakers + listeners {
		loud := 3000.0
		if i >= speakers {
			loud = 20 // a room in which nobody speaks
		}
		p := newPhone(tb, formats[i%len(formats)], 300+100*float64(i%20), loud, 50)
		p.deaf = true
		m.Add(p, MemberOptions{})
		if i < speakers || noisy {
			phones = append(phones, p)
		}
	}
	tb.Cleanup(m.tick.end)
	return func() {
		for _, p := range phones {
			p.in.Arrived = now
			p.say(p.sent%33 == 7 && !p.formats[0].Same(codec.Opus))
		}
		now = now.Add(Tick)
		m.tick.do(now)
	}
}

func TestTicksAllocateNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	for _, formats := range [][]codec.Format{{codec.PCMU, codec.PCMA}, {codec.G722, codec.PCMU}, {codec.Opus, codec.PCMU}} {
		tick := stage(t, 3, 10, true, formats...)
		for range 200 {
			tick()
		}
		if a := testing.AllocsPerRun(150, tick); a != 0 {
			t.Errorf("%v: %v allocations a tick", formats, a)
		}
	}
}

func BenchmarkTick(b *testing.B) {
	for _, c := range []struct {
		name    string
		noisy   bool // listeners send what their rooms sound like
		formats []codec.Format
	}{
		{"G711", false, []codec.Format{codec.PCMU, codec.PCMA}},
		{"G711 and all send", true, []codec.Format{codec.PCMU, codec.PCMA}},
		{"mixed", false, []codec.Format{codec.PCMU, codec.PCMA, codec.G722, codec.Opus}},
	} {
		for _, listeners := range []int{10, 50, 100, 200, 500} {
			b.Run(fmt.Sprintf("%s/3+%d", c.name, listeners), func(b *testing.B) {
				tick := stage(b, 3, listeners, c.noisy, c.formats...)
				for range 100 {
					tick()
				}
				b.ReportAllocs()
				b.ResetTimer()
				for b.Loop() {
					tick()
				}
				b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(Tick)*100, "%core")
			})
		}
	}
}
