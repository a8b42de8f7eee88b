package corpus

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/internal/testphone"
	"dialtone/media/tone"
	"dialtone/plantest"
)

const (
	own    = 3100.0 // what callers say, so that an echo is known as one
	others = 3250.0 // what all say whom the caller hears in a conference, and else the first of the calls before

	purity = 0.5 // part of the energy that a timbre has
)

// timbre is how something sounds that has a name: frequencies in Hertz, all at the
// same time.
type timbre struct {
	name string
	hz   []float64
	lead time.Duration // for how long it is silent in the beginning
}

// in reports whether pcm sounds so.
func (s timbre) in(pcm []int16) bool {
	sum := 0.0
	for _, hz := range s.hz {
		share := testphone.Share(pcm, hz)
		if share < purity/float64(2*len(s.hz)) {
			return false
		}
		sum += share
	}
	return sum > purity
}

// timbres are those that may be heard, with the names that expectations use.
func (s *scene) timbres(actors []*actor) []timbre {
	out := []timbre{{name: "echo", hz: []float64{own}}}
	if s.hears(inConference) {
		out = append(out, timbre{name: inConference, hz: []float64{others}})
	}
	for i, c := range s.test.Before {
		out = append(out, timbre{name: c.From.Value, hz: []float64{s.saying(i)}})
	}
	for _, a := range actors {
		out = append(out, timbre{name: a.label, hz: []float64{a.hz}})
	}
	for _, p := range s.tapes {
		out = append(out, timbre{recording + p.name, []float64{p.hz}, p.lead})
	}
	for _, m := range s.virtual.Heard {
		if !slices.ContainsFunc(out, func(t timbre) bool { return t.name == m.What }) {
			out = append(out, s.signal(m.What)...)
		}
	}
	return out
}

// hears reports whether the caller of a test hears something.
func (s *scene) hears(what string) bool {
	return slices.ContainsFunc(s.virtual.Heard, func(m plantest.Moment) bool { return m.What == what })
}

// saying is what the caller of one of the calls before says.
func (s *scene) saying(i int) float64 {
	if s.hears(inConference) {
		return others
	}
	return others + spacing*float64(i)
}

// signal is how a tone sounds that Dialtone makes; none for what is no tone.
func (s *scene) signal(name string) (out []timbre) {
	var hz float64
	if n, _ := fmt.Sscanf(name, "tone %g Hz", &hz); n == 1 {
		return []timbre{{name: name, hz: []float64{hz}}}
	}
	t, _ := tone.Named(strings.TrimPrefix(name, "tone "), s.suite.Config.Site.Country)
	for _, p := range t.Parts {
		var chord []float64
		for _, sine := range p.Sines {
			chord = append(chord, sine.Hz)
		}
		if len(chord) > 0 {
			out = append(out, timbre{name: name, hz: chord})
		}
	}
	return out
}

const (
	inConference = "conference" // the others in a room
	recording    = "file "      // a file that is played
	sound        = "music"      // what is no timbre: music, or a text that is said
	beep         = "/tone/beep" // ends the greeting of a mailbox, which is said
)

// audible is what the name of something heard comes down to, for who does not
// know what music and texts sound like.
func audible(what string) string {
	if strings.HasPrefix(what, "say ") || strings.HasPrefix(what, "music ") || strings.HasSuffix(what, beep) {
		return sound
	}
	return what
}

const (
	// fleeting is of what may count as heard, or may not.
	fleeting = 80 * time.Millisecond
	lasting  = 240 * time.Millisecond // of what does
)

// heard is what was to be heard. What was so short that it may be missed counts as
// heard when got is right then.
func (s *scene) heard(got []string) []string {
	var all, sure []string
	for _, m := range onTop(s.virtual.Heard) {
		lasted := m.For
		for _, p := range s.tapes {
			if m.What == recording+p.name {
				lasted -= p.lead
			}
		}
		if strings.HasPrefix(m.What, "tone ") && len(s.signal(m.What)) == 0 {
			continue // a signal within what the others in a conference say
		}
		if lasted >= lasting {
			sure = append(sure, audible(m.What))
		}
		if lasted >= fleeting {
			all = append(all, audible(m.What))
		}
	}
	if all = slices.Compact(all); slices.Equal(all, got) {
		return all
	}
	return slices.Compact(sure)
}

// onTop are moments of which none is within another: what goes on meanwhile is heard
// again afterwards.
func onTop(list []plantest.Moment) (out []plantest.Moment) {
	var edges []time.Duration
	for _, m := range list {
		edges = append(edges, m.After, m.After+m.For)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	for i := range len(edges) - 1 {
		for _, m := range slices.Backward(list) { // the last one that began
			if m.After > edges[i] || m.After+m.For <= edges[i] {
				continue
			}
			if n := len(out); n > 0 && out[n-1].What == m.What && out[n-1].After+out[n-1].For == edges[i] && m.After < edges[i] {
				out[n-1].For += edges[i+1] - edges[i]
			} else {
				out = append(out, plantest.Moment{What: m.What, After: edges[i], For: edges[i+1] - edges[i]})
			}
			break
		}
	}
	return out
}
