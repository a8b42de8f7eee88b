package schedule

import "time"

// day counts the days of the calendar, 0 is 1970-01-01. It has no zone.
type day int

func dayOf(year int, month time.Month, d int) day {
	return day(time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

const secondsPerDay = 24 * 60 * 60

func (d day) weekday() time.Weekday { return time.Weekday((int(d)%7 + 11) % 7) }

func (d day) date() (year int, month time.Month, of int) {
	return time.Unix(int64(d)*secondsPerDay, 0).UTC().Date()
}

// days says which days an item is about.
type days interface {
	has(d day) bool
}

// weekdays is a bit for each weekday, Sunday the lowest.
type weekdays uint8

const everyDay weekdays = 1<<7 - 1

func (w weekdays) has(d day) bool { return w&(1<<d.weekday()) != 0 }

// dates are the days from the first to the last.
type dates struct{ from, to day }

func (r dates) has(d day) bool { return d >= r.from && d <= r.to }

// yearly are the days from one date to another of every year; month*100+day. The
// range may go over New Year.
type yearly struct{ from, to int }

func (y yearly) has(d day) bool {
	_, month, of := d.date()
	at := int(month)*100 + of
	if y.from <= y.to {
		return at >= y.from && at <= y.to
	}
	return at >= y.from || at <= y.to
}

// nth is such as the last Monday of May.
type nth struct {
	n       int // 1 to 5, or -1 for the last
	weekday time.Weekday
	month   time.Month // 0: of every month
}

func (r nth) has(d day) bool {
	if d.weekday() != r.weekday {
		return false
	}
	_, month, of := d.date()
	if r.month != 0 && month != r.month {
		return false
	}
	if r.n > 0 {
		return (of-1)/7+1 == r.n
	}
	_, next, _ := (d + 7).date()
	return next != month
}

// easter is a number of days after Easter Sunday, of the western churches.
type easter struct{ offset int }

func (e easter) has(d day) bool {
	sunday := d - day(e.offset)
	if sunday.weekday() != time.Sunday {
		return false
	}
	year, _, _ := sunday.date()
	return sunday == easterSunday(year)
}

// easterSunday is the anonymous Gregorian computus.
func easterSunday(year int) day {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return dayOf(year, time.Month(n/31), n%31+1)
}
