package schedule

import (
	"fmt"
	"strings"
	"time"
)

const maxNamed = 4 // rules that a reason lists

// Open reports whether the schedule is open at an instant, and says why in plain
// words: "Tue 21:30 is outside Mon-Fri 08:00-18:00", "2026-12-25 is a holiday:
// Christmas".
func (s *Schedule) Open(at time.Time) (open bool, why string) {
	w := wallAt(at, s.zone)
	in := holding(s.open, w)
	if in == nil {
		return false, s.outside(w)
	}
	if out := holding(s.except, w); out != nil {
		return false, out.excepts(w)
	}
	return true, in.contains(w)
}

// outside says that no rule holds.
func (s *Schedule) outside(w wall) string {
	if len(s.open) == 0 {
		return "the schedule has no hours"
	}
	var list []string
	dated := false
	for i := range s.open {
		if i == maxNamed && len(s.open) > maxNamed+1 {
			list = append(list, fmt.Sprintf("%d more", len(s.open)-maxNamed))
			break
		}
		list = append(list, s.open[i].label())
		dated = dated || s.open[i].When.days == nil || s.open[i].When.dated()
	}
	moment := w.at.Format("Mon 15:04")
	if dated {
		moment = w.at.Format("Mon 2006-01-02 15:04")
	}
	last := len(list) - 1
	if last > 0 {
		return fmt.Sprintf("%s is outside %s and %s", moment, strings.Join(list[:last], ", "), list[last])
	}
	return fmt.Sprintf("%s is outside %s", moment, list[0])
}

// label names a rule.
func (r *Rule) label() string {
	switch {
	case r.When.days != nil && r.Name != "":
		return fmt.Sprintf("%s (%s)", r.Name, r.When)
	case r.When.days != nil:
		return r.When.text
	case r.Name != "":
		return r.Name
	case r.Calendar != nil && r.Calendar.name != "":
		return "the calendar " + r.Calendar.name
	case r.Calendar != nil:
		return "the calendar"
	}
	return "another schedule"
}

// contains says why a rule that holds does.
func (r *Rule) contains(w wall) string {
	if r.Schedule != nil {
		_, why := r.Schedule.Open(w.at)
		return why
	}
	moment, name, _ := r.moment(w)
	return fmt.Sprintf("%s is inside %s", moment, name)
}

// excepts says why a rule that holds makes an exception. Whole days are holidays.
func (r *Rule) excepts(w wall) string {
	if r.Schedule != nil {
		inner := wallAt(w.at, r.Schedule.zone)
		why := ""
		if rule := holding(r.Schedule.open, inner); rule != nil {
			why = rule.excepts(inner)
		}
		if r.Name == "" {
			return why
		}
		return fmt.Sprintf("%s (%s)", why, r.Name)
	}
	moment, name, holiday := r.moment(w)
	if holiday {
		return fmt.Sprintf("%s is a holiday: %s", moment, name)
	}
	return fmt.Sprintf("%s is excepted: %s", moment, name)
}

// moment names the time as the rule sees it, and what the rule calls it.
func (r *Rule) moment(w wall) (moment, name string, holiday bool) {
	name = r.label()
	allDay, dated := r.When.allDay(), r.When.dated()
	if r.Calendar != nil {
		dated = true
		if e, ok := r.Calendar.at(w.at); ok {
			allDay = e.allDay
			if e.name != "" {
				name = e.name
			}
		}
	}
	switch {
	case dated && allDay:
		if r.Name != "" && r.Calendar == nil {
			name = r.Name
		}
		return w.at.Format("2006-01-02"), name, true
	case dated:
		return w.at.Format("2006-01-02 15:04"), name, false
	}
	return w.at.Format("Mon 15:04"), name, false
}
