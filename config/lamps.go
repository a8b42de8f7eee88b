package config

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/dialplan"
)

// MaxLampList is how many a list of lamps may have.
const MaxLampList = 100

// Lamps say what phones may know of what the others do.
type Lamps struct {
	// Callers shows who calls, or is called, to those who watch an extension. Without it
	// they see only whether it rings or talks.
	Callers bool `yaml:"callers"`
	// Lists are what phones watch together, by the name that they subscribe to
	// (sip:NAME@HOST, RFC 4662). Groups are lists too, by their names.
	Lists map[string]LampList `yaml:"lists,omitempty" key:"name"`
}

// LampList is a list of lamps.
type LampList struct {
	// Members are extensions, slots and conferences: at most 100.
	Members []string `yaml:"members"`
}

// watchers must be extensions.
func (c *validator) watchers() {
	for _, name := range sortedKeys(c.cfg.Extensions) {
		for i, e := range c.cfg.Extensions[name].Watchers {
			p := fmt.Sprintf("%s[%d]", join(join("extensions", name), "watchers"), i)
			if _, known := c.cfg.Extensions[e]; known || !c.good(p) {
				continue
			}
			c.fail(p, "there is no extension "+quoted(e), c.extensionLike(e))
		}
	}
}

// extensionLike is what to do about an extension that is not there.
func (c *validator) extensionLike(e string) string {
	if near := dialplan.Nearest(e, sortedKeys(c.cfg.Extensions)); near != "" {
		return "did you mean " + quoted(near) + "?"
	}
	return "define it under extensions"
}

// lampLists must have names of their own, and what can be watched in them.
func (c *validator) lampLists() {
	for _, name := range sortedKeys(c.cfg.Lamps.Lists) {
		p, list := join("lamps.lists", name), c.cfg.Lamps.Lists[name].Members
		if !c.good(p) || !c.good(join(p, "members")) {
			continue
		}
		switch _, group := c.cfg.Groups[name]; {
		case c.cfg.Watchable(name):
			c.fail(p, quoted(name)+" can be watched by itself", "give the list another name")
		case group:
			c.fail(p, "there is a group "+quoted(name)+", which is a list already", "remove this one, or give it another name")
		case len(list) == 0 || len(list) > MaxLampList:
			c.fail(join(p, "members"), fmt.Sprintf("it has %d members", len(list)), fmt.Sprintf("name 1 to %d", MaxLampList))
		}
		for i, of := range list {
			at := fmt.Sprintf("%s[%d]", join(p, "members"), i)
			if c.good(at) && !c.cfg.Watchable(of) {
				c.fail(at, "there is no extension, slot or conference "+quoted(of), c.extensionLike(of))
			}
		}
	}
}

// MayWatch reports whether an extension may have a lamp for another one.
func (c *Config) MayWatch(by, of string) bool {
	e, known := c.Extensions[of]
	return known && (by == of || e.Watchers == nil || slices.Contains(e.Watchers, by))
}

// LampList are the members of a list of lamps, or of a group; nil when there is none.
func (c *Config) LampList(name string) []string {
	if list, known := c.Lamps.Lists[name]; known {
		return list.Members
	}
	g := c.Groups[name]
	if g == nil {
		return nil
	}
	list := make([]string, 0, len(g.Members))
	for _, m := range g.Members {
		if e := m.Extension.Value; len(list) < MaxLampList && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// Watchable reports whether a number can have a lamp: that of an extension, of a slot or
// of a conference.
func (c *Config) Watchable(number string) bool {
	_, known := c.Extensions[number]
	return known || c.place(number)
}

// place reports whether a number is that of a slot or of a conference.
func (c *Config) place(number string) bool {
	for _, one := range c.Conferences {
		if one.Dial != "" && one.Dial == number {
			return true
		}
	}
	first, last, _ := strings.Cut(c.Parking.Slots, "-")
	return number != "" && len(number) == len(first) && first <= number && number <= last && strings.Trim(number, "0123456789") == ""
}
