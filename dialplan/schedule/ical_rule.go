package schedule

import (
	"errors"
	"fmt"
	"time"

	ical "github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"
)

const (
	lastRepeated  = 2099 // year
	maxRule       = 300  // characters of an RRULE
	maxRepetition = 50_000
)

// starts are all times at which an event begins.
func (r *reader) starts(e *ical.Event, start stamp) ([]time.Time, error) {
	starts := []time.Time{start.at}
	rules := e.Props.Values(ical.PropRecurrenceRule)
	switch {
	case len(rules) > 1:
		return nil, errors.New("it has two RRULE: make two events of it")
	case len(rules) == 1:
		var err error
		if starts, err = r.repeat(rules[0].Value, start); err != nil {
			return nil, err
		}
	}
	for _, prop := range e.Props.Values(ical.PropRecurrenceDates) {
		times, err := r.times(&prop)
		if err != nil {
			return nil, err
		}
		for _, t := range times {
			starts = append(starts, t.at)
		}
	}
	return starts, nil
}

// repeat writes out an RRULE.
func (r *reader) repeat(text string, start stamp) ([]time.Time, error) {
	if len(text) > maxRule {
		return nil, fmt.Errorf("RRULE has more than %d characters: make several events of it", maxRule)
	}
	option, err := rrule.StrToROptionInLocation(text, start.at.Location())
	if err != nil {
		return nil, fmt.Errorf("RRULE %q cannot be read: %w", text, err)
	}
	if err := bounded(option); err != nil {
		return nil, fmt.Errorf("RRULE %q: %w", text, err)
	}
	if !option.Until.IsZero() && option.Until.Before(start.at) {
		return nil, nil // it was ended before it began
	}
	option.Dtstart = start.at
	if last := time.Date(lastRepeated, 12, 31, 23, 59, 59, 0, time.UTC); option.Until.IsZero() || option.Until.After(last) {
		option.Until = last
	}
	rule, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, fmt.Errorf("RRULE %q is wrong: %w", text, err)
	}
	var all []time.Time
	next := rule.Iterator()
	for at, ok := next(); ok; at, ok = next() {
		if all = append(all, at); len(all)+len(r.events) > MaxOccurrences {
			return nil, fmt.Errorf("RRULE %q repeats too often, the calendar would have more than %d times: end it with UNTIL or COUNT", text, MaxOccurrences)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("RRULE %q never takes place: correct it, or take the event out", text)
	}
	return all, nil
}

// bounded refuses rules that are no schedule of days, and those for which looking
// for the next time may take long.
func bounded(o *rrule.ROption) error {
	byMonth, byDay := o.Freq == rrule.YEARLY || o.Freq == rrule.MONTHLY, o.Freq == rrule.WEEKLY || o.Freq == rrule.DAILY
	switch {
	case !byMonth && !byDay:
		return fmt.Errorf("FREQ=%s is not for schedules: use YEARLY, MONTHLY, WEEKLY or DAILY", o.Freq)
	case len(o.Byhour)+len(o.Byminute)+len(o.Bysecond) > 0:
		return errors.New("BYHOUR, BYMINUTE and BYSECOND are not for schedules: make several events of it")
	case o.Interval < 0 || o.Interval > 1000 || o.Count < 0 || o.Count > maxRepetition:
		return fmt.Errorf("INTERVAL may be 1 to 1000, COUNT 1 to %d", maxRepetition)
	case byDay && len(o.Bymonthday)+len(o.Byyearday)+len(o.Byweekno)+len(o.Byeaster)+len(o.Bysetpos) > 0:
		return fmt.Errorf("with FREQ=%s only BYDAY and BYMONTH are supported: use FREQ=MONTHLY or YEARLY", o.Freq)
	case o.Freq == rrule.DAILY && o.Interval > 1 && len(o.Byweekday)+len(o.Bymonth) > 0:
		return errors.New("BYDAY and BYMONTH with FREQ=DAILY need INTERVAL=1: use FREQ=WEEKLY")
	}
	return nil
}
