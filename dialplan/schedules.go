package dialplan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dialtone/dialplan/schedule"
)

// compileSchedules makes the schedules, those that others except before them.
func (c *checker) compileSchedules() {
	c.plan.schedules = map[string]*schedule.Schedule{}
	c.in("schedules")
	defer c.out()
	for _, name := range keys(c.spec.Schedules) {
		c.schedule(name, nil)
	}
}

// schedule makes one, nil when it is wrong. way are those that are being made.
func (c *checker) schedule(name string, way []string) *schedule.Schedule {
	if s, done := c.plan.schedules[name]; done {
		return s
	}
	spec := c.spec.Schedules[name]
	c.in(name)
	defer c.out()
	c.plan.schedules[name] = nil
	before := len(c.findings)
	made := schedule.Spec{Zone: c.spec.Site.Timezone}
	if spec.Timezone.Value != "" {
		made.Zone = spec.Timezone.Value
		if _, err := schedule.Zone(made.Zone); err != nil {
			c.fail(spec.Timezone.At, quote(made.Zone)+" is not a time zone", "write one like Europe/Berlin")
		}
	}
	c.in("open")
	made.Open = c.times(spec.Open)
	c.out()
	c.in("dates")
	made.Open = append(made.Open, c.times(spec.Dates)...)
	c.out()
	if rule, ok := c.calendar(spec.Ical, made.Zone); ok {
		made.Open = append(made.Open, rule)
	}
	c.in("except")
	made.Except = c.exceptions(spec.Except, append(slices.Clone(way), name))
	c.out()
	if spec.Ical.Value != "" && c.spec.ReadFile == nil {
		return nil // nobody can know
	}
	if len(made.Open) == 0 && len(c.findings) == before {
		c.fail(spec.Where(), "the schedule is never open", `write open: ["Mon-Fri 08:00-18:00"], or dates:`)
	}
	if len(c.findings) > before {
		return nil
	}
	s, err := schedule.New(made)
	if err != nil {
		c.fail(spec.Where(), err.Error(), "")
		return nil
	}
	switch {
	case s.Never():
		c.warn(spec.Where(), "the schedule is never open", "look at what except takes away, and at the years of dates")
	case s.Always():
		c.warn(spec.Where(), "the schedule is always open", "use no condition instead")
	}
	c.plan.schedules[name] = s
	return s
}

// times reads times and dates.
func (c *checker) times(list Texts) []schedule.Rule {
	var out []schedule.Rule
	for _, t := range list {
		if item, ok := c.item(t); ok {
			out = append(out, schedule.Rule{When: item})
		}
	}
	return out
}

func (c *checker) item(t Text) (schedule.Item, bool) {
	item, err := schedule.ParseItem(t.Value)
	if err == nil {
		return item, true
	}
	at, reason, remedy := t.At, err.Error(), ""
	var e *schedule.Error
	if errors.As(err, &e) {
		at.Column += e.Column - 1
		reason, remedy = quote(t.Value)+" is no time: "+e.Reason, e.Remedy
	}
	c.fail(at, reason, remedy)
	return item, false
}

// exceptions are names of schedules, or times.
func (c *checker) exceptions(list Texts, way []string) []schedule.Rule {
	var out []schedule.Rule
	for _, t := range list {
		switch {
		case slices.Contains(way, t.Value):
			c.fail(t.At, "the schedule excepts itself: "+strings.Join(append(way, t.Value), " -> "), "name another, or remove it")
		case c.spec.Schedules[t.Value] != nil:
			c.usedSchedules[t.Value] = true
			path := c.path
			c.path = path[:1]
			if s := c.schedule(t.Value, way); s != nil {
				out = append(out, schedule.Rule{Name: t.Value, Schedule: s})
			}
			c.path = path
		case isWord(t.Value):
			c.undefined(t.At, "schedule", t.Value, keys(c.spec.Schedules))
		default:
			if item, ok := c.item(t); ok {
				out = append(out, schedule.Rule{When: item})
			}
		}
	}
	return out
}

// isWord reports whether s looks like a name rather than a time.
func isWord(s string) bool {
	if strings.ContainsAny(s, " 0123456789:+") {
		return false
	}
	_, err := schedule.ParseItem(s)
	return err != nil
}

// calendar reads the file of ical.
func (c *checker) calendar(t Text, zone string) (schedule.Rule, bool) {
	if t.Value == "" || c.spec.ReadFile == nil {
		return schedule.Rule{}, t.Value != "" && c.spec.ReadFile != nil
	}
	c.in("ical")
	defer c.out()
	data, err := c.spec.ReadFile(t.Value)
	if err != nil {
		c.fail(t.At, fmt.Sprintf("the calendar cannot be read: %v", err), "check the name; it is relative to the configuration file")
		return schedule.Rule{}, false
	}
	cal, err := schedule.ParseCalendar(data, zone)
	if err != nil {
		c.fail(t.At, t.Value+" is no calendar: "+err.Error(), "export it as iCalendar (.ics)")
		return schedule.Rule{}, false
	}
	return schedule.Rule{Name: "calendar", Calendar: cal}, true
}
