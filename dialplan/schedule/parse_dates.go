package schedule

import (
	"fmt"
	"time"
)

const howDates = "write dates as year-month-day, 2026-12-24, or month-day for every year, 12-24"

// written is a date as it was written; year 0 means every year.
type written struct {
	year  int
	month time.Month
	day   int
	at    int
}

// dates reads "2026-12-24", "12-24", either with "to" and another, or "2nd Mon of
// May".
func (s *scanner) dates() (days, error) {
	start := s.at
	if n, count := s.digits(); count == 1 && n >= 1 && n <= 5 {
		switch s.word() {
		case "st", "nd", "rd", "th":
			return s.nth(n)
		}
	}
	if s.peek() == '.' {
		return nil, s.fail(start, "dates are not written as day.month.year", howDates)
	}
	s.at = start
	from, err := s.date()
	if err != nil {
		return nil, err
	}
	to := from
	if s.toDate() {
		if to, err = s.date(); err != nil {
			return nil, err
		}
	}
	switch {
	case (from.year == 0) != (to.year == 0):
		return nil, s.fail(to.at, "one end of the range has a year and the other has none", "give both a year, or none for every year")
	case from.year == 0:
		return yearly{int(from.month)*100 + from.day, int(to.month)*100 + to.day}, nil
	}
	r := dates{dayOf(from.year, from.month, from.day), dayOf(to.year, to.month, to.day)}
	if r.to < r.from {
		return nil, s.fail(to.at, "the range ends before it begins", "put the earlier date first")
	}
	return r, nil
}

// toDate reads "to", or a dash with spaces around it, before another date.
func (s *scanner) toDate() bool {
	before := s.at
	if s.to() && isDigit(s.peek()) && !s.atHours() {
		return true
	}
	s.at = before
	return false
}

func (s *scanner) date() (written, error) {
	s.spaces()
	d := written{at: s.at}
	first, count := s.digits()
	if count == 0 || s.peek() != '-' || count != 2 && count != 4 {
		s.at = d.at
		return written{}, s.fail(d.at, "a date should be here, "+s.found(), howDates)
	}
	s.at++
	second, count2 := s.digits()
	if count == 2 {
		d.month, d.day = time.Month(first), second
		return d, s.check(d, count2)
	}
	if count2 != 2 || !s.take('-') {
		s.at = d.at
		return written{}, s.fail(d.at, "a date should be here, "+s.found(), howDates)
	}
	third, count3 := s.digits()
	d.year, d.month, d.day = first, time.Month(second), third
	if d.year < minYear || d.year > maxYear {
		return written{}, s.fail(d.at, fmt.Sprintf("the year %d is out of range", d.year), fmt.Sprintf("years go from %d to %d", minYear, maxYear))
	}
	return d, s.check(d, count3)
}

// check looks whether there is such a day; in a leap year if none is given.
func (s *scanner) check(d written, digits int) error {
	year := d.year
	if year == 0 {
		year = 2000
	}
	switch {
	case digits != 2:
		return s.fail(d.at, "month and day need two digits each", howDates)
	case d.month < 1 || d.month > 12:
		return s.fail(d.at, fmt.Sprintf("there is no month %d", d.month), howDates)
	case d.day < 1 || d.day > time.Date(year, d.month+1, 0, 0, 0, 0, 0, time.UTC).Day():
		return s.fail(d.at, fmt.Sprintf("%s has no day %d", d.month, d.day), "look at the calendar; "+howDates)
	}
	return nil
}
