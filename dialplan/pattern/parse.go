package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong with a pattern, where, and what to write instead.
type Error struct {
	Source string // the pattern
	Column int    // where in it, in characters, from 1
	Reason string // what is wrong
	Remedy string // what to do
}

// Error gives the place, the reason and the remedy in one sentence.
func (e *Error) Error() string {
	return fmt.Sprintf("pattern %q, column %d: %s: %s", e.Source, e.Column, e.Reason, e.Remedy)
}

// MaxPositions is how many characters before its tail a pattern may demand.
const MaxPositions = 200

// Parse reads one pattern in the notation of the package comment. The error is
// an [*Error].
func Parse(s string) (Pattern, error) {
	p := parser{source: s, runes: []rune(s)}
	switch {
	case s == "":
		return Pattern{}, p.fail(0, "a pattern must not be empty", `write the number, "." for any number, or "!" for any and none`)
	case len(p.runes) > MaxSource:
		return Pattern{}, p.fail(MaxSource, fmt.Sprintf("a pattern has at most %d characters", MaxSource), "shorten it, or write several")
	case !utf8.ValidString(s):
		return Pattern{}, p.fail(0, "the pattern is not UTF-8", "save the file as UTF-8")
	case s[0] == '/':
		return p.regexp()
	}
	if err := p.plain(); err != nil {
		return Pattern{}, err
	}
	return Pattern{source: s, shape: p.shape}, nil
}

// MustParse is Parse for patterns that are known to be good; it panics if not.
func MustParse(s string) Pattern {
	p, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return p
}

type parser struct {
	source string
	runes  []rune
	at     int // index of the rune being read
	shape
	name bool // the pattern has letters besides X, Z, N
}

func (p *parser) fail(at int, reason, remedy string) error {
	return &Error{Source: p.source, Column: at + 1, Reason: reason, Remedy: remedy}
}

func (p *parser) plain() error {
	p.name = hasName(p.runes)
	if p.runes[0] == '_' {
		if p.name || len(p.runes) == 1 {
			return p.fail(0, `a leading "_" is how Asterisk marks a pattern and is skipped`, `write \_ for the character itself, or leave it out`)
		}
		p.at = 1
	}
	for p.at < len(p.runes) {
		if err := p.element(); err != nil {
			return err
		}
		if len(p.positions) > MaxPositions {
			return p.fail(p.at-1, fmt.Sprintf("a pattern has at most %d positions", MaxPositions), `end it earlier with "."`)
		}
	}
	return nil
}

// hasName reports whether there is a letter, outside of quotes and classes, that
// is none of x, z, n in either case: then the pattern is somebody's name.
func hasName(runes []rune) bool {
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == '\\':
			i++
		case c == '"' || c == '\'' || c == '[':
			end := c
			if c == '[' {
				end = ']'
			}
			for i++; i < len(runes) && runes[i] != end; i++ {
				if runes[i] == '\\' {
					i++
				}
			}
		case isLetter(c) && !strings.ContainsRune("XZNxzn", c):
			return true
		}
	}
	return false
}

// element reads one position, a quoted run, or the tail.
func (p *parser) element() error {
	c := p.runes[p.at]
	switch {
	case c == '\\':
		if p.at+1 == len(p.runes) {
			return p.fail(p.at, "nothing follows the backslash", `write \\ for a backslash`)
		}
		p.literal(p.runes[p.at+1])
		p.at += 2
		return nil
	case c == '"' || c == '\'':
		return p.quoted(c)
	case c == '[':
		return p.class()
	case c == '.' || c == '!':
		return p.rest(c)
	case strings.ContainsRune("XZNxzn", c):
		return p.wildcard(c)
	case isDigit(c), isLetter(c), strings.ContainsRune("+*#", c), p.name && strings.ContainsRune("-_~", c):
		p.literal(c)
		p.at++
		return nil
	}
	return p.stranger(c)
}

