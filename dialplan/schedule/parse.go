package schedule

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxText  = 200 // characters of an item
	maxSpans = 20  // ranges of time in an item
	minYear  = 1970
	maxYear  = 2199
)

const howTimes = `write for example "Mon-Fri 08:00-18:00", "Sat 22:00-06:00", "daily 12:00-13:00", "2026-12-24", "12-24 to 01-02" or "last Mon of May"`

// ParseItem reads one time:
//
//	Mon-Fri 08:00-18:00                weekly; days by their English names
//	Mon, Wed, Fri 08:00-12:00, 13:00-17:00
//	Sat 22:00-06:00                    over midnight: until Sunday 06:00
//	daily 12:00-13:00                  also weekdays, weekends, or no day at all
//	Sun                                the whole day
//	2026-12-24                         a date, also with hours behind it
//	2026-12-24 to 2026-12-26           from the first to the last
//	12-24                              every year, month-day
//	12-24 to 01-02                     every year, over New Year
//	last Mon of May                    first to fifth, 1st to 5th, last
//	first Sun of every month
//	easter, easter+1, easter-2         Easter Sunday, Monday, Good Friday
//	always
//
// Case does not count. Hours are those of 24 per day, to the minute; 24:00 is the
// end of the day. With hours that go over midnight the day is the one on which
// they begin. The error is an [*Error].
func ParseItem(text string) (Item, error) {
	s := &scanner{text: text, runes: []rune(text)}
	switch {
	case !utf8.ValidString(text):
		return Item{}, s.fail(0, "the text is not UTF-8", "save the file as UTF-8")
	case len(s.runes) > maxText:
		return Item{}, s.fail(maxText, fmt.Sprintf("a time has at most %d characters", maxText), "write several")
	case s.end():
		return Item{}, s.fail(0, "there is no time", howTimes)
	}
	item := Item{text: strings.TrimSpace(text), days: everyDay, spans: []span{{0, minutesPerDay}}}
	if s.takeWord("always") {
		return item, s.finish()
	}
	var err error
	if !s.atHours() {
		if item.days, err = s.days(); err != nil {
			return Item{}, err
		}
		s.spaces()
		s.take(',')
	}
	if s.end() {
		return item, nil
	}
	if item.spans, err = s.hours(); err != nil {
		return Item{}, err
	}
	return item, s.finish()
}

func (s *scanner) finish() error {
	if s.end() {
		return nil
	}
	return s.fail(s.at, fmt.Sprintf("%q is more than one time needs", s.rest()), "write two times in two lines, or leave it out")
}

// atHours reports whether the next is an hour and not a date.
func (s *scanner) atHours() bool {
	before := s.at
	defer func() { s.at = before }()
	s.spaces()
	_, n := s.digits()
	return n > 0 && n <= 2 && s.peek() == ':'
}

// days reads which days an item is about.
func (s *scanner) days() (days, error) {
	s.spaces()
	if isDigit(s.peek()) {
		return s.dates()
	}
	start := s.at
	switch word := s.word(); word {
	case "daily":
		return everyDay, nil
	case "every":
		if s.takeWord("day") {
			return everyDay, nil
		}
		return s.weekdays()
	case "weekdays":
		return weekdays(1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday), nil
	case "weekends":
		return weekdays(1<<time.Saturday | 1<<time.Sunday), nil
	case "easter":
		return s.easter()
	default:
		if n, ok := ordinal(word); ok {
			return s.nth(n)
		}
	}
	s.at = start
	return s.weekdays()
}

func (s *scanner) weekdays() (days, error) {
	var all weekdays
	for {
		from, err := s.weekday()
		if err != nil {
			return nil, err
		}
		to, at := from, s.at
		if s.to() {
			if to, err = s.weekday(); err != nil {
				return nil, err
			}
			if to == from {
				return nil, s.fail(at, "the range begins and ends with the same day", `write the day once, or "daily"`)
			}
		}
		for d := from; ; d = (d + 1) % 7 {
			all |= 1 << d
			if d == to {
				break
			}
		}
		if !s.comma() {
			return all, nil
		}
	}
}

// comma reads a comma that another day follows.
func (s *scanner) comma() bool {
	before := s.at
	s.spaces()
	if s.take(',') {
		s.spaces()
		if isLetter(s.peek()) {
			return true
		}
	}
	s.at = before
	return false
}

func (s *scanner) weekday() (time.Weekday, error) {
	s.spaces()
	start := s.at
	word := s.word()
	for d := time.Sunday; d <= time.Saturday; d++ {
		if names(word, d.String()) {
			return d, nil
		}
	}
	s.at = start
	for m := time.January; m <= time.December; m++ {
		if names(word, m.String()) {
			return 0, s.fail(start, fmt.Sprintf("%q is a month", s.rest()), fmt.Sprintf(`write dates as month-day, %02d-24, or year-month-day, 2026-%02d-24`, m, m))
		}
	}
	return 0, s.fail(start, "a day or an hour should be here, "+s.found(), howTimes)
}

// names reports whether word is a name or its usual short form: at least three
// letters of its beginning.
func names(word, name string) bool {
	return len(word) >= 3 && strings.HasPrefix(strings.ToLower(name), word)
}

func ordinal(word string) (int, bool) {
	for n, name := range [...]string{"first", "second", "third", "fourth", "fifth"} {
		if word == name {
			return n + 1, true
		}
	}
	return -1, word == "last"
}

// nth reads what follows "last" or "2nd": Mon of May.
func (s *scanner) nth(n int) (days, error) {
	weekday, err := s.weekday()
	if err != nil {
		return nil, err
	}
	if !s.takeWord("of") {
		s.spaces()
		return nil, s.fail(s.at, `"of" and a month should be here, `+s.found(), `write for example "last Mon of May" or "first Sun of every month"`)
	}
	s.spaces()
	start := s.at
	word := s.word()
	if word == "every" || word == "each" || word == "the" {
		word = s.word()
	}
	if word == "month" {
		return nth{n: n, weekday: weekday}, nil
	}
	for m := time.January; m <= time.December; m++ {
		if names(word, m.String()) {
			return nth{n: n, weekday: weekday, month: m}, nil
		}
	}
	s.at = start
	return nil, s.fail(start, "a month should be here, "+s.found(), `write its English name, or "every month"`)
}

func (s *scanner) easter() (days, error) {
	s.spaces()
	var sign int
	switch {
	case s.take('+'):
		sign = 1
	case s.take('-'), s.take('\u2013'):
		sign = -1
	default:
		return easter{}, nil
	}
	s.spaces()
	start := s.at
	n, count := s.digits()
	if count == 0 || n > 180 {
		return nil, s.fail(start, "a number of days up to 180 should be here, "+s.found(), "write for example easter+1 for Easter Monday, easter-2 for Good Friday")
	}
	return easter{offset: sign * n}, nil
}
