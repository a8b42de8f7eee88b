package jitter

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// What is steady is later by the same all the time, whatever the clocks and the network
// do.
func TestSteadyDelayIsTheSame(t *testing.T) {
	const delay, tick = 200 * time.Millisecond, 20 * time.Millisecond
	length := 10 * time.Minute
	if raceDetector {
		length = time.Minute
	}
	for _, ppm := range []float64{0, 100, -100, 500, -500} {
		for _, rate := range []int{8000, 16000} {
			t.Run(fmt.Sprintf("%+.0f ppm at %d Hz", ppm, rate), func(t *testing.T) {
				tr := &trace{
					rate: rate, length: length, ppm: ppm, jitter: uniform(40 * time.Millisecond), sample: clock(rate),
					o: Options{Min: delay, Max: delay, Steady: true},
				}
				// What the fastest packet is, is known of the last seconds.
				off := 3*time.Millisecond + time.Duration(2*fastestOf.Seconds()*math.Abs(ppm))*time.Microsecond
				d := &delays{t: tr, from: 150}
				tr.each = d.each
				s := tr.run(t).Stats()
				t.Logf("delay %v to %v, %+v", d.least, d.worst, s)
				if d.least < delay+tick-off || d.worst > delay+tick+off {
					t.Errorf("the delay went from %v to %v, want %v", d.least, d.worst, delay+tick)
				}
				if s.Late+s.Concealed > 0 {
					t.Errorf("%d late, %d concealed", s.Late, s.Concealed)
				}
			})
		}
	}
}

func TestNudgesDoNotClick(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, ppm := range []float64{400, -400} {
			c := newClicks(rate, 437)
			tr := &trace{
				rate: rate, length: time.Minute, ppm: ppm, jitter: uniform(5 * time.Millisecond), each: c.each,
				o: Options{Min: 100 * time.Millisecond, Max: 100 * time.Millisecond, Steady: true},
			}
			s := tr.run(t).Stats()
			if s.Stretched+s.Squeezed < 20*time.Millisecond {
				t.Errorf("%d Hz, %v ppm: the speed was not changed", rate, ppm)
			}
			if c.worst > 150 {
				t.Errorf("%d Hz, %v ppm: a step of %.0f at %v", rate, ppm, c.worst, c.at)
			}
		}
	}
}