func (p *parser) literal(c rune) {
	var buf [utf8.UTFMax]byte
	for _, b := range buf[:utf8.EncodeRune(buf[:], c)] {
		p.positions = append(p.positions, one(b))
	}
}

func (p *parser) wildcard(c rune) error {
	lower := strings.ContainsRune("xzn", c)
	switch {
	case p.name && lower:
		p.literal(c)
	case p.name:
		return p.fail(p.at, fmt.Sprintf("%c stands for a digit, but the letters around it look like a name", c),
			fmt.Sprintf(`write \%c or put the name in quotes if the letter is meant, %s if a digit is meant`, c, digitsOf(c)))
	case lower:
		upper := strings.ToUpper(string(c))
		return p.fail(p.at, fmt.Sprintf("%c is neither a digit nor part of a name", c),
			fmt.Sprintf(`write %s if a digit is meant, \%c if the letter is meant`, upper, c))
	case c == 'X':
		p.positions = append(p.positions, span('0', '9'))
	case c == 'Z':
		p.positions = append(p.positions, span('1', '9'))
	default:
		p.positions = append(p.positions, span('2', '9'))
	}
	p.at++
	return nil
}

func digitsOf(c rune) string {
	switch c {
	case 'X':
		return "[0-9]"
	case 'Z':
		return "[1-9]"
	}
	return "[2-9]"
}

func (p *parser) quoted(quote rune) error {
	start := p.at
	for p.at++; p.at < len(p.runes); p.at++ {
		c := p.runes[p.at]
		if c == quote {
			p.at++
			if p.at == start+2 {
				return p.fail(start, "there is nothing within the quotes", "leave them out")
			}
			return nil
		}
		if c == '\\' && p.at+1 < len(p.runes) {
			p.at++
			c = p.runes[p.at]
		}
		p.literal(c)
	}
	return p.fail(start, "the quote is not closed", fmt.Sprintf(`add %c at the end of what it holds, or write \%c for the character`, quote, quote))
}

func (p *parser) rest(c rune) error {
	if p.at != len(p.runes)-1 {
		return p.fail(p.at, fmt.Sprintf("%q stands for the rest of a number and can only be last", string(c)),
			fmt.Sprintf(`end the pattern here, write X for one digit, or \%c for the character`, c))
	}
	p.tail = tailSome
	if c == '!' {
		p.tail = tailAny
	}
	p.at++
	return nil
}

func (p *parser) stranger(c rune) error {
	switch {
	case c == ' ' || c == '\t':
		return p.fail(p.at, "numbers are compared without spaces", "leave the space out, or put the text in quotes")
	case strings.ContainsRune("-()/_~", c):
		return p.fail(p.at, fmt.Sprintf("numbers are compared without %q", string(c)), fmt.Sprintf(`leave it out, or write \%c if the character is meant`, c))
	case c == ']':
		return p.fail(p.at, `"]" closes no "["`, `put "[" before the characters of the class, or write \]`)
	case c == '{' || c == '}' || c == '|' || c == '^' || c == '$' || c == '?':
		return p.fail(p.at, fmt.Sprintf("%q belongs to regular expressions", string(c)), fmt.Sprintf(`write /.../ around a regular expression, or \%c for the character`, c))
	}
	return p.fail(p.at, fmt.Sprintf("%q has no meaning in a pattern", string(c)), fmt.Sprintf(`write \%c or put it in quotes if the character is meant`, c))
}

func isDigit(c rune) bool  { return c >= '0' && c <= '9' }
func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// Quote writes a number as the pattern that matches it alone, for numbers that
// come from elsewhere. The number must be neither empty nor longer than
// [MaxPositions] bytes.
func Quote(number string) string {
	plain := strings.IndexFunc(number, func(c rune) bool { return !isDigit(c) && !strings.ContainsRune("+*#", c) }) < 0
	if plain {
		return number
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(number) + `"`
}
