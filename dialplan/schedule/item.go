package schedule

import "time"

const minutesPerDay = 24 * 60

// Item is one parsed time, such as "Mon-Fri 08:00-18:00". It does not change. The
// zero Item is never.
type Item struct {
	text  string
	days  days
	spans []span
}

// span is from and to in minutes of a day; a span that goes over midnight ends
// behind minutesPerDay.
type span struct{ from, to int }

// String gives the item as it was written.
func (i Item) String() string { return i.text }

// allDay reports whether the item is about whole days.
func (i Item) allDay() bool {
	return len(i.spans) == 1 && i.spans[0] == span{0, minutesPerDay}
}

// dated reports whether the item is about dates and not about weekdays.
func (i Item) dated() bool {
	_, weekly := i.days.(weekdays)
	return !weekly && i.days != nil
}

// open reports whether the item holds at a time of the wall clock.
func (i Item) open(w wall) bool {
	if i.days == nil {
		return false
	}
	minute := w.second / 60
	today, yesterday := unknown, unknown
	for _, s := range i.spans {
		if s.from <= minute && minute < s.to && today.ask(i.days, w.day) {
			return true
		}
		if minute+minutesPerDay < s.to && yesterday.ask(i.days, w.day-1) {
			return true
		}
	}
	return false
}

// answer keeps what days said, since some have to think.
type answer int8

const (
	unknown answer = iota
	yes
	no
)

func (a *answer) ask(days days, d day) bool {
	if *a == unknown {
		*a = no
		if days.has(d) {
			*a = yes
		}
	}
	return *a == yes
}

// next is the second of the day, behind that of w, at which the item may begin or
// end; the end of the day if there is none.
func (i Item) next(w wall) int {
	next := secondsPerDay
	for _, s := range i.spans {
		for _, minute := range [...]int{s.from, s.to, s.to - minutesPerDay} {
			if at := minute * 60; at > w.second && at < next {
				next = at
			}
		}
	}
	return next
}

// wall is what a clock on the wall shows, and until when it runs evenly.
type wall struct {
	at      time.Time
	day     day
	second  int       // of the day
	changes time.Time // when the clock is put forward or back; zero if never
}

func wallAt(at time.Time, zone *time.Location) wall {
	local := at.In(zone)
	year, month, d := local.Date()
	hour, minute, second := local.Clock()
	_, changes := local.ZoneBounds()
	if !changes.After(local) {
		changes = time.Time{} // on the last day of leap years Go may give a bound that has passed
	}
	return wall{at: local, day: dayOf(year, month, d), second: hour*3600 + minute*60 + second, changes: changes}
}

// when is the instant at which the clock shows that second of the same day, or the
// earlier instant at which the clock is changed.
func (w wall) when(second int) time.Time {
	at := w.at.Add(time.Duration(second-w.second)*time.Second - time.Duration(w.at.Nanosecond()))
	if !w.changes.IsZero() && w.changes.Before(at) {
		return w.changes
	}
	return at
}
