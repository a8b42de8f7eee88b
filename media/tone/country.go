package tone

import (
	"slices"
	"strings"
	"time"
)

// The names of tones (ITU-T E.182).
const (
	Dial       = "dial"
	Ringback   = "ringback"
	Busy       = "busy"
	Congestion = "congestion"
	Special    = "special" // the special information tone: three notes that rise
)

// national are the tones of a country, as ITU-T lists them (E.180 supplement 2). Each
// is written as frequencies and how long they are on, off, on ... in milliseconds: a
// tone without times does not end.
type national struct {
	country                          string
	dial, ringback, busy, congestion string
}

// elsewhere is for countries that are not in the table: what E.180 recommends.
var elsewhere = national{"", "425", "425 1000 4000", "425 500 500", "425 250 250"}

// nationals are sorted by country.
var nationals = [...]national{
	{"AT", "420", "420 1000 5000", "420 400 400", "420 200 200"},
	{"AU", "413+438", "413+438 400 200 400 2000", "425 375 375", "425 375 375"},
	{"BE", "425", "425 1000 3000", "425 500 500", "425 167 167"},
	{"BG", "425", "425 1000 4000", "425 500 500", "425 250 250"},
	{"BR", "425", "425 1000 4000", "425 250 250", "425 250 250 750 250"},
	{"CA", "350+440", "440+480 2000 4000", "480+620 500 500", "480+620 250 250"},
	{"CH", "425", "425 1000 4000", "425 500 500", "425 200 200"},
	{"CN", "450", "450 1000 4000", "450 350 350", "450 700 700"},
	{"CZ", "425 330 330 660 660", "425 1000 4000", "425 330 330", "425 165 165"},
	{"DE", "425", "425 1000 4000", "425 480 480", "425 240 240"},
	{"DK", "425", "425 1000 4000", "425 500 500", "425 200 200"},
	{"EE", "425", "425 1000 4000", "425 300 300", "425 200 200"},
	{"ES", "425", "425 1500 3000", "425 200 200", "425 200 200 200 200 200 600"},
	{"FI", "425", "425 1000 4000", "425 300 300", "425 200 200"},
	{"FR", "440", "440 1500 3500", "440 500 500", "440 250 250"},
	{"GB", "350+440", "400+450 400 200 400 2000", "400 375 375", "400 400 350 225 525"},
	{"GR", "425 200 300 700 800", "425 1000 4000", "425 300 300", "425 200 200"},
	{"HU", "425", "425 1250 3750", "425 300 300", "425 300 300"},
	{"IE", "425", "400+450 400 200 400 2000", "425 500 500", "425 500 500"},
	{"IL", "414", "414 1000 3000", "414 500 500", "414 250 250"},
	{"IN", "375+425", "375+425 400 200 400 2000", "400 750 750", "400 250 250"},
	{"IT", "425 200 200 600 1000", "425 1000 4000", "425 500 500", "425 200 200"},
	{"JP", "400", "385+415 1000 2000", "400 500 500", "400 500 500"},
	{"LT", "425", "425 1000 4000", "425 350 350", "425 200 200"},
	{"LU", "425", "425 1000 4000", "425 480 480", "425 240 240"},
	{"MX", "425", "425 1000 4000", "425 250 250", "425 250 250"},
	{"NL", "425", "425 1000 4000", "425 500 500", "425 250 250"},
	{"NO", "425", "425 1000 4000", "425 500 500", "425 200 200"},
	{"NZ", "400", "400+450 400 200 400 2000", "400 500 500", "400 250 250"},
	{"PL", "425", "425 1000 4000", "425 500 500", "425 500 500"},
	{"PT", "425", "425 1000 5000", "425 500 500", "425 200 200"},
	{"RU", "425", "425 800 3200", "425 350 350", "425 175 175"},
	{"SE", "425", "425 1000 5000", "425 250 250", "425 250 750"},
	{"SG", "425", "401+425 400 200 400 2000", "425 750 750", "425 250 250"},
	{"US", "350+440", "440+480 2000 4000", "480+620 500 500", "480+620 250 250"},
	{"ZA", "400+433", "400+433 400 200 400 2000", "400 500 500", "400 250 250"},
}

// levels are those of a tone as a whole: E.180 wants -10 dBm0, 5 more or less.
const levelOfAll = -13.0

// Names are the tones that Named knows: those of a country, and those to measure
// with.
func Names() []string {
	return []string{Dial, Ringback, Busy, Congestion, Special, "milliwatt", "sweep", "silence"}
}

// Countries are those whose tones are known, as two letters (ISO 3166).
func Countries() []string {
	out := make([]string, len(nationals))
	for i, n := range nationals {
		out[i] = n.country
	}
	return out
}

// Named gives the tone of that name as it sounds in country; what is not known of a
// country is as E.180 recommends. False when there is no tone of that name.
func Named(name, country string) (Tone, bool) {
	n := elsewhere
	if i, ok := slices.BinarySearchFunc(nationals[:], strings.ToUpper(country), func(n national, c string) int { return strings.Compare(n.country, c) }); ok {
		n = nationals[i]
	}
	switch name {
	case Dial:
		return parse(n.dial), true
	case Ringback:
		return parse(n.ringback), true
	case Busy:
		return parse(n.busy), true
	case Congestion:
		return parse(n.congestion), true
	case Special:
		return special(), true
	case "milliwatt":
		return Milliwatt(), true
	case "sweep":
		return Sweep(), true
	case "silence":
		return Silence(), true
	}
	return Tone{}, false
}

// special is the same in all countries: 950, 1400 and 1800 Hz, a third of a second
// each (E.180 §6).
func special() Tone {
	var t Tone
	for _, hz := range [...]float64{950, 1400, 1800} {
		t.Parts = append(t.Parts, Part{Sines: []Sine{{Hz: hz, Level: levelOfAll}}, For: 330 * time.Millisecond})
	}
	t.Parts = append(t.Parts, Part{For: time.Second})
	return t
}
