package record

import (
	"slices"
	"testing"
	"time"
)

// What a conference gives for a moment after a pause was said in it.
func TestPausesOfConferences(t *testing.T) {
	const after = int(Lag / tick)
	for _, test := range []struct {
		name   string
		events map[int]func(*Mono) bool // before a frame
		left   [][2]int                 // out: from the first to the one before the last
		pauses []Span
	}{
		{"none", nil, nil, nil},
		{
			"one",
			map[int]func(*Mono) bool{50: (*Mono).Pause, 60: (*Mono).Resume},
			[][2]int{{50, 60 + after}},
			[]Span{{time.Second, time.Duration(10+after) * tick}},
		},
		{
			"two that meet",
			map[int]func(*Mono) bool{10: (*Mono).Pause, 20: (*Mono).Resume, 25: (*Mono).Pause, 30: (*Mono).Resume},
			[][2]int{{10, 30 + after}},
			[]Span{{10 * tick, time.Duration(20+after) * tick}},
		},
		{"to the end", map[int]func(*Mono) bool{90: (*Mono).Pause}, [][2]int{{90, 100}}, []Span{{90 * tick, 10 * tick}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			disk := &file{channels: 1}
			m := StartMono(disk, Rate, 0)
			var want []int16
			for n := range 100 {
				if do := test.events[n]; do != nil && (!do(m) || do(m)) {
					t.Errorf("the order before frame %d is not new, or is so again", n)
				}
				m.Frame(slices.Repeat([]int16{int16(n)}, samples))
				if !slices.ContainsFunc(test.left, func(l [2]int) bool { return l[0] <= n && n < l[1] }) {
					want = append(want, int16(n))
				}
			}
			r := m.Stop()
			var got []int16
			for frame := range slices.Chunk(disk.pcm, samples) {
				got = append(got, frame[0])
			}
			if !slices.Equal(got, want) || !slices.Equal(r.Pauses, test.pauses) || r.Length != time.Duration(len(want))*tick {
				t.Errorf("there is %v, %+v\nwant %v, pauses %v", got, r, want, test.pauses)
			}
		})
	}
}
