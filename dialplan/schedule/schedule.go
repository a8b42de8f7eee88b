package schedule

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones also where the system has none
)

// Spec is what a schedule is made of. It is open while one of Open holds and none
// of Except does.
type Spec struct {
	Zone   string // IANA name such as "Europe/Berlin"; "" is the zone of the machine
	Open   []Rule
	Except []Rule
}

// Rule is one reason to be open or not: exactly one of When, Schedule and
// Calendar is set.
type Rule struct {
	Name     string    // how to call it, such as "Christmas"; may be empty
	When     Item      // a time, in the zone of the schedule
	Schedule *Schedule // holds while that one is open, in its own zone
	Calendar *Calendar // holds during its events
}

const (
	// MaxRules is how many rules a schedule may have, with those of the schedules
	// within it.
	MaxRules = 1000
	maxDepth = 8 // schedules within schedules
)

// Schedule knows when it is open. It does not change and may be used by any number
// of goroutines.
type Schedule struct {
	zone          *time.Location
	open, except  []Rule
	rules, depth  int // with all that is within
	work          int // what it costs to ask all rules once
	never, always bool
}

// New makes a schedule, and finds out whether it can ever be open or closed.
func New(spec Spec) (*Schedule, error) {
	zone, err := Zone(spec.Zone)
	if err != nil {
		return nil, err
	}
	s := &Schedule{zone: zone, open: spec.Open, except: spec.Except, depth: 1}
	for _, list := range [...][]Rule{spec.Open, spec.Except} {
		for _, r := range list {
			if err := s.count(r); err != nil {
				return nil, err
			}
		}
	}
	s.never, s.always = !s.ever(true), !s.ever(false)
	return s, nil
}

// Parse makes a schedule of times that are written as [ParseItem] reads them.
func Parse(zone string, open, except []string) (*Schedule, error) {
	spec := Spec{Zone: zone}
	for _, part := range [...]struct {
		texts []string
		rules *[]Rule
	}{{open, &spec.Open}, {except, &spec.Except}} {
		for _, text := range part.texts {
			item, err := ParseItem(text)
			if err != nil {
				return nil, err
			}
			*part.rules = append(*part.rules, Rule{When: item})
		}
	}
	return New(spec)
}

// Zone finds a time zone by its IANA name; "" is that of the machine. The zones
// are part of the program.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf(`time zone %q is not known: write an IANA name such as "Europe/Berlin" or "UTC"`, name)
	}
	return zone, nil
}

func (s *Schedule) count(r Rule) error {
	parts := 0
	if r.When.days != nil {
		parts++
	}
	if r.Schedule != nil {
		parts++
		s.rules += r.Schedule.rules
		s.work += r.Schedule.work
		s.depth = max(s.depth, r.Schedule.depth+1)
	}
	if r.Calendar != nil {
		parts++
	}
	s.rules++
	s.work += 1 + len(r.When.spans)
	switch {
	case parts != 1:
		return fmt.Errorf("rule %q of a schedule has %d of a time, a schedule and a calendar: give it one", r.Name, parts)
	case s.rules > MaxRules:
		return fmt.Errorf("a schedule has at most %d rules, with those of the schedules it names: put holidays into a calendar file", MaxRules)
	case s.depth > maxDepth:
		return fmt.Errorf("schedules are named by schedules %d deep, at most %d are allowed: name the inner ones directly", s.depth, maxDepth)
	}
	return nil
}

// IsOpen reports whether the schedule is open at an instant. It does not allocate.
func (s *Schedule) IsOpen(at time.Time) bool {
	return s.isOpen(wallAt(at, s.zone))
}

func (s *Schedule) isOpen(w wall) bool {
	return holding(s.open, w) != nil && holding(s.except, w) == nil
}

// holding finds the first rule that holds; nil if none does.
func holding(rules []Rule, w wall) *Rule {
	for i := range rules {
		if rules[i].holds(w) {
			return &rules[i]
		}
	}
	return nil
}

func (r *Rule) holds(w wall) bool {
	switch {
	case r.Schedule != nil:
		return r.Schedule.IsOpen(w.at)
	case r.Calendar != nil:
		_, ok := r.Calendar.at(w.at)
		return ok
	}
	return r.When.open(w)
}

// Never reports whether the schedule is open at no time from 2020 to 2050, nor
// around any date that it names.
func (s *Schedule) Never() bool { return s.never }

// Always reports whether the schedule is closed at no such time.
func (s *Schedule) Always() bool { return s.always }

// Zone is the zone of the schedule.
func (s *Schedule) Zone() *time.Location { return s.zone }
