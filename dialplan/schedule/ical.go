package schedule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	ical "github.com/emersion/go-ical"
)

// The limits of a calendar file.
const (
	MaxCalendarBytes = 1 << 20 // of the file
	MaxEvents        = 2000    // events in the file
	MaxOccurrences   = 100_000 // times at which they take place, repetitions written out
	maxNesting       = 8       // components within components
)

// ParseCalendar reads an iCalendar file (RFC 5545). Whole days and times without
// a zone are those of zone, an IANA name as for [Spec]. Events may repeat yearly,
// monthly, weekly or daily (RRULE, RDATE, EXDATE, and single events that were
// moved, RECURRENCE-ID); repetitions are written out up to 2099. Cancelled events
// are left out; those marked as free (TRANSP) count, because calendars of holidays
// mark theirs so.
func ParseCalendar(data []byte, zone string) (*Calendar, error) {
	location, err := Zone(zone)
	if err != nil {
		return nil, err
	}
	if len(data) > MaxCalendarBytes {
		return nil, fmt.Errorf("the calendar has %d bytes, at most %d are allowed: export less of it", len(data), MaxCalendarBytes)
	}
	if err := nesting(data); err != nil {
		return nil, err
	}
	decoder := ical.NewDecoder(bytes.NewReader(data))
	r := reader{zone: location}
	calendars := 0
	for ; ; calendars++ {
		file, err := decode(decoder)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the calendar is not iCalendar (RFC 5545): %w: export it again as .ics", err)
		}
		if err := r.calendar(file); err != nil {
			return nil, err
		}
	}
	if calendars == 0 {
		return nil, errors.New("the calendar is empty: it should begin with BEGIN:VCALENDAR")
	}
	return &Calendar{name: r.name, events: apart(r.events)}, nil
}

// decode reads one calendar. The decoder panics at lines that are cut short; that
// is the file's fault.
func decode(decoder *ical.Decoder) (file *ical.Calendar, err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("a line is cut short (%v)", what)
		}
	}()
	return decoder.Decode()
}

// nesting bounds how deep the decoder goes, and finds files that are not complete.
func nesting(data []byte) error {
	depth := 0
	for line := range bytes.Lines(data) {
		switch upper := bytes.ToUpper(line[:min(len(line), 6)]); {
		case bytes.HasPrefix(upper, []byte("BEGIN")):
			depth++
		case bytes.HasPrefix(upper, []byte("END:")), bytes.HasPrefix(upper, []byte("END;")):
			depth--
		}
		if depth > maxNesting {
			return fmt.Errorf("the calendar has parts %d deep within each other, at most %d are allowed: export it again as .ics", depth, maxNesting)
		}
	}
	if depth > 0 {
		return errors.New("the calendar is cut off, the last END is missing: export it again as .ics")
	}
	return nil
}

// reader collects the events of a file.
type reader struct {
	zone   *time.Location
	name   string
	events []event
	count  int
}

func (r *reader) calendar(file *ical.Calendar) error {
	if r.name == "" {
		for _, prop := range []string{"X-WR-CALNAME", "NAME"} {
			if name, err := file.Props.Text(prop); err == nil && name != "" {
				r.name = clip(name)
				break
			}
		}
	}
	events := file.Events()
	if r.count += len(events); r.count > MaxEvents {
		return fmt.Errorf("the calendar has more than %d events: export less of it", MaxEvents)
	}
	moved, err := r.moved(events)
	if err != nil {
		return err
	}
	for i := range events {
		if err := r.event(&events[i], moved); err != nil {
			return fmt.Errorf("event %s: %w", describe(&events[i]), err)
		}
	}
	return nil
}

// moved finds, by UID, which repetitions have an event of their own instead.
func (r *reader) moved(events []ical.Event) (map[string][]time.Time, error) {
	moved := map[string][]time.Time{}
	for i := range events {
		prop := events[i].Props.Get(ical.PropRecurrenceID)
		if prop == nil {
			continue
		}
		times, err := r.times(prop)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", describe(&events[i]), err)
		}
		uid, _ := events[i].Props.Text(ical.PropUID)
		for _, t := range times {
			moved[uid] = append(moved[uid], t.at)
		}
	}
	return moved, nil
}

// describe names an event so that a person finds it.
func describe(e *ical.Event) string {
	name, _ := e.Props.Text(ical.PropSummary)
	start := ""
	if prop := e.Props.Get(ical.PropDateTimeStart); prop != nil {
		start = " of " + clip(prop.Value)
	}
	return fmt.Sprintf("%q%s", clip(name), start)
}

// clip keeps a name short enough for a message, on one line.
func clip(name string) string {
	runes := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(name, "?")), " "))
	if len(runes) > 80 {
		return string(runes[:80]) + "..."
	}
	return string(runes)
}
