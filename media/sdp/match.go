package sdp

import (
	"strings"

	"dialtone/media/codec"
)

// pair is one format as the far side and as we call it.
type pair struct{ theirs, ours codec.Format }

// match gives what an answer accepts of an offer: audio formats in our order or
// the offerer's, then the events and the comfort noise that go with them. Our
// payload types are still to be set.
func match(offered []codec.Format, l *Local) ([]pair, error) {
	wanted := l.audio()
	pairs := matchAudio(offered, wanted, l.FollowOffer)
	if len(pairs) == 0 {
		return nil, &NoCommonFormatError{Offered: offered, Wanted: wanted}
	}
	pairs = matchEvents(pairs, offered, l)
	for _, f := range l.Formats {
		f = canonical(f)
		if f.IsAudio() || isEvent(f) || !oursHaveClock(pairs, f.Clock) {
			continue
		}
		if o, ok := same(offered, f); ok {
			pairs = addPair(pairs, pair{o, f})
		}
	}
	return pairs, nil
}

func matchAudio(offered, wanted []codec.Format, followOffer bool) []pair {
	var pairs []pair
	if followOffer {
		for _, o := range offered {
			if w, ok := same(wanted, o); ok {
				pairs = addPair(pairs, pair{o, answered(w, o)})
			}
		}
		return pairs
	}
	for _, w := range wanted {
		if o, ok := same(offered, w); ok {
			pairs = addPair(pairs, pair{o, answered(w, o)})
		}
	}
	return pairs
}

// answered gives w the parameters that the answer to o must have: G.729 without
// Annex B stays without it (RFC 7261 §3).
func answered(w, o codec.Format) codec.Format {
	const without = "annexb=no"
	if w.Name == codec.G729.Name && strings.Contains(strings.ToLower(o.Fmtp), without) {
		w.Fmtp = without
	}
	return w
}

// matchEvents adds telephone-event at the clocks of the audio (RFC 4733 §2.1), or,
// for phones that know it at one clock only, whatever is offered.
func matchEvents(pairs []pair, offered []codec.Format, l *Local) []pair {
	audio := pairs[:clocked(l.WebRTC, pairs)]
	audible := len(pairs)
	add := func(clock int) {
		e, wanted := l.event(clock)
		o, ok := same(offered, e)
		if wanted && ok {
			pairs = addPair(pairs, pair{o, e})
		}
	}
	for _, p := range audio {
		add(p.ours.Clock)
	}
	for _, o := range offered {
		if isEvent(o) && len(pairs) == audible {
			add(o.Clock)
		}
	}
	return pairs
}

func oursHaveClock(pairs []pair, clock int) bool {
	for _, p := range pairs {
		if p.ours.Clock == clock {
			return true
		}
	}
	return false
}

func addPair(pairs []pair, p pair) []pair {
	for _, q := range pairs {
		if q.ours.Same(p.ours) {
			return pairs
		}
	}
	return append(pairs, p)
}

// split gives both sides of pairs.
func split(pairs []pair) (theirs, ours []codec.Format) {
	theirs = make([]codec.Format, len(pairs))
	ours = make([]codec.Format, len(pairs))
	for i, p := range pairs {
		theirs[i], ours[i] = p.theirs, p.ours
	}
	return theirs, ours
}
