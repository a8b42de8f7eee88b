package schedule

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// Calendar is the events of an iCalendar file (RFC 5545). It does not change.
type Calendar struct {
	name   string
	events []event // by time, none overlaps another
}

// event is one time at which something takes place.
type event struct {
	from, to int64 // Unix seconds, to is not part of it
	name     string
	allDay   bool
}

// Name is what the file calls itself (X-WR-CALNAME, or NAME of RFC 7986); it may
// be empty.
func (c *Calendar) Name() string { return c.name }

// Len is the number of times at which something takes place, overlaps counted
// once.
func (c *Calendar) Len() int { return len(c.events) }

// at finds the event that takes place at an instant.
func (c *Calendar) at(t time.Time) (*event, bool) {
	i := c.after(t)
	if i == 0 || t.Unix() >= c.events[i-1].to {
		return nil, false
	}
	return &c.events[i-1], true
}

// until is an instant before which surely no event begins or ends.
func (c *Calendar) until(t time.Time) time.Time {
	i := c.after(t)
	if i > 0 && t.Unix() < c.events[i-1].to {
		return time.Unix(c.events[i-1].to, 0)
	}
	if i < len(c.events) {
		return time.Unix(c.events[i].from, 0)
	}
	return t.AddDate(horizonYears+1, 0, 0)
}

// after is the index of the first event that begins after t.
func (c *Calendar) after(t time.Time) int {
	now := t.Unix()
	return sort.Search(len(c.events), func(i int) bool { return c.events[i].from > now })
}

// apart sorts events and cuts them so that none overlaps another; of two at the
// same time the one that began first stays, a whole day before a part of it.
func apart(events []event) []event {
	slices.SortStableFunc(events, func(a, b event) int {
		switch {
		case a.from != b.from:
			return cmp.Compare(a.from, b.from)
		case a.allDay && !b.allDay:
			return -1
		case b.allDay && !a.allDay:
			return 1
		}
		return cmp.Compare(b.to, a.to)
	})
	kept := events[:0]
	end := int64(-1 << 62)
	for _, e := range events {
		e.from = max(e.from, end)
		if e.from >= e.to {
			continue
		}
		kept = append(kept, e)
		end = e.to
	}
	return kept
}
