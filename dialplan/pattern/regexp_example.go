package pattern

import (
	"regexp/syntax"
	"unicode/utf8"
)

// regexpExample makes a short text that a simplified regular expression should
// match; assertions such as \b are not looked at, so the caller has to try it.
func regexpExample(re *syntax.Regexp) (string, bool) {
	var e exampler
	ok := e.add(re)
	return string(e.text), ok && len(e.text) <= MaxNumber
}

type exampler struct {
	text []byte
}

func (e *exampler) add(re *syntax.Regexp) bool {
	if len(e.text) > MaxNumber {
		return false
	}
	switch re.Op {
	case syntax.OpNoMatch:
		return false
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			e.text = utf8.AppendRune(e.text, c)
		}
		return true
	case syntax.OpCharClass:
		return e.addClass(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return e.addClass([]rune{'0', '9'})
	case syntax.OpCapture, syntax.OpPlus:
		return e.add(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !e.add(sub) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		before := len(e.text)
		for _, sub := range re.Sub {
			if e.add(sub) {
				return true
			}
			e.text = e.text[:before]
		}
		return false
	}
	return true // what may be left out, and assertions
}

func (e *exampler) addClass(ranges []rune) bool {
	if len(ranges) == 0 {
		return false
	}
	var ascii byteSet
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] < utf8.RuneSelf {
			ascii.addRange(byte(ranges[i]), byte(min(ranges[i+1], utf8.RuneSelf-1)))
		}
	}
	if ascii.empty() {
		e.text = utf8.AppendRune(e.text, ranges[0])
		return true
	}
	e.text = append(e.text, pick(&ascii, len(e.text)))
	return true
}
