package pattern

import "cmp"

// Covers reports whether p matches every number that q matches, so that q behind
// p in a list is never reached. It is exact for plain patterns. Where a regular
// expression takes part true is always right, but false may mean "not known".
func (p Pattern) Covers(q Pattern) bool {
	switch {
	case q.source == "":
		return true
	case p.source == "":
		return false
	case p.source == q.source:
		return true
	}
	if p.re == nil {
		return p.covers(&q.shape)
	}
	if number, ok := q.Literal(); ok {
		_, matches := p.Match(number)
		return matches
	}
	return false
}

// Overlaps reports whether some number is matched by both p and q. It is exact
// for plain patterns. Where a regular expression takes part true is always right,
// but false may mean "not known".
func (p Pattern) Overlaps(q Pattern) bool {
	_, ok := p.Common(q)
	return ok
}

// Common gives a number that both p and q match, for messages. It finds one
// whenever there is one for plain patterns; see [Pattern.Overlaps].
func (p Pattern) Common(q Pattern) (number string, ok bool) {
	if p.source == "" || q.source == "" {
		return "", false
	}
	both, ok := p.common(&q.shape)
	if !ok {
		return "", false
	}
	candidates := []string{both.example()}
	if p.re != nil || q.re != nil {
		candidates = append(candidates, p.Example(), q.Example())
	}
	for _, number := range candidates {
		if _, ok := p.Match(number); !ok {
			continue
		}
		if _, ok := q.Match(number); ok {
			return number, true
		}
	}
	return "", false
}

// Compare orders patterns from the narrow to the wide: negative when p is to be
// tried before q by one who wants the narrowest first. Position by position the
// pattern that allows fewer characters is the narrower one, as in Asterisk;
// "." is wider than any character, "!" is wider than ".", and a regular
// expression comes after the plain pattern of its shape.
func (p Pattern) Compare(q Pattern) int {
	for i := range max(len(p.positions), len(q.positions)) + 1 {
		if c := cmp.Compare(p.width(i), q.width(i)); c != 0 {
			return c
		}
	}
	switch {
	case p.re == nil && q.re != nil:
		return -1
	case p.re != nil && q.re == nil:
		return 1
	}
	return 0
}

// width is how much a shape allows at position i: a longer pattern without a
// tail is as narrow as its positions, and the end of it narrower than any.
func (s *shape) width(i int) int {
	switch {
	case i < len(s.positions):
		return s.positions[i].size()
	case s.tail == tailSome && i == len(s.positions):
		return 257
	case s.tail == tailNone:
		return 0
	}
	return 258
}

// fixed is the positions with the one that "." demands, and whether anything may
// follow them.
func (s *shape) fixed() (sets []byteSet, open bool) {
	if s.tail != tailSome {
		return s.positions, s.tail == tailAny
	}
	return append(s.positions[:len(s.positions):len(s.positions)], anyByte()), true
}

// covers reports whether each number of shape t is one of s. No position is
// empty, so comparing position by position decides it.
func (s *shape) covers(t *shape) bool {
	mine, open := s.fixed()
	theirs, theirsOpen := t.fixed()
	if len(theirs) < len(mine) || !open && (theirsOpen || len(theirs) > len(mine)) {
		return false
	}
	for i := range mine {
		if !theirs[i].within(&mine[i]) {
			return false
		}
	}
	return true
}

// common is the shape of the numbers that are in both s and t, and whether there
// are any.
func (s *shape) common(t *shape) (both shape, ok bool) {
	short, shortOpen := s.fixed()
	long, longOpen := t.fixed()
	if len(short) > len(long) {
		short, shortOpen, long, longOpen = long, longOpen, short, shortOpen
	}
	if len(short) < len(long) && !shortOpen {
		return shape{}, false
	}
	both.positions = append(both.positions, long...)
	for i := range short {
		both.positions[i] = short[i].and(&long[i])
		if both.positions[i].empty() {
			return shape{}, false
		}
	}
	if shortOpen && longOpen {
		both.tail = tailAny
	}
	return both, true
}
