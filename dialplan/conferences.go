package dialplan

import (
	"strings"

	"dialtone/dialplan/pattern"
)

// ConferenceEntry is what a plan knows of a conference.
type ConferenceEntry struct {
	PIN, LeaderPIN Secret
	Leaders        []string // extensions that lead
	Rooms          string   // a pattern: each number is a room; "" is one room
	Dial           string   // the numbers at which extensions reach it, a pattern; "" is none
	Waits          bool     // nobody gets in without a leader
	At             Pos
}

// asks reports whether a PIN is asked for.
func (e *ConferenceEntry) asks() bool { return e.PIN != "" || e.LeaderPIN != "" }

// conferences are those of a plan, by name.
type conferences map[string]*conferenceRooms

type conferenceRooms struct {
	ConferenceEntry
	rooms pattern.Pattern
	dial  pattern.Pattern
}

// find gives the conference that a room belongs to, "" when there is none: the one of
// its name, else the first by name whose rooms it is one of.
func (cs conferences) find(room string) string {
	if c := cs[room]; c != nil && c.Rooms == "" {
		return room
	}
	for _, name := range keys(cs) {
		if c := cs[name]; c.Rooms != "" {
			if _, fits := c.rooms.Match(room); fits {
				return name
			}
		}
	}
	return ""
}

// pins are those of all conferences, by their name and what they make of a caller.
func (cs conferences) pins() map[string]Secret {
	out := map[string]Secret{}
	for name, c := range cs {
		if c.Rooms != "" {
			continue
		}
		for as, pin := range c.roles() {
			out[name+"/"+as] = pin
		}
	}
	return out
}

// The ways to take part.
const (
	asMember = "member"
	asLeader = "leader"
)

// roles are the PINs of a conference.
func (e *ConferenceEntry) roles() map[string]Secret {
	out := map[string]Secret{}
	if e.PIN != "" {
		out[asMember] = e.PIN
	}
	if e.LeaderPIN != "" {
		out[asLeader] = e.LeaderPIN
	}
	return out
}

// conferences compiles those of the spec.
func (c *checker) conferences() {
	c.plan.conferences = conferences{}
	c.in("conferences")
	defer c.out()
	for _, name := range keys(c.spec.Conferences) {
		e := c.spec.Conferences[name]
		own := &conferenceRooms{ConferenceEntry: e}
		c.plan.conferences[name] = own
		c.in(name)
		if e.Rooms != "" {
			c.in("rooms")
			own.rooms, _ = c.number(e.Rooms, Pos{})
			c.out()
		}
		if e.Dial != "" {
			c.conferenceDial(name, own)
		}
		c.out()
	}
}

// conferenceDial checks that the numbers of a conference are nobody else's.
func (c *checker) conferenceDial(name string, own *conferenceRooms) {
	c.in("dial")
	defer c.out()
	p, ok := c.number(own.Dial, Pos{})
	if !ok {
		return
	}
	for _, extension := range c.spec.Extensions {
		if _, fits := p.Match(extension); fits {
			c.fail(Pos{}, "the number "+extension+" is an extension", "use other numbers")
			return
		}
	}
	for _, f := range c.spec.Features.list() {
		if _, fits := p.Match(f.number); fits && f.number != "" {
			c.fail(Pos{}, "the number "+f.number+" is features."+f.name, "use other numbers")
			return
		}
	}
	for _, f := range c.spec.Features.codes() {
		behind, err := pattern.Parse(literal(f.number) + f.behind)
		if err != nil {
			continue
		}
		if number, both := p.Common(behind); both {
			c.fail(Pos{}, "the number "+number+" is features."+f.name+" with a number behind it", "use other numbers")
			return
		}
	}
	for _, other := range keys(c.plan.conferences) {
		before := c.plan.conferences[other]
		if number, both := p.Common(before.dial); both && before.Dial != "" && other != name {
			c.fail(Pos{}, "the number "+number+" is the conference "+other+" too", "use other numbers")
			return
		}
	}
	own.dial = p
}

// leaderless says which conferences wait for a leader that cannot come, and which
// nobody can join.
func (c *checker) leaderless() {
	c.in("conferences")
	defer c.out()
	joined, led, chosen := c.attended()
	for _, name := range keys(c.plan.conferences) {
		e := c.plan.conferences[name]
		c.in(name)
		switch {
		case e.Waits && e.LeaderPIN == "" && len(e.Leaders) == 0 && !led[name]:
			c.fail(e.At, "nobody can lead this conference, so that nobody ever gets in", `write leader_pin, or leaders: ["101"], or a step {conference: `+name+`, as: leader}`)
		case !joined[name] && !chosen && e.Dial == "":
			c.warn(e.At, "nobody can join this conference", `write dial: "850", or a step conference: `+name)
		}
		c.out()
	}
}

// attended says which conferences steps let callers join and lead, and whether one lets
// them choose any.
func (c *checker) attended() (joined, led map[string]bool, chosen bool) {
	joined, led = map[string]bool{}, map[string]bool{}
	c.everyStep(func(s Step) {
		step, ok := s.(*Conference)
		if !ok {
			return
		}
		if step.Room.Value == "" || strings.Contains(step.Room.Value, "${") {
			chosen = true
			for name := range c.plan.conferences {
				led[name] = led[name] || step.As == asLeader && step.Room.Value != ""
			}
			return
		}
		name := c.plan.conferences.find(step.Room.Value)
		joined[name], led[name] = true, led[name] || step.As == asLeader
	})
	return joined, led, chosen
}

// conferenceNames are the names of rooms that are fixed, for suggestions.
func (c *checker) conferenceNames() (out []string) {
	for _, name := range keys(c.plan.conferences) {
		if e := c.plan.conferences[name]; e.Rooms == "" {
			out = append(out, name)
		} else {
			out = append(out, e.Rooms)
		}
	}
	return out
}
