package schedule

import (
	"fmt"
	"strings"
)

// scanner walks through the text of an item.
type scanner struct {
	text  string
	runes []rune
	at    int
}

func (s *scanner) fail(at int, reason, remedy string) error {
	return &Error{Text: s.text, Column: at + 1, Reason: reason, Remedy: remedy}
}

func (s *scanner) spaces() {
	for s.at < len(s.runes) && (s.runes[s.at] == ' ' || s.runes[s.at] == '\t' || s.runes[s.at] == '\u00a0') {
		s.at++
	}
}

func (s *scanner) end() bool {
	s.spaces()
	return s.at == len(s.runes)
}

func (s *scanner) peek() rune {
	if s.at < len(s.runes) {
		return s.runes[s.at]
	}
	return 0
}

// word reads letters, in lower case.
func (s *scanner) word() string {
	s.spaces()
	from := s.at
	for s.at < len(s.runes) && isLetter(s.runes[s.at]) {
		s.at++
	}
	return strings.ToLower(string(s.runes[from:s.at]))
}

// digits reads digits, at most nine.
func (s *scanner) digits() (value, count int) {
	for s.at < len(s.runes) && isDigit(s.runes[s.at]) && count < 9 {
		value = value*10 + int(s.runes[s.at]-'0')
		count++
		s.at++
	}
	return value, count
}

// take reads one rune, if it is the next one.
func (s *scanner) take(c rune) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// takeWord reads a word, if it is the next one.
func (s *scanner) takeWord(want string) bool {
	before := s.at
	if s.word() == want {
		return true
	}
	s.at = before
	return false
}

// to reads what joins the ends of a range: "to", "-" or a dash of print.
func (s *scanner) to() bool {
	before := s.at
	s.spaces()
	switch s.peek() {
	case '-', '\u2013', '\u2014':
		s.at++
		s.spaces()
		return true
	}
	if s.takeWord("to") {
		s.spaces()
		return true
	}
	s.at = before
	return false
}

// rest is what is left, for messages.
func (s *scanner) rest() string {
	r := s.runes[s.at:]
	if len(r) > 20 {
		r = r[:20]
	}
	return strings.TrimSpace(string(r))
}

func (s *scanner) found() string {
	if s.at >= len(s.runes) {
		return "the text ends here"
	}
	return fmt.Sprintf("found %q", s.rest())
}

func isDigit(c rune) bool  { return c >= '0' && c <= '9' }
func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
