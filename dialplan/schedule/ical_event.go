package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	ical "github.com/emersion/go-ical"
)

// stamp is a date or a date with a time. A date stands at midnight UTC until the
// zone is applied, so that counting days is even.
type stamp struct {
	at   time.Time
	date bool
}

// times reads a property of one or more dates or times.
func (r *reader) times(prop *ical.Prop) ([]stamp, error) {
	zone := r.zone
	if id := prop.Params.Get(ical.PropTimezoneID); id != "" {
		named, err := time.LoadLocation(strings.TrimPrefix(id, "/"))
		if err != nil {
			return nil, fmt.Errorf("%s has the time zone %q, which is not known: use IANA names such as Europe/Berlin", prop.Name, clip(id))
		}
		zone = named
	}
	var all []stamp
	for value := range strings.SplitSeq(prop.Value, ",") {
		value = strings.TrimSpace(value)
		var s stamp
		var err error
		switch {
		case len(value) == len("20060102"):
			s.date = true
			s.at, err = time.Parse("20060102", value)
		case strings.HasSuffix(value, "Z"):
			s.at, err = time.Parse("20060102T150405Z", value)
		default:
			s.at, err = time.ParseInLocation("20060102T150405", value, zone)
		}
		if err != nil {
			return nil, fmt.Errorf("%s is %q, which is neither a date (20261224) nor a time (20261224T180000Z)", prop.Name, clip(value))
		}
		all = append(all, s)
	}
	return all, nil
}

// event adds all times of an event.
func (r *reader) event(e *ical.Event, moved map[string][]time.Time) error {
	status, err := e.Status()
	if err == nil && status == ical.EventCancelled {
		return nil
	}
	start, length, err := r.extent(e)
	if err != nil {
		return err
	}
	starts, err := r.starts(e, start)
	if err != nil {
		return err
	}
	var skip []time.Time
	if e.Props.Get(ical.PropRecurrenceID) == nil {
		uid, _ := e.Props.Text(ical.PropUID)
		skip = moved[uid]
	}
	for _, prop := range e.Props.Values(ical.PropExceptionDates) {
		times, err := r.times(&prop)
		if err != nil {
			return err
		}
		for _, t := range times {
			skip = append(skip, t.at)
		}
	}
	slices.SortFunc(skip, time.Time.Compare)
	name, _ := e.Props.Text(ical.PropSummary)
	name = clip(name)
	for _, at := range starts {
		if _, out := slices.BinarySearchFunc(skip, at, time.Time.Compare); !out {
			r.add(at, length, start.date, name)
		}
	}
	if len(r.events) > MaxOccurrences {
		return fmt.Errorf("with this one the calendar has more than %d times: end the repetition with UNTIL or COUNT", MaxOccurrences)
	}
	return nil
}

// add appends one time; length is in days of the calendar for whole days.
func (r *reader) add(at time.Time, length time.Duration, date bool, name string) {
	from, to := at, at.Add(length)
	if date {
		first := day(at.Unix() / secondsPerDay)
		from, to = first.start(r.zone), (first + day(length/(24*time.Hour))).start(r.zone)
	}
	r.events = append(r.events, event{from: from.Unix(), to: to.Unix(), name: name, allDay: date})
}

// extent reads when an event begins and how long it lasts (RFC 5545 3.6.1).
func (r *reader) extent(e *ical.Event) (stamp, time.Duration, error) {
	start, err := r.single(e, ical.PropDateTimeStart)
	if err != nil {
		return stamp{}, 0, err
	}
	switch year := start.at.Year(); {
	case year < minYear || year > maxYear:
		return stamp{}, 0, fmt.Errorf("its year %d is out of range: years go from %d to %d", year, minYear, maxYear)
	}
	length := time.Duration(0)
	if start.date {
		length = 24 * time.Hour
	}
	if e.Props.Get(ical.PropDateTimeEnd) != nil {
		end, err := r.single(e, ical.PropDateTimeEnd)
		if err != nil {
			return stamp{}, 0, err
		}
		if end.date != start.date {
			return stamp{}, 0, errors.New("DTSTART and DTEND are not both dates or both times")
		}
		length = end.at.Sub(start.at)
		if start.date && length == 0 {
			length = 24 * time.Hour // some programs give the last day instead of the one behind it
		}
	} else if prop := e.Props.Get(ical.PropDuration); prop != nil {
		if length, err = prop.Duration(); err != nil {
			return stamp{}, 0, fmt.Errorf("DURATION %q cannot be read: write for example PT1H30M or P1D", clip(prop.Value))
		}
	}
	if length < 0 || length > maxLength {
		return stamp{}, 0, errors.New("it ends before it begins, or lasts for more than ten years")
	}
	return start, length, nil
}

const maxLength = 10 * 366 * 24 * time.Hour

func (r *reader) single(e *ical.Event, name string) (stamp, error) {
	prop := e.Props.Get(name)
	if prop == nil {
		return stamp{}, fmt.Errorf("it has no %s", name)
	}
	times, err := r.times(prop)
	if err != nil {
		return stamp{}, err
	}
	return times[0], nil
}
