package schedule

import "fmt"

const howHours = "write hours as 08:00-18:00"

// hours reads "08:00-12:00, 13:00-18:00".
func (s *scanner) hours() ([]span, error) {
	var all []span
	for {
		s.spaces()
		start := s.at
		from, err := s.clock()
		if err != nil {
			return nil, err
		}
		if !s.to() {
			s.spaces()
			return nil, s.fail(s.at, "the end of the range is missing, "+s.found(), howHours)
		}
		to, err := s.clock()
		switch {
		case err != nil:
			return nil, err
		case from == minutesPerDay:
			return nil, s.fail(start, "nothing begins at 24:00", "write 00:00, of the next day")
		case to == from:
			return nil, s.fail(start, "the range ends when it begins", "write 00:00-24:00 for the whole day, or leave the hours out")
		case to < from:
			to += minutesPerDay
		}
		if all = append(all, span{from, to}); len(all) > maxSpans {
			return nil, s.fail(start, fmt.Sprintf("a time has at most %d ranges of hours", maxSpans), "write several times")
		}
		s.spaces()
		if !s.take(',') && !s.takeWord("and") {
			return all, nil
		}
	}
}

// clock reads HH:MM as minutes of the day.
func (s *scanner) clock() (int, error) {
	s.spaces()
	start := s.at
	hour, count := s.digits()
	if count == 0 || count > 2 || !s.take(':') {
		s.at = start
		return 0, s.fail(start, "an hour should be here, "+s.found(), howHours)
	}
	minute, count := s.digits()
	switch {
	case count != 2 || minute > 59:
		return 0, s.fail(start, "the minutes are two digits from 00 to 59", howHours)
	case hour > 24 || hour == 24 && minute > 0:
		return 0, s.fail(start, fmt.Sprintf("there is no %02d:%02d", hour, minute), "hours go from 00:00 to 24:00")
	}
	if isLetter(s.peek()) {
		switch s.peek() {
		case 'a', 'A', 'p', 'P':
			return 0, s.fail(s.at, "hours have no am and pm", "write 18:00 for 6 pm")
		}
	}
	return hour*60 + minute, nil
}
