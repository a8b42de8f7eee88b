package pattern

import (
	"iter"
	"math/bits"
	"slices"
)

// Set finds, among many patterns in order, those that match a number. It keeps a
// column of bits per position and character, one bit for each pattern, so that 64
// patterns are decided at once and the first in order comes out first. The time
// grows with (patterns / 64) x (length of the number), whatever the patterns are;
// patterns of one number alone are looked up instead. Each regular expression
// whose beginning fits is tried on its own.
//
// A Set does not change and may be used by any number of goroutines.
type Set struct {
	patterns []Pattern
	literals map[string][]int32 // by number: the indexes, ascending
	wide     []int32            // by bit: the index of a pattern that is no literal
	lengths  []column           // by length of the number: the patterns that allow it
	longer   column             // those that allow any length beyond
	columns  []position
}

// column has a bit for each of Set.wide.
type column []uint64

// position is what the patterns allow at one position of the number.
type position struct {
	of [256]column // nil: only those of open
	// open are the patterns that ended before, with a tail.
	open column
}

// NewSet makes a Set of patterns; their places in the slice are the indexes.
func NewSet(patterns []Pattern) *Set {
	s := &Set{patterns: slices.Clone(patterns), literals: map[string][]int32{}}
	longest := 0
	for i, p := range s.patterns {
		if p.source == "" {
			continue
		}
		if number, ok := p.Literal(); ok {
			s.literals[number] = append(s.literals[number], int32(i))
			continue
		}
		s.wide = append(s.wide, int32(i))
		sets, _ := p.fixed()
		longest = max(longest, len(sets))
	}
	s.columns = make([]position, longest)
	s.lengths = make([]column, longest+1)
	s.longer = s.column()
	for n := range s.lengths {
		s.lengths[n] = s.column()
	}
	for at := range s.columns {
		s.columns[at].open = s.column()
	}
	for bit := range s.wide {
		s.enter(bit)
	}
	for at := range s.columns {
		s.columns[at].addOpen()
	}
	return s
}

func (s *Set) column() column { return make(column, (len(s.wide)+63)/64) }

func (c column) set(bit int) { c[bit>>6] |= 1 << (bit & 63) }

// enter writes the bits of one pattern.
func (s *Set) enter(bit int) {
	sets, open := s.patterns[s.wide[bit]].fixed()
	for at := range sets {
		if sets[at] == anyByte() {
			s.columns[at].open.set(bit)
			continue
		}
		for c := range 256 {
			if !sets[at].has(byte(c)) {
				continue
			}
			if s.columns[at].of[c] == nil {
				s.columns[at].of[c] = s.column()
			}
			s.columns[at].of[c].set(bit)
		}
	}
	s.lengths[len(sets)].set(bit)
	if !open {
		return
	}
	s.longer.set(bit)
	for at := len(sets); at < len(s.columns); at++ {
		s.columns[at].open.set(bit)
		s.lengths[at+1].set(bit)
	}
}

// addOpen adds the patterns that allow anything here to each character's column.
func (p *position) addOpen() {
	for c := range p.of {
		for i := range p.of[c] {
			p.of[c][i] |= p.open[i]
		}
	}
}

// Len is the number of patterns.
func (s *Set) Len() int { return len(s.patterns) }

// First finds the first pattern, in order, that matches number.
func (s *Set) First(number string) (index int, m Match, ok bool) {
	return s.Next(number, 0)
}

// Next finds the first pattern at index from or behind it that matches number.
func (s *Set) Next(number string, from int) (index int, m Match, ok bool) {
	if len(number) > MaxNumber {
		return 0, Match{}, false
	}
	limit := len(s.patterns)
	exact := s.literals[number]
	if at, _ := slices.BinarySearch(exact, int32(max(from, 0))); at < len(exact) {
		limit = int(exact[at])
	}
	if index, m, ok := s.nextWide(number, from, limit); ok {
		return index, m, true
	}
	return limit, Match{}, limit < len(s.patterns)
}

// All gives every pattern that matches number, in order.
func (s *Set) All(number string) iter.Seq2[int, Match] {
	return func(yield func(int, Match) bool) {
		for from := 0; ; {
			index, m, ok := s.Next(number, from)
			if !ok || !yield(index, m) {
				return
			}
			from = index + 1
		}
	}
}

// nextWide looks among the patterns that are no literals, from index from up to,
// but without, index limit.
func (s *Set) nextWide(number string, from, limit int) (int, Match, bool) {
	start, _ := slices.BinarySearch(s.wide, int32(max(from, 0)))
	end, _ := slices.BinarySearch(s.wide, int32(limit))
	if start >= end {
		return 0, Match{}, false
	}
	var rows [MaxPositions + 2]column
	columns := s.rows(rows[:0], number)
	for w := start >> 6; w<<6 < end; w++ {
		word := ^uint64(0)
		if w == start>>6 {
			word <<= start & 63
		}
		for i := 0; i < len(columns) && word != 0; i++ {
			word &= columns[i][w]
		}
		for ; word != 0; word &= word - 1 {
			bit := w<<6 + bits.TrailingZeros64(word)
			if bit >= end {
				return 0, Match{}, false
			}
			index := int(s.wide[bit])
			if m, ok := s.patterns[index].Match(number); ok {
				return index, m, true
			}
		}
	}
	return 0, Match{}, false
}

// rows collects the columns that have to agree on a pattern.
func (s *Set) rows(rows []column, number string) []column {
	if len(number) < len(s.lengths) {
		rows = append(rows, s.lengths[len(number)])
	} else {
		rows = append(rows, s.longer)
	}
	for at := range min(len(number), len(s.columns)) {
		p := &s.columns[at]
		if c := p.of[number[at]]; c != nil {
			rows = append(rows, c)
		} else {
			rows = append(rows, p.open)
		}
	}
	return rows
}
