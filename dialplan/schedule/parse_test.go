package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"dialtone/dialplan/schedule"
)

func TestParseItem(t *testing.T) {
	tests := []struct {
		item   string
		open   string // times apart by commas
		closed string
	}{
		{"Mon-Fri 08:00-18:00", "2026-11-23 08:00, 2026-11-27 17:59", "2026-11-23 07:59, 2026-11-23 18:00, 2026-11-28 12:00"},
		{"monday to FRIDAY 8:00 to 18:00", "2026-11-23 08:00", "2026-11-28 12:00"},
		{"Mon – Fri 08:00–18:00", "2026-11-23 08:00", "2026-11-28 12:00"},
		{"every Tue 08:00-09:00", "2026-11-24 08:30", "2026-11-23 08:30"},
		{"Fri-Mon 10:00-11:00", "2026-11-27 10:00, 2026-11-29 10:00, 2026-11-30 10:00", "2026-12-01 10:00"},
		{"Mon, Wed,Fri 08:00-12:00, 13:00-17:00", "2026-11-25 11:59, 2026-11-25 13:00", "2026-11-25 12:00, 2026-11-24 09:00"},
		{"Tue 08:00-09:00 and 10:00-11:00", "2026-11-24 10:30", "2026-11-24 09:30"},
		{"Sat 22:00-06:00", "2026-11-28 22:00, 2026-11-29 05:59", "2026-11-29 06:00, 2026-11-28 05:00, 2026-11-29 23:00"},
		{"Sat 22:00-24:00", "2026-11-28 23:59", "2026-11-29 00:00"},
		{"Sat 22:00-00:00", "2026-11-28 23:59", "2026-11-29 00:00"},
		{"Sun", "2026-11-29 00:00, 2026-11-29 23:59", "2026-11-28 23:59, 2026-11-30 00:00"},
		{"daily 12:00-13:00", "2026-11-28 12:30", "2026-11-28 13:00"},
		{"every day 12:00-13:00", "2026-11-28 12:30", "2026-11-28 13:00"},
		{"12:00-13:00", "2026-11-28 12:30", "2026-11-28 13:00"},
		{"weekdays", "2026-11-27 12:30", "2026-11-28 13:00"},
		{"weekends 10:00-11:00", "2026-11-28 10:30, 2026-11-29 10:30", "2026-11-27 10:30"},
		{"2026-12-24", "2026-12-24 00:00, 2026-12-24 23:59", "2026-12-23 23:59, 2026-12-25 00:00, 2027-12-24 12:00"},
		{"2026-12-24 14:00-16:00", "2026-12-24 14:00", "2026-12-24 13:00"},
		{"2026-12-24 22:00-02:00", "2026-12-25 01:59", "2026-12-25 02:00, 2026-12-24 01:00"},
		{"2026-12-24 to 2026-12-26", "2026-12-24 00:00, 2026-12-26 23:59", "2026-12-27 00:00"},
		{"2026-12-24 - 2026-12-26 10:00-11:00", "2026-12-25 10:30", "2026-12-25 11:30"},
		{"12-24", "2026-12-24 12:00, 2031-12-24 12:00", "2026-12-25 12:00"},
		{"12-24 to 01-02", "2026-12-24 00:00, 2027-01-02 23:59", "2026-12-23 12:00, 2027-01-03 00:00"},
		{"02-29", "2028-02-29 12:00", "2027-03-01 12:00, 2027-02-28 12:00"},
		{"02-28 to 03-01", "2028-02-29 12:00, 2027-03-01 12:00", "2027-03-02 12:00"},
		{"last Mon of May", "2026-05-25 12:00, 2027-05-31 12:00", "2026-05-18 12:00, 2026-06-01 12:00"},
		{"first Sunday of every month 10:00-12:00", "2026-11-01 10:00, 2026-12-06 11:00", "2026-11-08 10:00"},
		{"2nd Tue of November", "2026-11-10 10:00", "2026-11-03 10:00, 2026-11-17 10:00"},
		{"fifth Sun of the month", "2026-11-29 10:00", "2026-11-22 10:00, 2026-12-27 10:00"},
		{"last Sun of Feb", "2028-02-27 10:00", "2028-02-20 10:00"},
		{"easter", "2026-04-05 12:00, 2027-03-28 12:00, 2038-04-25 12:00", "2026-04-06 12:00"},
		{"easter + 1", "2026-04-06 12:00", "2026-04-05 12:00"},
		{"Easter-2", "2026-04-03 12:00", "2026-04-05 12:00"},
		{"easter+39", "2026-05-14 12:00", "2026-05-15 12:00"},
		{"always", "2026-11-28 00:00, 2026-11-28 23:59", ""},
	}
	for _, test := range tests {
		s, err := schedule.Parse("UTC", []string{test.item}, nil)
		if err != nil {
			t.Errorf("%s: %v", test.item, err)
			continue
		}
		for want, times := range map[bool]string{true: test.open, false: test.closed} {
			for at := range strings.SplitSeq(times, ", ") {
				if at == "" {
					continue
				}
				if got := s.IsOpen(moment(t, time.UTC, at)); got != want {
					t.Errorf("%s at %s: open %v, want %v", test.item, at, got, want)
				}
			}
		}
	}
}

