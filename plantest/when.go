package plantest

import (
	"errors"
	"time"
)

// layouts are how times of tests are written.
var layouts = [...]string{"2006-01-02 15:04", "2006-01-02 15:04:05"}

// usual is when calls are made that do not say.
const usual = "2026-01-05 12:00"

// time reads a time at the site.
func (r reader) time(text string) (time.Time, error) { return when(text, r.Plan.Zone()) }

func when(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range layouts {
		t, err := time.ParseInLocation(layout, text, zone)
		if err != nil {
			continue
		}
		if t.Format(layout) != text {
			return t, errors.New("the clocks go forward over it")
		}
		if t.Year() < 2001 || t.Year() > 2199 {
			return t, errors.New("the year must be 2001 to 2199")
		}
		return t, nil
	}
	return time.Time{}, errors.New("it is neither a date with hours and minutes nor one with seconds")
}
