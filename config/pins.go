package config

import (
	"maps"
	"regexp"
	"slices"
)

var pinDigits = regexp.MustCompile(`^[0-9]{4,20}$`)

// pins must be digits, and tell who enters them.
func (c *validator) pins() {
	taken := map[Secret]string{}
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Pins)) {
		pin, path := c.cfg.Pins[name], join("pins", name)
		if !c.good(path) {
			continue
		}
		at := c.place(path).value
		refuse := func(reason, remedy string, warning bool) {
			c.report(finding{at: at, path: path, hide: at.Column, warning: warning, problem: problem{reason, remedy}})
		}
		switch other := taken[pin]; {
		case !pinDigits.MatchString(pin.Reveal()):
			refuse("the PIN is not 4 to 20 digits", "write digits in quotes, or file:PATH to take them from the first line of a file", false)
		case other != "":
			refuse("the PIN is that of "+join("pins", other)+" too", "give one another", false)
		case len(pin) < 6 || counts(pin.Reveal()):
			refuse("the PIN is easy to guess", "use 6 or more random digits", true)
		}
		taken[pin] = name
	}
}

// counts reports whether digits only repeat or count.
func counts(digits string) bool {
	same, up, down := true, true, true
	for i := 1; i < len(digits); i++ {
		d := int(digits[i]) - int(digits[i-1])
		same, up, down = same && d == 0, up && (d+10)%10 == 1, down && (d+10)%10 == 9
	}
	return same || up || down
}
