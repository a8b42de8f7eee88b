package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dialtone/dialplan/schedule"
)

// calendar wraps the lines of events, apart by " | ", into a file.
func calendar(events ...string) []byte {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test\nX-WR-CALNAME:Feiertage\n")
	for i, e := range events {
		fmt.Fprintf(&b, "BEGIN:VEVENT\nDTSTAMP:20260101T000000Z\nUID:%d\n%s\nEND:VEVENT\n", i, strings.ReplaceAll(e, " | ", "\n"))
	}
	b.WriteString("END:VCALENDAR\n")
	return []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))
}

// during makes a schedule that is open during the events.
func during(tb testing.TB, zone string, events ...string) *schedule.Schedule {
	tb.Helper()
	c, err := schedule.ParseCalendar(calendar(events...), zone)
	if err != nil {
		tb.Fatalf("%s: %v", events, err)
	}
	s, err := schedule.New(schedule.Spec{Zone: zone, Open: []schedule.Rule{{Calendar: c}}})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestCalendarEvents(t *testing.T) {
	tests := []struct {
		about, event string
		open, closed string // local times, apart by commas
	}{
		{"a whole day without an end", "DTSTART;VALUE=DATE:20261225", "2026-12-25 00:00, 2026-12-25 23:59", "2026-12-24 23:59, 2026-12-26 00:00"},
		{"the end is the day behind", "DTSTART;VALUE=DATE:20261224 | DTEND;VALUE=DATE:20261227", "2026-12-24 00:00, 2026-12-26 23:59", "2026-12-27 00:00"},
		{"the same day as end", "DTSTART;VALUE=DATE:20261224 | DTEND;VALUE=DATE:20261224", "2026-12-24 12:00", "2026-12-25 00:00"},
		{"days as duration", "DTSTART;VALUE=DATE:20261224 | DURATION:P2D", "2026-12-25 12:00", "2026-12-26 00:00"},
		{"UTC", "DTSTART:20261224T120000Z | DTEND:20261224T130000Z", "2026-12-24 13:00, 2026-12-24 13:59", "2026-12-24 12:59, 2026-12-24 14:00"},
		{"without a zone", "DTSTART:20261224T120000 | DTEND:20261224T130000", "2026-12-24 12:00", "2026-12-24 13:00"},
		{"with a zone", "DTSTART;TZID=America/New_York:20261224T060000 | DURATION:PT1H", "2026-12-24 12:00", "2026-12-24 13:00"},
		{"yearly", "DTSTART;VALUE=DATE:20201225 | RRULE:FREQ=YEARLY", "2020-12-25 12:00, 2026-12-25 12:00, 2099-12-25 12:00", "2019-12-25 12:00, 2026-12-26 12:00, 2100-12-25 12:00"},
		{"yearly until", "DTSTART;VALUE=DATE:20201225 | RRULE:FREQ=YEARLY;UNTIL=20241225", "2024-12-25 12:00", "2025-12-25 12:00"},
		{"yearly, last Monday of May", "DTSTART;VALUE=DATE:20200525 | RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", "2026-05-25 12:00, 2027-05-31 12:00", "2026-05-18 12:00"},
		{"monthly", "DTSTART;VALUE=DATE:20260131 | RRULE:FREQ=MONTHLY;BYMONTHDAY=-1", "2026-02-28 12:00, 2026-04-30 12:00", "2026-04-29 12:00"},
		{"weekly in wall clock", "DTSTART:20260302T090000 | DTEND:20260302T100000 | RRULE:FREQ=WEEKLY;BYDAY=MO,WE", "2026-03-23 09:00, 2026-03-30 09:00, 2026-04-01 09:59", "2026-03-24 09:30, 2026-03-30 10:00"},
		{"every other week", "DTSTART;VALUE=DATE:20260302 | RRULE:FREQ=WEEKLY;INTERVAL=2", "2026-03-16 12:00", "2026-03-09 12:00"},
		{"daily, three times", "DTSTART;VALUE=DATE:20260328 | RRULE:FREQ=DAILY;COUNT=3", "2026-03-28 00:00, 2026-03-29 12:00, 2026-03-30 23:59", "2026-03-31 00:00"},
		{"without some", "DTSTART;VALUE=DATE:20200101 | RRULE:FREQ=YEARLY | EXDATE;VALUE=DATE:20210101,20220101 | EXDATE;VALUE=DATE:20230101", "2020-01-01 12:00, 2024-01-01 12:00", "2021-01-01 12:00, 2022-01-01 12:00, 2023-01-01 12:00"},
		{"with more", "DTSTART;VALUE=DATE:20200101 | RDATE;VALUE=DATE:20200201,20200301", "2020-01-01 12:00, 2020-02-01 12:00, 2020-03-01 12:00", "2020-04-01 12:00"},
		{"a rule that was ended before it began", "DTSTART;VALUE=DATE:20200101 | RRULE:FREQ=YEARLY;UNTIL=20190101", "", "2020-01-01 12:00"},
		{"cancelled", "DTSTART;VALUE=DATE:20261224 | STATUS:CANCELLED", "", "2026-12-24 12:00"},
		{"marked as free", "DTSTART;VALUE=DATE:20261224 | TRANSP:TRANSPARENT", "2026-12-24 12:00", ""},
	}
	for _, test := range tests {
		s := during(t, "Europe/Berlin", test.event)
		for want, times := range map[bool]string{true: test.open, false: test.closed} {
			for at := range strings.SplitSeq(times, ", ") {
				if at != "" && s.IsOpen(moment(t, s.Zone(), at)) != want {
					t.Errorf("%s: at %s open %v, want %v", test.about, at, !want, want)
				}
			}
		}
	}
}

func TestCalendarMovedEvent(t *testing.T) {
	c, err := schedule.ParseCalendar([]byte(strings.ReplaceAll(`BEGIN:VCALENDAR
BEGIN:VEVENT
UID:standup
DTSTART:20260302T090000
DURATION:PT1H
RRULE:FREQ=WEEKLY
END:VEVENT
BEGIN:VEVENT
UID:standup
RECURRENCE-ID:20260309T090000
DTSTART:20260310T150000
DURATION:PT1H
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n")), "UTC")
	if err != nil {
		t.Fatal(err)
	}
	s, err := schedule.New(schedule.Spec{Zone: "UTC", Open: []schedule.Rule{{Calendar: c}}})
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]bool{"2026-03-02 09:30": true, "2026-03-09 09:30": false, "2026-03-10 15:30": true, "2026-03-16 09:30": true} {
		if s.IsOpen(moment(t, time.UTC, at)) != want {
			t.Errorf("at %s open %v, want %v", at, !want, want)
		}
	}
}

func TestCalendarChangesAndReasons(t *testing.T) {
	c, err := schedule.ParseCalendar(calendar(
		"SUMMARY:Weihnachten | DTSTART;VALUE=DATE:20201225 | DTEND;VALUE=DATE:20201227 | RRULE:FREQ=YEARLY",
		"SUMMARY:Umzug\\, Teil 1 | DTSTART:20261224T090000Z | DTEND:20261224T110000Z",
		"SUMMARY:Kehraus | DTSTART:20261224T100000Z | DTEND:20261224T120000Z",
	), "Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if c.Name() != "Feiertage" {
		t.Errorf("Name = %q", c.Name())
	}
	s, err := schedule.New(schedule.Spec{
		Zone:   "Europe/Berlin",
		Open:   []schedule.Rule{rule(t, "", "daily 08:00-18:00")},
		Except: []schedule.Rule{{Calendar: c}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-12-25 10:00": "2026-12-25 is a holiday: Weihnachten",
		"2026-12-24 10:30": "2026-12-24 10:30 is excepted: Umzug, Teil 1",
		"2026-12-24 12:30": "2026-12-24 12:30 is excepted: Kehraus",
		"2026-12-24 13:30": "Thu 13:30 is inside daily 08:00-18:00",
	} {
		if _, why := s.Open(moment(t, s.Zone(), at)); why != want {
			t.Errorf("at %s: %q, want %q", at, why, want)
		}
	}
	at := moment(t, s.Zone(), "2026-12-23 20:00")
	var got []string
	for range 6 {
		at, _ = s.NextChange(at)
		got = append(got, at.Format("02 15:04"))
	}
	if want := "24 08:00, 24 10:00, 24 13:00, 24 18:00, 27 08:00, 27 18:00"; strings.Join(got, ", ") != want {
		t.Errorf("changes at %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestCalendarErrors(t *testing.T) {
	one := func(event string) string { return string(calendar("SUMMARY:Fest | " + event)) }
	tests := []struct{ about, file, says string }{
		{"nothing", "", "BEGIN:VCALENDAR"},
		{"no calendar", "hello\r\n", "RFC 5545"},
		{"cut off", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "cut off"},
		{"a line cut short", "0;0=", "cut short"},
		{"too large", strings.Repeat("x", 1<<20+1), "at most 1048576"},
		{"too deep", strings.Repeat("BEGIN:VEVENT\r\n", 100), "deep"},
		{"too many", string(calendar(make([]string, 2001)...)), "more than 2000 events"},
		{"no start", one("STATUS:CONFIRMED"), `event "Fest": it has no DTSTART`},
		{"no date", one("DTSTART:soon"), "neither a date"},
		{"no zone", one("DTSTART;TZID=W. Europe Standard Time:20261224T090000"), `"W. Europe Standard Time"`},
		{"backwards", one("DTSTART:20261224T090000Z | DTEND:20261224T080000Z"), "ends before"},
		{"mixed", one("DTSTART:20261224T090000Z | DTEND;VALUE=DATE:20261225"), "not both"},
		{"no duration", one("DTSTART:20261224T090000Z | DURATION:long"), "PT1H30M"},
		{"a year ago", one("DTSTART;VALUE=DATE:12261224"), "1226 is out of range"},
		{"hourly", one("DTSTART:20261224T090000Z | RRULE:FREQ=HOURLY"), "FREQ=HOURLY"},
		{"by hour", one("DTSTART:20261224T090000Z | RRULE:FREQ=DAILY;BYHOUR=1,2,3"), "BYHOUR"},
		{"never", one("DTSTART;VALUE=DATE:20260101 | RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "never takes place"},
		{"no rule", one("DTSTART;VALUE=DATE:20260101 | RRULE:FREQ=SOMETIMES"), "SOMETIMES"},
		{"backwards rule", one("DTSTART;VALUE=DATE:20260101 | RRULE:FREQ=YEARLY;INTERVAL=-1"), "INTERVAL"},
		{"two rules", one("DTSTART;VALUE=DATE:20260101 | RRULE:FREQ=YEARLY | RRULE:FREQ=DAILY"), "two RRULE"},
		{"too often", string(calendar("DTSTART;VALUE=DATE:19700101 | RRULE:FREQ=DAILY", "DTSTART;VALUE=DATE:19700101 | RRULE:FREQ=DAILY", "DTSTART;VALUE=DATE:19700101 | RRULE:FREQ=DAILY")), "too often"},
	}
	for _, test := range tests {
		if _, err := schedule.ParseCalendar([]byte(test.file), "UTC"); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.about, err, test.says)
		}
	}
	if _, err := schedule.ParseCalendar(calendar(), "Nowhere"); err == nil {
		t.Error("an unknown zone was taken")
	}
}

func FuzzParseCalendar(f *testing.F) {
	f.Add(calendar("SUMMARY:Weihnachten | DTSTART;VALUE=DATE:20201225 | DTEND;VALUE=DATE:20201227 | RRULE:FREQ=YEARLY"))
	f.Add(calendar("DTSTART;TZID=Europe/Berlin:20260302T090000 | DURATION:PT1H | RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=5 | EXDATE:20260309T090000", "UID:0 | RECURRENCE-ID:20260316T090000 | DTSTART:20260302T090000Z"))
	f.Add(calendar("DTSTART:20260302T090000 | RRULE:FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=1;UNTIL=20300101T000000Z | RDATE:20260303T090000"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := schedule.ParseCalendar(data, "Europe/Berlin")
		if err != nil {
			return
		}
		s, err := schedule.New(schedule.Spec{Zone: "Europe/Berlin", Open: []schedule.Rule{{Calendar: c}}})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		if next, ok := s.NextChange(at); ok && s.IsOpen(next) == s.IsOpen(at) {
			t.Errorf("no change at %v", next)
		}
	})
}
