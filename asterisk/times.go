package asterisk

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	clockTimes = regexp.MustCompile(`^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$`)
	dayNames   = regexp.MustCompile(`^(sun|mon|tue|wed|thu|fri|sat)(?:-(sun|mon|tue|wed|thu|fri|sat))?$`)
	dayNumbers = regexp.MustCompile(`^(\d{1,2})(?:-(\d{1,2}))?$`)
)

// times makes a schedule of times,weekdays,days,months and gives its name; "" is
// always.
func (h *house) times(text string, at place) (string, bool) {
	parts := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || r == '|' })
	for len(parts) < 4 {
		parts = append(parts, "*")
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	open, ok := openTimes(parts[0], parts[1], parts[2], parts[3])
	if !ok {
		h.note(at, fmt.Sprintf("the times %q cannot be written as a schedule", text), "write the schedule yourself")
		return "", false
	}
	if open == "" {
		return "", true
	}
	name := nameOf(strings.ToLower(strings.NewReplacer(":", "", "*", "").Replace(open)))
	h.schedules[name] = schedule{open: []string{open}}
	return name, true
}

// openTimes are times as a schedule has them; "" is always.
func openTimes(hours, days, dates, months string) (string, bool) {
	var out []string
	if dates != "*" || months != "*" {
		text := openDates(dates, months)
		if text == "" || days != "*" {
			return "", false
		}
		out = append(out, text)
	}
	if days != "*" {
		m := dayNames.FindStringSubmatch(days)
		if m == nil {
			return "", false
		}
		text := strings.ToUpper(m[1][:1]) + m[1][1:]
		if m[2] != "" {
			text += "-" + strings.ToUpper(m[2][:1]) + m[2][1:]
		}
		out = append(out, text)
	}
	if hours != "*" {
		text := openHours(hours)
		if text == "" {
			return "", false
		}
		if len(out) == 0 {
			out = append(out, "daily")
		}
		out = append(out, text)
	}
	return strings.Join(out, " "), true
}

// openDates are days of one month; "" when they cannot be said.
func openDates(dates, months string) string {
	month := slices.Index([]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}, months) + 1
	d := dayNumbers.FindStringSubmatch(dates)
	if month == 0 || d == nil {
		return ""
	}
	from, _ := strconv.Atoi(d[1])
	text := fmt.Sprintf("%02d-%02d", month, from)
	if d[2] != "" {
		to, _ := strconv.Atoi(d[2])
		text += fmt.Sprintf(" to %02d-%02d", month, to)
	}
	return text
}

// openHours are hours of the day; "" when they cannot be said.
func openHours(hours string) string {
	m := clockTimes.FindStringSubmatch(hours)
	if m == nil {
		return ""
	}
	n := make([]int, 5)
	for i := 1; i < 5; i++ {
		n[i], _ = strconv.Atoi(m[i])
	}
	if n[1] > 23 || n[3] > 24 || n[2] > 59 || n[4] > 59 || n[1] == n[3] && n[2] == n[4] {
		return ""
	}
	if n[3] == 23 && n[4] == 59 {
		n[3], n[4] = 24, 0
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", n[1], n[2], n[3], n[4])
}
