package main

import (
	"fmt"
	"time"

	"dialtone/config"
)

// parseTime reads a point in time as people say it, in the zone of now; "" is
// no time at all.
func parseTime(text string, now time.Time) (time.Time, error) {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch text {
	case "":
		return time.Time{}, nil
	case "now":
		return now, nil
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.AddDate(0, 0, -1), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		at, err := time.ParseInLocation(layout, text, now.Location())
		if err != nil {
			continue
		}
		if said, _ := time.Parse(layout, text); layout != time.RFC3339 && layout != time.DateOnly {
			return onClock(at, said, text)
		}
		return at, nil
	}
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			today := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), at.Second(), 0, now.Location())
			return onClock(today, at, text)
		}
	}
	if ago, err := config.ParseDuration(text); err == nil {
		return now.Add(-ago.D()), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-05-04, \"2026-05-04 09:30\", 09:30, today, yesterday, or how long ago: 90m, 12h, 7d", text)
}

// onClock gives at, unless the clocks of its zone never show the hour and minute that
// were said.
func onClock(at, said time.Time, text string) (time.Time, error) {
	if at.Hour() != said.Hour() || at.Minute() != said.Minute() {
		return time.Time{}, fmt.Errorf("there is no %s in %s: the clocks go forward over it; write an earlier time, or a later one", text, at.Location())
	}
	return at, nil
}