// moment reads "2006-01-02 15:04".
func moment(tb testing.TB, zone *time.Location, text string) time.Time {
	tb.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

func TestParseItemErrors(t *testing.T) {
	tests := []struct {
		item   string
		column int
		says   string // in the reason
		remedy string // in the remedy
	}{
		{"", 1, "no time", "Mon-Fri 08:00-18:00"},
		{"  ", 1, "no time", "Mon-Fri"},
		{"Mox 08:00-10:00", 1, `found "Mox 08:00-10:00"`, "Mon-Fri"},
		{"Mo-Fr 08:00-10:00", 1, "a day or an hour", "Mon-Fri"},
		{"Mon-Mon", 4, "same day", "daily"},
		{"Mon-", 5, "the text ends here", "Mon-Fri"},
		{"Dec 24", 1, "is a month", "12-24"},
		{"24.12.2026", 1, "day.month.year", "2026-12-24"},
		{"12/24/2026", 1, "a date should be here", "year-month-day"},
		{"2026-2-3", 1, "a date should be here", "year-month-day"},
		{"2026-12-4", 1, "two digits", "2026-12-24"},
		{"2026-02-30", 1, "February has no day 30", "calendar"},
		{"02-30", 1, "February has no day 30", "calendar"},
		{"13-01", 1, "no month 13", "month-day"},
		{"1066-10-14", 1, "1066 is out of range", "1970"},
		{"2026-12-24 to 2026-12-20", 15, "ends before", "earlier"},
		{"12-24 to 2026-01-01", 10, "one end", "both a year"},
		{"Mon 8-18", 5, "an hour should be here", "08:00-18:00"},
		{"Mon 08.00-10.00", 5, "an hour should be here", "08:00-18:00"},
		{"Mon 08:00", 10, "end of the range is missing", "08:00-18:00"},
		{"Mon 6:00pm-8:00pm", 9, "am and pm", "18:00"},
		{"25:00-26:00", 1, "no 25:00", "24:00"},
		{"10:60-11:00", 1, "minutes", "08:00-18:00"},
		{"24:00-06:00", 1, "begins at 24:00", "00:00"},
		{"10:00-10:00", 1, "ends when it begins", "whole day"},
		{"Mon 08:00-10:00 Tue", 17, "more than one time", "two"},
		{"always 10:00-11:00", 8, "more than one time", "two"},
		{"last Mon", 9, `"of" and a month`, "last Mon of May"},
		{"last Mon of Foo", 13, "a month should be here", "English"},
		{"6th Mon of May", 1, "a date", "year-month-day"},
		{"easter+", 8, "number of days", "easter+1"},
		{strings.Repeat("x", 201), 201, "at most 200", "several"},
		{"\xff", 1, "UTF-8", "UTF-8"},
		{"08:00-09:00" + strings.Repeat(",8:00-9:00", 17) + ", 8:00-9:00,8:00-9:00,8:00-9:00", 0, "at most", "several"},
	}
	for _, test := range tests {
		_, err := schedule.ParseItem(test.item)
		var e *schedule.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: error %v, want a *schedule.Error", test.item, err)
			continue
		}
		if test.column != 0 && e.Column != test.column || !strings.Contains(e.Reason, test.says) || !strings.Contains(e.Remedy, test.remedy) {
			t.Errorf("%q: %v\nwant column %d, %q, %q", test.item, err, test.column, test.says, test.remedy)
		}
	}
}

func FuzzParseItem(f *testing.F) {
	for _, seed := range []string{"Mon-Fri 08:00-18:00, 19:00-02:00", "2026-12-24 to 2026-12-26 10:00-11:00", "12-24 to 01-02", "last Mon of May", "2nd Tue of every month", "easter-2", "weekends", "always"} {
		f.Add(seed, int64(1774746000))
	}
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		item, err := schedule.ParseItem(text)
		if err != nil {
			var e *schedule.Error
			if !errors.As(err, &e) || e.Column < 1 || e.Column > len([]rune(text))+1 || e.Remedy == "" {
				t.Fatalf("%q: error without a place or remedy: %#v", text, err)
			}
			return
		}
		again, err := schedule.ParseItem(item.String())
		if err != nil || again.String() != item.String() {
			t.Errorf("%q is given back as %q: %v", text, item, err)
		}
		s, err := schedule.New(schedule.Spec{Zone: "Europe/Berlin", Open: []schedule.Rule{{When: item}}})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(seconds%(1<<33), 0)
		open, why := s.Open(at)
		if why == "" || open != s.IsOpen(at) {
			t.Errorf("%q at %v: open %v because %q", text, at, open, why)
		}
		if next, ok := s.NextChange(at); ok && (!next.After(at) || s.IsOpen(next) == open) {
			t.Errorf("%q at %v: no change at %v", text, at, next)
		}
	})
}
