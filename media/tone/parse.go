package tone

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// parse reads a tone of the table; a test reads all of them.
func parse(s string) Tone {
	words := strings.Fields(s)
	var sines []Sine
	for hz := range strings.SplitSeq(words[0], "+") {
		f, _ := strconv.ParseFloat(hz, 64)
		sines = append(sines, Sine{Hz: f})
	}
	for i := range sines { // together they are as loud as all should be
		sines[i].Level = levelOfAll - 10*math.Log10(float64(len(sines)))
	}
	if len(words) == 1 {
		return Tone{Parts: []Part{{Sines: sines}}}
	}
	var t Tone
	for i, word := range words[1:] {
		ms, _ := strconv.Atoi(word)
		p := Part{For: time.Duration(ms) * time.Millisecond}
		if i%2 == 0 {
			p.Sines = sines
		}
		t.Parts = append(t.Parts, p)
	}
	return t
}
