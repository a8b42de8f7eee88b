package schedule

import "time"

// How far ahead a change is looked for, and the years that [Schedule.Never] looks
// at: they have every weekday on every date, leap years too.
const (
	horizonYears = 10
	firstYear    = 2020
	lastYear     = 2050
	// maxWork bounds a look ahead, in hours of rules that are asked; only schedules
	// of hundreds of rules that never change come near it.
	maxWork = 4_000_000
)

// NextChange is the next instant at which the schedule opens or closes; false when
// none was found within ten years.
func (s *Schedule) NextChange(at time.Time) (time.Time, bool) {
	if s.never || s.always {
		// Calendars beyond the years that were looked at are not worth a walk.
		return time.Time{}, false
	}
	next, found, _ := s.find(at, at.AddDate(horizonYears, 0, 0), !s.IsOpen(at))
	return next, found
}

// find is the first instant from at until end at which the schedule is in a state;
// sure is false when it gave up before the end.
func (s *Schedule) find(at, end time.Time, open bool) (first time.Time, found, sure bool) {
	for work := 0; at.Before(end); work += s.work + 1 {
		w := wallAt(at, s.zone)
		if s.isOpen(w) == open {
			return w.at, true, true
		}
		if work > maxWork {
			return time.Time{}, false, false
		}
		at = s.until(w)
	}
	return time.Time{}, false, true
}

// until is an instant before which the schedule surely does not change.
func (s *Schedule) until(w wall) time.Time {
	until := w.when(secondsPerDay)
	for _, list := range [...][]Rule{s.open, s.except} {
		for i := range list {
			if t := list[i].until(w); t.Before(until) {
				until = t
			}
		}
	}
	return until
}

func (r *Rule) until(w wall) time.Time {
	switch {
	case r.Schedule != nil:
		return r.Schedule.until(wallAt(w.at, r.Schedule.zone))
	case r.Calendar != nil:
		return r.Calendar.until(w.at)
	}
	return w.when(r.When.next(w))
}

// ever reports whether there may be a time at which the schedule is in a state.
func (s *Schedule) ever(open bool) bool {
	from := time.Date(firstYear, 1, 1, 0, 0, 0, 0, s.zone)
	if _, found, sure := s.find(from, from.AddDate(lastYear-firstYear+1, 0, 0), open); found || !sure {
		return true
	}
	for _, d := range s.named() {
		from, to := d.from.start(s.zone).AddDate(0, 0, -1), d.to.start(s.zone).AddDate(0, 0, 3)
		if _, found, sure := s.find(from, to, open); found || !sure {
			return true
		}
	}
	return false
}

// named are the dates outside of the years that are looked at anyway.
func (s *Schedule) named() []dates {
	var all []dates
	for _, list := range [...][]Rule{s.open, s.except} {
		for _, r := range list {
			if r.Schedule != nil {
				all = append(all, r.Schedule.named()...)
			}
			if d, ok := r.When.days.(dates); ok && (d.from < dayOf(firstYear, 1, 1) || d.to > dayOf(lastYear, 12, 31)) {
				all = append(all, d)
			}
		}
	}
	return all
}

// start is the first instant of a day in a zone: midnight, or where the clock
// skips midnight the instant of the change.
func (d day) start(zone *time.Location) time.Time {
	year, month, of := d.date()
	at := time.Date(year, month, of, 0, 0, 0, 0, zone)
	w := wallAt(at, zone)
	if w.day < d {
		return w.when(secondsPerDay)
	}
	// Midnight may have come before, or the clock may have jumped over it.
	if from, _ := at.ZoneBounds(); !from.IsZero() {
		if before := wallAt(from.Add(-1), zone); before.day == d {
			return before.when(0)
		}
		if first := wallAt(from, zone); first.day == d {
			return from
		}
	}
	return at
}
