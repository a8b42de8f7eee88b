package pattern

import "math/bits"

// byteSet is a set of bytes: what one position of a number may be.
type byteSet [4]uint64

func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *byteSet) addRange(from, to byte) {
	for c := int(from); c <= int(to); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) size() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// within reports whether every byte of s is one of t.
func (s *byteSet) within(t *byteSet) bool {
	for i := range s {
		if s[i]&^t[i] != 0 {
			return false
		}
	}
	return true
}

func (s *byteSet) and(t *byteSet) byteSet {
	return byteSet{s[0] & t[0], s[1] & t[1], s[2] & t[2], s[3] & t[3]}
}

func (s *byteSet) empty() bool { return *s == byteSet{} }

// first is the lowest byte of a set that is not empty.
func (s *byteSet) first() byte {
	for i, w := range s {
		if w != 0 {
			return byte(i*64 + bits.TrailingZeros64(w))
		}
	}
	return 0
}

func one(c byte) byteSet {
	var s byteSet
	s.add(c)
	return s
}

func span(from, to byte) byteSet {
	var s byteSet
	s.addRange(from, to)
	return s
}

func anyByte() byteSet {
	const all = ^uint64(0)
	return byteSet{all, all, all, all}
}
