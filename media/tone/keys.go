package tone

import (
	"strings"
	"time"
)

// Keypad are the keys that there are, in the order of their codes (RFC 4733 §3.2).
const Keypad = "0123456789*#ABCD"

// grid are the keys by row and column (Q.23).
const grid = "123A456B789C*0#D"

var (
	rows    = [4]float64{697, 770, 852, 941}
	columns = [4]float64{1209, 1336, 1477, 1633}
)

// How loud keys are made: the higher tone is the louder one, because lines damp it
// more.
const (
	rowLevel    = -10.0
	columnLevel = -8.0
)

// Pair are the two frequencies of a key; false when there is no such key.
func Pair(key byte) (low, high float64, ok bool) {
	i := strings.IndexByte(grid, key)
	if i < 0 {
		return 0, 0, false
	}
	return rows[i/4], columns[i%4], true
}

// Keys are keys one after the other, each sounding for on with a pause of off behind
// it. A w is a pause of half a second, a W one of a second; what is no key is left
// out.
func Keys(keys string, on, off time.Duration) Tone {
	t := Tone{Once: true}
	for i := range len(keys) {
		switch key := keys[i]; key {
		case 'w':
			t.Parts = append(t.Parts, Part{For: 500 * time.Millisecond})
		case 'W':
			t.Parts = append(t.Parts, Part{For: time.Second})
		default:
			if low, high, ok := Pair(key); ok {
				t.Parts = append(t.Parts, Part{Sines: []Sine{{Hz: low, Level: rowLevel}, {Hz: high, Level: columnLevel}}, For: on}, Part{For: off})
			}
		}
	}
	return t
}
