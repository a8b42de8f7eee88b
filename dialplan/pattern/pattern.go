package pattern

import (
	"regexp"
	"strings"
)

const (
	// MaxNumber is the length of the longest number that can match, in bytes.
	MaxNumber = 255
	// MaxSource is the length of the longest pattern, in characters.
	MaxSource = 255
)

// tail is what may follow the positions of a plain pattern.
type tail uint8

const (
	tailNone tail = iota // nothing
	tailSome             // "." one character or more
	tailAny              // "!" any characters, or none
)

// Pattern is one parsed pattern. It does not change and may be used by any
// number of goroutines. The zero Pattern matches nothing.
type Pattern struct {
	source string
	// shape is, for a plain pattern, exactly the numbers it matches; for a
	// regular expression it is a wider shape that holds all of them.
	shape
	re      *regexp.Regexp // nil: a plain pattern
	example string         // of a regular expression
}

// shape is a row of positions and what may follow them.
type shape struct {
	positions []byteSet
	tail      tail
}

// Match is what a pattern found in a number.
type Match struct {
	// Rest is what a trailing "." or "!" stood for.
	Rest string
	// Groups are the named groups of a regular expression, in its order; a group
	// that took no part has the value "".
	Groups []Group
}

// Group is a named group of a regular expression and what it matched.
type Group struct {
	Name, Value string
}

// Group gives the value of the named group, and whether there is such a group.
func (m Match) Group(name string) (value string, ok bool) {
	for _, g := range m.Groups {
		if g.Name == name {
			return g.Value, true
		}
	}
	return "", false
}

// String gives back the pattern as it was written.
func (p Pattern) String() string { return p.source }

// IsRegexp reports whether p is a regular expression.
func (p Pattern) IsRegexp() bool { return p.re != nil }

// GroupNames are the names of the groups of a regular expression, in its order.
func (p Pattern) GroupNames() []string {
	if p.re == nil {
		return nil
	}
	var names []string
	for _, name := range p.re.SubexpNames() {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Match reports whether p matches the whole number, and what its rest and its
// groups stood for. It allocates for groups only.
func (p Pattern) Match(number string) (m Match, ok bool) {
	if p.source == "" || !p.holds(number) {
		return Match{}, false
	}
	if p.re == nil {
		if p.tail != tailNone {
			m.Rest = number[len(p.positions):]
		}
		return m, true
	}
	if p.re.NumSubexp() == 0 {
		return Match{}, p.re.MatchString(number)
	}
	at := p.re.FindStringSubmatchIndex(number)
	if at == nil {
		return Match{}, false
	}
	for i, name := range p.re.SubexpNames() {
		if name == "" {
			continue
		}
		value := ""
		if at[2*i] >= 0 {
			value = number[at[2*i]:at[2*i+1]]
		}
		m.Groups = append(m.Groups, Group{name, value})
	}
	return m, true
}

// Literal gives the one number that p matches, if it is only one and p is plain.
func (p Pattern) Literal() (number string, ok bool) {
	if p.source == "" || p.re != nil || p.tail != tailNone {
		return "", false
	}
	prefix := p.Prefix()
	return prefix, len(prefix) == len(p.positions)
}

// Prefix is what every number that p matches begins with; it may be empty.
func (p Pattern) Prefix() string {
	var b strings.Builder
	for i := range p.positions {
		if p.positions[i].size() != 1 {
			break
		}
		b.WriteByte(p.positions[i].first())
	}
	return b.String()
}

// Longer reports whether p may match a number that begins with the given one and is
// longer, but no longer than most. It is exact for plain patterns; of a regular
// expression true may mean "not known".
func (p Pattern) Longer(number string, most int) bool {
	if p.source == "" || len(number) >= most {
		return false
	}
	sets, open := p.fixed()
	if len(sets) > most || !open && len(sets) <= len(number) {
		return false
	}
	for i := range min(len(sets), len(number)) {
		if !sets[i].has(number[i]) {
			return false
		}
	}
	return true
}

// Numbers is how many numbers p matches, at most limit. Those that end with . or !
// and regular expressions match as many as there may be.
func (p Pattern) Numbers(limit int) int {
	if p.re != nil || p.tail != tailNone {
		return limit
	}
	n := 1
	for i := range p.positions {
		if n *= p.positions[i].size(); n >= limit {
			return limit
		}
	}
	return n
}

// Example is a number that p matches, for messages: the shortest, with digits
// where digits may be. It is empty when p matches the empty number, or is a
// regular expression for which none was found.
func (p Pattern) Example() string {
	if p.re != nil {
		return p.example
	}
	return p.shape.example()
}

// holds reports whether number fits the shape.
func (s *shape) holds(number string) bool {
	n := len(s.positions)
	switch {
	case len(number) > MaxNumber, len(number) < n:
		return false
	case s.tail == tailNone && len(number) != n, s.tail == tailSome && len(number) == n:
		return false
	}
	for i := range s.positions {
		if !s.positions[i].has(number[i]) {
			return false
		}
	}
	return true
}

func (s *shape) example() string {
	sets := s.positions
	if s.tail == tailSome {
		sets = append(sets[:len(sets):len(sets)], anyByte())
	}
	b := make([]byte, len(sets))
	for i := range sets {
		b[i] = pick(&sets[i], i)
	}
	return string(b)
}

// pick takes a readable member of a set that is not empty: 1, 2, 3... along the
// number where those are allowed, or else another digit, or else a letter.
func pick(set *byteSet, at int) byte {
	if c := byte('0' + (at+1)%10); set.has(c) {
		return c
	}
	for _, readable := range []byteSet{span('1', '9'), span('0', '9'), span('a', 'z'), span('!', '~')} {
		if both := set.and(&readable); !both.empty() {
			return both.first()
		}
	}
	return set.first()
}
