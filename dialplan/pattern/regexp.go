package pattern

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxRegexp bounds the parts of a regular expression once its repetitions are
// written out: the time to match a number grows with it.
const maxRegexp = 2000

// regexp reads /.../. Go's package is RE2: time is linear in the number.
func (p *parser) regexp() (Pattern, error) {
	n := len(p.runes)
	if n < 2 || p.runes[n-1] != '/' {
		return Pattern{}, p.fail(0, `the regular expression is not closed`, `add "/" at the end, or write \/ at the start if the character is meant`)
	}
	inner := string(p.runes[1 : n-1])
	if inner == "" {
		return Pattern{}, p.fail(0, "the regular expression is empty", "write it between the slashes, for example /^0[1-9].*$/")
	}
	tree, err := syntax.Parse(inner, syntax.Perl)
	if err != nil {
		return Pattern{}, p.regexpError(inner, err)
	}
	if parts := parts(tree); parts > maxRegexp {
		return Pattern{}, p.fail(1, fmt.Sprintf("the regular expression is too large: it has more than %d parts once its repetitions are written out", maxRegexp), "use smaller repetitions")
	}
	re, err := regexp.Compile(`\A(?:` + inner + `)\z`)
	if err != nil {
		return Pattern{}, p.regexpError(inner, err)
	}
	if name, twice := twice(re.SubexpNames()); twice {
		at := strings.LastIndex(inner, "<"+name+">")
		return Pattern{}, p.fail(1+utf8.RuneCountInString(inner[:at+1]), fmt.Sprintf("there are two groups %q", name), "give each its own name")
	}
	tree = tree.Simplify()
	q := Pattern{source: p.source, re: re, shape: widen(tree)}
	if example, ok := regexpExample(tree); ok {
		if _, matches := q.Match(example); matches {
			q.example = example
		}
	}
	return q, nil
}

// regexpError gives the place of the part that the package complains about.
func (p *parser) regexpError(inner string, err error) error {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return p.fail(1, err.Error(), "see https://golang.org/s/re2syntax")
	}
	column := 1
	if at := strings.Index(inner, e.Expr); at >= 0 {
		column += utf8.RuneCountInString(inner[:at])
	}
	remedy := "see https://golang.org/s/re2syntax"
	switch e.Code {
	case syntax.ErrInvalidPerlOp:
		remedy = "look-around does not exist here: write two patterns, or a condition beside the pattern"
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		remedy = `close every "(", and write \( for the character`
	case syntax.ErrMissingBracket:
		remedy = `close the "[", or write \[ for the character`
	case syntax.ErrMissingRepeatArgument:
		remedy = `put what is repeated before it, or write \+, \* for the character`
	case syntax.ErrInvalidNamedCapture:
		remedy = "name groups as in (?<area>...)"
	case syntax.ErrInvalidRepeatSize, syntax.ErrLarge:
		remedy = "use smaller repetitions: those within each other multiply, up to 1000"
	}
	return p.fail(column, fmt.Sprintf("the regular expression is wrong: %s %q", e.Code, e.Expr), remedy)
}

// twice finds a name that two groups have.
func twice(names []string) (string, bool) {
	for i, name := range names {
		if name != "" && slices.Contains(names[:i], name) {
			return name, true
		}
	}
	return "", false
}

// parts counts the nodes of a regular expression with its repetitions written
// out; it stops counting soon after maxRegexp.
func parts(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)/8
	for _, sub := range re.Sub {
		if n += parts(sub); n > maxRegexp {
			return n
		}
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}

// widen gives a shape that holds every number a regular expression matches: the
// positions up to the first part that is not one character, and any tail.
func widen(re *syntax.Regexp) shape {
	s := shape{tail: tailAny}
	if s.take(re) {
		s.tail = tailNone
	}
	return s
}

// take adds the positions of re and reports whether those say all of it.
func (s *shape) take(re *syntax.Regexp) bool {
	if len(s.positions) > MaxPositions {
		return false
	}
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine, syntax.OpEndText:
		return true
	case syntax.OpCapture:
		return s.take(re.Sub[0])
	case syntax.OpPlus:
		s.take(re.Sub[0]) // once for certain
		return false
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !s.take(sub) {
				return false
			}
		}
		return true
	case syntax.OpLiteral:
		return s.takeLiteral(re)
	case syntax.OpCharClass:
		return s.takeClass(re.Rune)
	}
	return false
}

func (s *shape) takeLiteral(re *syntax.Regexp) bool {
	for _, c := range re.Rune {
		if c >= utf8.RuneSelf || re.Flags&syntax.FoldCase != 0 && !isDigit(c) {
			return false
		}
		s.positions = append(s.positions, one(byte(c)))
	}
	return true
}

func (s *shape) takeClass(ranges []rune) bool {
	var set byteSet
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1] >= utf8.RuneSelf {
			return false
		}
		set.addRange(byte(ranges[i]), byte(ranges[i+1]))
	}
	if set.empty() {
		return false
	}
	s.positions = append(s.positions, set)
	return true
}
