package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dialtone/dialplan/schedule"
)

// told is a time as it is written, and a plain way to say whether it holds: it
// looks at what a clock in the zone shows and knows nothing of zones.
type told struct {
	text  string
	holds func(local time.Time) bool
}

func (x told) String() string { return x.text }

// tellDays draws days, as words and as a test of a date at midnight UTC.
func tellDays(t *rapid.T) (string, func(date time.Time) bool) {
	names := []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	from, to := rapid.IntRange(0, 6).Draw(t, "first"), rapid.IntRange(0, 6).Draw(t, "last")
	year := rapid.IntRange(2024, 2028).Draw(t, "year")
	first := time.Date(year, 1, rapid.IntRange(1, 366).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 0, rapid.IntRange(0, 40).Draw(t, "days"))
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return "daily", func(time.Time) bool { return true }
	case 1:
		return names[from], func(d time.Time) bool { return int(d.Weekday()) == from }
	case 2:
		if from == to {
			to = (from + 1) % 7
		}
		return names[from] + "-" + names[to], func(d time.Time) bool {
			return (int(d.Weekday())-from+7)%7 <= (to-from+7)%7
		}
	case 3:
		return first.Format(time.DateOnly) + " to " + last.Format(time.DateOnly), func(d time.Time) bool {
			return !d.Before(first) && !d.After(last)
		}
	case 4:
		a, b := first.Format("01-02"), last.Format("01-02")
		return a + " to " + b, func(d time.Time) bool {
			at := d.Format("01-02")
			if a <= b {
				return a <= at && at <= b
			}
			return at >= a || at <= b
		}
	}
	return fmt.Sprintf("last %s of every month", names[from]), func(d time.Time) bool {
		return int(d.Weekday()) == from && d.AddDate(0, 0, 7).Month() != d.Month()
	}
}

// tell draws days with hours.
func tell(t *rapid.T) told {
	text, on := tellDays(t)
	from, to := rapid.IntRange(0, 1439).Draw(t, "from"), rapid.IntRange(1, 1440).Draw(t, "to")
	if from == to {
		to = from%1440 + 1
	}
	return told{
		text: fmt.Sprintf("%s %02d:%02d-%02d:%02d", text, from/60, from%60, to/60, to%60),
		holds: func(local time.Time) bool {
			minute := local.Hour()*60 + local.Minute()
			today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
			if from < to {
				return on(today) && from <= minute && minute < to
			}
			return on(today) && minute >= from || on(today.AddDate(0, 0, -1)) && minute < to
		},
	}
}

func TestScheduleAgreesWithAskingEveryMinute(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "Asia/Kathmandu", "America/St_Johns"}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		open := rapid.SliceOfN(rapid.Custom(tell), 1, 3).Draw(t, "open")
		except := rapid.SliceOfN(rapid.Custom(tell), 0, 2).Draw(t, "except")
		s, err := schedule.Parse(zone, texts(open), texts(except))
		if err != nil {
			t.Fatal(err)
		}
		oracle := func(at time.Time) bool {
			local := at.In(s.Zone())
			return anyHolds(open, local) && !anyHolds(except, local)
		}
		start := time.Date(rapid.IntRange(2024, 2028).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC)
		start = start.AddDate(0, 0, rapid.IntRange(0, 365).Draw(t, "day"))
		if rapid.Bool().Draw(t, "at a change") {
			if _, change := start.In(s.Zone()).ZoneBounds(); !change.IsZero() {
				start = change.Add(-24 * time.Hour)
			}
		}
		agree(t, s, oracle, start)
	})
}

// agree asks every minute of a day and a half, and that each change that is foretold is
// the next one that is seen.
func agree(t *rapid.T, s *schedule.Schedule, oracle func(time.Time) bool, start time.Time) {
	start = start.Truncate(time.Minute)
	next, foretold := s.NextChange(start)
	was := oracle(start)
	for at := start; at.Before(start.Add(36 * time.Hour)); at = at.Add(time.Minute) {
		want := oracle(at)
		if got := s.IsOpen(at); got != want {
			t.Fatalf("%v: open %v, want %v", at.In(s.Zone()), got, want)
		}
		if want == was {
			if foretold && at.Equal(next) {
				t.Fatalf("a change at %v was foretold, none was seen", next)
			}
			continue
		}
		if !foretold || !at.Equal(next) {
			t.Fatalf("change at %v, foretold was %v, %v", at.In(s.Zone()), next, foretold)
		}
		was = want
		next, foretold = s.NextChange(at)
	}
}

func texts(all []told) []string {
	var list []string
	for _, x := range all {
		list = append(list, x.text)
	}
	return list
}

func anyHolds(all []told, local time.Time) bool {
	for _, x := range all {
		if x.holds(local) {
			return true
		}
	}
	return false
}
