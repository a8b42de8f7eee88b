package rtp

import (
	"strings"
	"time"
)

// impairment is how much a codec itself and its losses cost in the E-model: Ie
// and Bpl of ITU-T G.113 appendix I.
type impairment struct {
	name    string
	ie, bpl float64
}

var impairments = []impairment{
	{"PCMU", 0, 25.1},
	{"PCMA", 0, 25.1},
	{"G722", 0, 25.1},
	{"OPUS", 0, 25.1},
	{"G729", 11, 19},
	{"GSM", 20, 10},
}

// mos estimates how a listener rates a call, 1 to 4.5, by the E-model (ITU-T
// G.107) with default values: from the share of packets lost (0 to 1), the jitter
// that a buffer has to take away, and the round trip time.
func mos(codec string, loss float64, jitter, rtt time.Duration) float64 {
	const (
		best     = 93.2
		framing  = 25 * time.Millisecond
		sensible = 177.3 // ms from which on talkers notice the delay
	)
	delay := float64(rtt/2+2*jitter+framing) / float64(time.Millisecond)
	id := 0.024 * delay
	if delay > sensible {
		id += 0.11 * (delay - sensible)
	}
	i := impairmentOf(codec)
	ie := i.ie + (95-i.ie)*100*loss/(100*loss+i.bpl)
	r := min(max(best-id-ie, 0), 100)
	return min(max(1+0.035*r+r*(r-60)*(100-r)*7e-6, 1), 4.5)
}

func impairmentOf(codec string) impairment {
	for _, i := range impairments {
		if strings.EqualFold(i.name, codec) {
			return i
		}
	}
	return impairments[0]
}
