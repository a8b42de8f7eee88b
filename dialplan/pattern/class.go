package pattern

import (
	"fmt"
	"strings"
)

// class reads [2-9], [13579], [*#], [+0-9], with \ before a character that would
// have a meaning.
func (p *parser) class() error {
	start := p.at
	var set byteSet
	for p.at++; ; {
		c, err := p.classChar(start)
		if err != nil {
			return err
		}
		if c == classEnd {
			break
		}
		to := c
		if p.at < len(p.runes) && p.runes[p.at] == '-' {
			if to, err = p.classRange(start, c); err != nil {
				return err
			}
		}
		set.addRange(byte(c), byte(to))
	}
	if set.empty() {
		return p.fail(start, "the class is empty", "write the characters that may stand here, for example [2-9]")
	}
	p.positions = append(p.positions, set)
	return nil
}

const classEnd rune = -1

// classChar reads one character of a class, or its end.
func (p *parser) classChar(start int) (rune, error) {
	if p.at >= len(p.runes) {
		return 0, p.fail(start, `"[" is not closed`, `add "]" after the characters of the class, or write \[`)
	}
	c := p.runes[p.at]
	p.at++
	switch {
	case c == ']':
		return classEnd, nil
	case c == '\\' && p.at < len(p.runes) && p.runes[p.at] > 0x20 && p.runes[p.at] < 0x7f:
		p.at++
		return p.runes[p.at-1], nil
	case isDigit(c), isLetter(c), strings.ContainsRune("*#+_.,;:&=$%?@/()", c):
		return c, nil
	case c == '^' || c == '!':
		return 0, p.fail(p.at-1, "a class cannot be turned round", "name the characters that may stand here, for example [1-9] for all but 0")
	case c == '-':
		return 0, p.fail(p.at-1, `"-" needs a character before it and one after it`, `write a range such as 2-9, or \- for the character`)
	}
	return 0, p.fail(p.at-1, fmt.Sprintf("%q cannot be in a class", string(c)), `write it with a backslash if it is a printable ASCII character, or leave it out`)
}

// sameKind tells whether both are digits, small letters or capitals.
func sameKind(a, b rune) bool {
	return isDigit(a) && isDigit(b) || isLetter(a) && isLetter(b) && a&0x20 == b&0x20
}

// classRange reads what follows the "-" of a range.
func (p *parser) classRange(start int, from rune) (rune, error) {
	dash := p.at
	p.at++
	to, err := p.classChar(start)
	if err != nil {
		return 0, err
	}
	switch {
	case to == classEnd:
		return 0, p.fail(dash, "the range has no end", `write a range such as 2-9, or \- for the character`)
	case !sameKind(from, to):
		return 0, p.fail(dash, fmt.Sprintf("%c-%c is not a range", from, to), `write digits (2-9), small letters (a-f) or capitals (A-F) on both sides, or \- for the character`)
	case to < from:
		return 0, p.fail(dash, fmt.Sprintf("the range %c-%c runs backwards", from, to), fmt.Sprintf("write %c-%c", to, from))
	}
	return to, nil
}
