package schedule_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/dialplan/schedule"
)

func mustParse(tb testing.TB, zone string, open, except []string) *schedule.Schedule {
	tb.Helper()
	s, err := schedule.Parse(zone, open, except)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func rule(tb testing.TB, name, text string) schedule.Rule {
	tb.Helper()
	item, err := schedule.ParseItem(text)
	if err != nil {
		tb.Fatal(err)
	}
	return schedule.Rule{Name: name, When: item}
}

// TestClockChanges gives the instants, in UTC, at which a schedule opens and
// closes on the day of a change.
func TestClockChanges(t *testing.T) {
	tests := []struct {
		about   string
		zone    string
		item    string
		from    string // UTC
		changes string // UTC, beginning with the next opening
	}{
		{"Berlin forward: the hour from 02:00 does not exist", "Europe/Berlin", "Sun 02:00-03:00", "2026-03-28 12:00", "2026-04-05 00:00, 2026-04-05 01:00"},
		{"Berlin forward: what begins within it begins at 03:00", "Europe/Berlin", "Sun 02:30-06:00", "2026-03-28 12:00", "2026-03-29 01:00, 2026-03-29 04:00"},
		{"Berlin forward: what ends within it ends at 03:00", "Europe/Berlin", "Sat 22:00-02:30", "2026-03-28 12:00", "2026-03-28 21:00, 2026-03-29 01:00"},
		{"Berlin forward: a night is an hour shorter", "Europe/Berlin", "Sat 22:00-06:00", "2026-03-28 12:00", "2026-03-28 21:00, 2026-03-29 04:00"},
		{"Berlin back: a night is an hour longer", "Europe/Berlin", "Sat 22:00-06:00", "2026-10-24 12:00", "2026-10-24 20:00, 2026-10-25 05:00"},
		{"Berlin back: half of the hour comes twice", "Europe/Berlin", "Sun 02:00-02:30", "2026-10-24 12:00", "2026-10-25 00:00, 2026-10-25 00:30, 2026-10-25 01:00, 2026-10-25 01:30"},
		{"Berlin back: the whole hour is open both times", "Europe/Berlin", "Sun 02:00-03:00", "2026-10-24 12:00", "2026-10-25 00:00, 2026-10-25 02:00"},
		{"Berlin: office hours are those of the wall clock", "Europe/Berlin", "Mon 08:00-18:00", "2026-03-22 12:00", "2026-03-23 07:00, 2026-03-23 17:00, 2026-03-30 06:00, 2026-03-30 16:00"},
		{"New York forward", "America/New_York", "Sun 02:30-06:00", "2026-03-07 12:00", "2026-03-08 07:00, 2026-03-08 10:00"},
		{"New York forward: a day has 23 hours", "America/New_York", "2026-03-08", "2026-03-07 12:00", "2026-03-08 05:00, 2026-03-09 04:00"},
		{"New York back: a day has 25 hours", "America/New_York", "2026-11-01", "2026-10-31 12:00", "2026-11-01 04:00, 2026-11-02 05:00"},
		{"New York back: the hour from 01:00 comes twice", "America/New_York", "Sun 01:00-01:15", "2026-10-31 12:00", "2026-11-01 05:00, 2026-11-01 05:15, 2026-11-01 06:00, 2026-11-01 06:15"},
		{"Lord Howe forward by half an hour: 02:00 to 02:30 does not exist", "Australia/Lord_Howe", "Sun 02:15-02:45", "2026-10-03 00:00", "2026-10-03 15:30, 2026-10-03 15:45"},
		{"Lord Howe back by half an hour: 01:30 to 02:00 comes twice", "Australia/Lord_Howe", "Sun 01:30-01:45", "2026-04-04 00:00", "2026-04-04 14:30, 2026-04-04 14:45, 2026-04-04 15:00, 2026-04-04 15:15"},
		{"Beirut forward at midnight: the day begins at 01:00", "Asia/Beirut", "2026-03-29", "2026-03-28 12:00", "2026-03-28 22:00, 2026-03-29 21:00"},
	}
	for _, test := range tests {
		t.Run(test.about, func(t *testing.T) {
			s := mustParse(t, test.zone, []string{test.item}, nil)
			at := moment(t, time.UTC, test.from)
			var got []string
			for range strings.Count(test.changes, ",") + 1 {
				next, ok := s.NextChange(at)
				if !ok {
					break
				}
				if s.IsOpen(next) == s.IsOpen(next.Add(-time.Nanosecond)) {
					t.Errorf("nothing changes at %v", next)
				}
				got = append(got, next.UTC().Format("2006-01-02 15:04"))
				at = next
			}
			if strings.Join(got, ", ") != test.changes {
				t.Errorf("%s changes at\n%s, want\n%s", test.item, strings.Join(got, ", "), test.changes)
			}
		})
	}
}

func TestWhy(t *testing.T) {
	holidays, err := schedule.New(schedule.Spec{Zone: "Europe/Berlin", Open: []schedule.Rule{
		rule(t, "Christmas", "12-25"), rule(t, "", "12-26"), rule(t, "Silvester", "12-31 14:00-24:00"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	office, err := schedule.New(schedule.Spec{
		Zone:   "Europe/Berlin",
		Open:   []schedule.Rule{rule(t, "", "Mon-Fri 08:00-18:00"), rule(t, "market day", "Sat 08:00-12:00")},
		Except: []schedule.Rule{rule(t, "lunch", "daily 12:00-13:00"), {Name: "holidays", Schedule: holidays}, rule(t, "", "2026-11-26")},
	})
	if err != nil {
		t.Fatal(err)
	}
	christmas := mustParse(t, "Europe/Berlin", []string{"12-24 to 12-26"}, nil)
	many := mustParse(t, "UTC", []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}, nil)
	empty := mustParse(t, "UTC", nil, nil)
	tests := []struct {
		schedule *schedule.Schedule
		at       string
		open     bool
		why      string
	}{
		{office, "2026-11-24 10:00", true, "Tue 10:00 is inside Mon-Fri 08:00-18:00"},
		{office, "2026-11-28 10:00", true, "Sat 10:00 is inside market day (Sat 08:00-12:00)"},
		{office, "2026-11-24 21:30", false, "Tue 21:30 is outside Mon-Fri 08:00-18:00 and market day (Sat 08:00-12:00)"},
		{office, "2026-11-24 12:30", false, "Tue 12:30 is excepted: lunch (daily 12:00-13:00)"},
		{office, "2026-11-26 10:00", false, "2026-11-26 is a holiday: 2026-11-26"},
		{office, "2026-12-25 10:00", false, "2026-12-25 is a holiday: Christmas (holidays)"},
		{office, "2026-12-31 14:30", false, "2026-12-31 14:30 is excepted: Silvester (12-31 14:00-24:00) (holidays)"},
		{christmas, "2026-12-25 10:00", true, "2026-12-25 is inside 12-24 to 12-26"},
		{christmas, "2026-11-24 10:00", false, "Tue 2026-11-24 10:00 is outside 12-24 to 12-26"},
		{many, "2026-11-29 10:00", false, "Sun 10:00 is outside Mon, Tue, Wed, Thu and 2 more"},
		{empty, "2026-11-29 10:00", false, "the schedule has no hours"},
	}
	for _, test := range tests {
		open, why := test.schedule.Open(moment(t, test.schedule.Zone(), test.at))
		if open != test.open || why != test.why {
			t.Errorf("%s: %v, %q\nwant %v, %q", test.at, open, why, test.open, test.why)
		}
	}
}

func TestASchedulesZoneIsItsOwn(t *testing.T) {
	tokyo := mustParse(t, "Asia/Tokyo", []string{"Mon 09:00-17:00"}, nil)
	berlin, err := schedule.New(schedule.Spec{Zone: "Europe/Berlin", Open: []schedule.Rule{{Name: "Tokyo", Schedule: tokyo}}})
	if err != nil {
		t.Fatal(err)
	}
	at := moment(t, time.UTC, "2026-11-23 00:00")
	if open, why := berlin.Open(at); !open || why != "Mon 09:00 is inside Mon 09:00-17:00" {
		t.Errorf("%v, %q", open, why)
	}
	if next, ok := berlin.NextChange(at); !ok || !next.Equal(at.Add(8*time.Hour)) {
		t.Errorf("next change at %v", next)
	}
}

func TestNeverAndAlways(t *testing.T) {
	tests := []struct {
		open, except  string
		never, always bool
	}{
		{"always", "", false, true},
		{"00:00-12:00; 12:00-24:00", "", false, true},
		{"always", "always", true, false},
		{"", "", true, false},
		{"Mon-Fri 08:00-18:00", "", false, false},
		{"Mon-Fri 08:00-18:00", "weekdays", true, false},
		{"Sat 22:00-02:00", "Sat", false, false},
		{"Sat 22:00-02:00", "Sat; Sun 00:00-02:00", true, false},
		{"last Sun of Mar 02:00-03:00", "", true, false}, // the hour that Berlin leaves out
		{"fifth Mon of Feb", "", false, false},           // 2044 has one
		{"12-24 08:00-10:00", "12-24 to 12-26", true, false},
		{"02-29", "", false, false},
		{"2199-12-31", "", false, false},
		{"1990-01-01", "", false, false},
		{"2199-12-31", "2199-12-01 to 2199-12-31", true, false},
		{"always", "2199-12-31", false, false},
	}
	list := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(s, "; ")
	}
	for _, test := range tests {
		s := mustParse(t, "Europe/Berlin", list(test.open), list(test.except))
		if s.Never() != test.never || s.Always() != test.always {
			t.Errorf("%q except %q: never %v, always %v", test.open, test.except, s.Never(), s.Always())
		}
		if _, ok := s.NextChange(time.Now()); ok && (test.never || test.always) {
			t.Errorf("%q except %q has a next change", test.open, test.except)
		}
	}
}

func TestNoChangeWithinTenYears(t *testing.T) {
	s := mustParse(t, "UTC", []string{"2030-01-01"}, nil)
	if next, ok := s.NextChange(moment(t, time.UTC, "2019-12-01 00:00")); ok {
		t.Errorf("change at %v", next)
	}
	if _, ok := s.NextChange(moment(t, time.UTC, "2021-12-01 00:00")); !ok {
		t.Error("no change within ten years")
	}
	if next, ok := s.NextChange(moment(t, time.UTC, "2031-12-01 00:00")); ok {
		t.Errorf("change at %v", next)
	}
}

func TestSpecErrors(t *testing.T) {
	deep := mustParse(t, "UTC", []string{"Mon"}, nil)
	var err error
	for range 9 {
		var next *schedule.Schedule
		if next, err = schedule.New(schedule.Spec{Zone: "UTC", Open: []schedule.Rule{{Schedule: deep}}}); err != nil {
			break
		}
		deep = next
	}
	if err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("schedules within schedules: %v", err)
	}
	if _, err := schedule.New(schedule.Spec{Zone: "Europe/Bärlin"}); err == nil || !strings.Contains(err.Error(), `"Europe/Berlin"`) {
		t.Errorf("unknown zone: %v", err)
	}
	if _, err := schedule.New(schedule.Spec{Zone: "UTC", Open: []schedule.Rule{{Name: "nothing"}}}); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("a rule of nothing: %v", err)
	}
	if _, err := schedule.New(schedule.Spec{Zone: "UTC", Open: make([]schedule.Rule, 1001)}); err == nil {
		t.Error("1001 empty rules were taken")
	}
	if _, err := schedule.Parse("UTC", nil, []string{"Mox"}); err == nil {
		t.Error("a wrong exception was taken")
	}
	rules := make([]schedule.Rule, 1001)
	for i := range rules {
		rules[i] = rule(t, "", "Mon")
	}
	if _, err := schedule.New(schedule.Spec{Zone: "UTC", Open: rules}); err == nil || !strings.Contains(err.Error(), "1000") {
		t.Errorf("1001 rules: %v", err)
	}
}

func TestIsOpenDoesNotAllocate(t *testing.T) {
	s := mustParse(t, "Europe/Berlin", []string{"Mon-Fri 08:00-18:00", "last Sat of May", "easter+1"}, []string{"12-24 to 01-02"})
	at := moment(t, s.Zone(), "2026-11-24 21:30")
	if n := testing.AllocsPerRun(100, func() { s.IsOpen(at) }); n != 0 {
		t.Errorf("IsOpen allocates %v times", n)
	}
}

func BenchmarkIsOpen(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		var holidays []string
		for i := range n {
			holidays = append(holidays, fmt.Sprintf("2026-%02d-%02d", i%12+1, i%28+1))
		}
		s := mustParse(b, "Europe/Berlin", []string{"Mon-Fri 08:00-18:00"}, holidays)
		at := moment(b, s.Zone(), "2026-11-24 10:00")
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				s.IsOpen(at)
			}
		})
	}
}

func BenchmarkNewOfASlowSchedule(b *testing.B) {
	var never []string
	for i := range 999 {
		never = append(never, fmt.Sprintf("Tue %02d:%02d-%02d:30", i%23, i%60, i%23+1))
	}
	for range b.N {
		if _, err := schedule.Parse("Europe/Berlin", never, []string{"Mon-Wed"}); err != nil {
			b.Fatal(err)
		}
	}
}
