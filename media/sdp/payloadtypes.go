package sdp

import (
	"errors"

	"dialtone/media/codec"
)

var errNoPayloadType = errors.New("sdp: no payload type is free for another format in this session")

// payloadTypes are the payload types that our descriptions gave to formats: one
// that was given never means another format in this session (RFC 3264 §8.3.2).
// The latest use of each format stands last.
type payloadTypes []codec.Format

// claim gives pt to f, unless it belongs to another format.
func (t *payloadTypes) claim(pt uint8, f codec.Format) bool {
	f.PT, f.Fmtp = pt, ""
	for i, g := range *t {
		if g.PT != pt {
			continue
		}
		if !g.Same(f) {
			return false
		}
		*t = append((*t)[:i], (*t)[i+1:]...)
		break
	}
	*t = append(*t, f)
	return true
}

// latest is what f was called last.
func (t payloadTypes) latest(f codec.Format) (uint8, bool) {
	for i := len(t) - 1; i >= 0; i-- {
		if t[i].Same(f) {
			return t[i].PT, true
		}
	}
	return 0, false
}

// wish gives f what it was called before, its static payload type or the one
// that it came with, when that is free.
func (t *payloadTypes) wish(f codec.Format) (uint8, bool) {
	if pt, ok := t.latest(f); ok {
		return pt, t.claim(pt, f)
	}
	for _, s := range [...]codec.Format{codec.PCMU, codec.GSM, codec.PCMA, codec.G722, codec.CN, codec.G729} {
		if s.Same(f) {
			return s.PT, t.claim(s.PT, f)
		}
	}
	if _, static := codec.Static(f.PT); static || f.PT > 127 || f.PT >= 64 && f.PT < 96 {
		return 0, false // 64 to 95 look like RTCP when it shares the port (RFC 5761 §4)
	}
	return f.PT, t.claim(f.PT, f)
}

// free gives f a dynamic payload type (RFC 3551 §3) that nobody has.
func (t *payloadTypes) free(f codec.Format) (uint8, bool) {
	for _, r := range [...][2]uint8{{96, 127}, {35, 63}} {
		for pt := r[0]; pt <= r[1]; pt++ {
			if !t.taken(pt) {
				return pt, t.claim(pt, f)
			}
		}
	}
	return 0, false
}

func (t payloadTypes) taken(pt uint8) bool {
	for _, g := range t {
		if g.PT == pt {
			return true
		}
	}
	return false
}

// assign sets the payload types of an offer.
func (t *payloadTypes) assign(fs []codec.Format) error {
	done := make([]bool, len(fs))
	for i, f := range fs {
		fs[i].PT, done[i] = t.wish(f)
	}
	for i, f := range fs {
		if done[i] {
			continue
		}
		pt, ok := t.free(f)
		if !ok {
			return errNoPayloadType
		}
		fs[i].PT = pt
	}
	return nil
}

// follow sets the payload types of an answer: those that the offerer uses, so
// that both directions use the same (RFC 3264 §6.1), or others where these mean
// something else here.
func (t *payloadTypes) follow(pairs []pair) error {
	done := make([]bool, len(pairs))
	for i := range pairs {
		p := &pairs[i]
		p.ours.PT = p.theirs.PT
		done[i] = t.claim(p.ours.PT, p.ours)
	}
	for i := range pairs {
		if done[i] {
			continue
		}
		f := &pairs[i].ours
		var ok bool
		if f.PT, ok = t.latest(*f); ok && t.claim(f.PT, *f) {
			continue
		}
		if f.PT, ok = t.free(*f); !ok {
			return errNoPayloadType
		}
	}
	return nil
}
