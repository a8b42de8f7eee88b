package plantest

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"dialtone/config"
)

// Moment is something that lasted: a phone that rang, something that was heard.
type Moment struct {
	What  string
	After time.Duration // from the start of the call
	For   time.Duration
	open  bool // it has not ended
}

// String is "101 desk after 5s for 20s".
func (m Moment) String() string {
	return fmt.Sprintf("%s after %s for %s", m.What, short(m.After), short(m.For))
}

// expected is a Moment of which parts may not matter.
type expected struct {
	what         string
	after, lasts *time.Duration
}

var momentText = regexp.MustCompile(`^(.+?)(?: after (\S+))?(?: for (\S+))?$`)

// parseMoment reads "101", "101 after 5s" or "101 after 5s for 20s".
func parseMoment(text string) (expected, error) {
	m := momentText.FindStringSubmatch(text)
	if m == nil {
		return expected{}, fmt.Errorf("%q is nothing that can be expected", text)
	}
	e := expected{what: m[1]}
	for i, d := range []**time.Duration{&e.after, &e.lasts} {
		if m[i+2] == "" {
			continue
		}
		v, err := config.ParseDuration(m[i+2])
		if err != nil && strings.HasPrefix(text, "say ") { // a word of what is said
			return expected{what: text}, nil
		}
		if err != nil {
			return e, fmt.Errorf("%q is no duration", m[i+2])
		}
		own := v.D()
		*d = &own
	}
	return e, nil
}

// fits reports whether m is what was expected.
func (e expected) fits(m Moment) bool {
	same := func(want *time.Duration, got time.Duration) bool { return want == nil || *want == round(got) }
	return e.what == m.What && same(e.after, m.After) && same(e.lasts, m.For)
}

// round takes off what keeps things at the same moment in order.
func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// short is a duration as tests write it: "0s", "1m5s".
func short(d time.Duration) string {
	if d = round(d); d == 0 {
		return "0s"
	}
	return config.Duration(d).String()
}
