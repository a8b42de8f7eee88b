package plantest

import (
	"strconv"
	"time"

	"dialtone/dialplan"
)

// words are what a phone can be said to do without a time.
var words = [...]string{"answers", "busy", "declines", "unreachable", "rings"}

// deed is what a phone does when it is called.
type deed struct {
	name  string
	after *time.Duration // nil for what it does not do
	ended *dialplan.Ended
}

// deeds are those with a time.
func (p *Phone) deeds() []deed {
	return []deed{
		{"answers", p.Answers, nil},
		{"busy", p.Busy, &dialplan.Ended{Cause: dialplan.CauseBusy, Status: 486, Remote: true}},
		{"declines", p.Declines, &dialplan.Ended{Cause: dialplan.CauseDeclined, Status: 603, Remote: true}},
		{"unreachable", p.Unreachable, &dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: "the phone does not answer requests"}},
	}
}

// act is what the phone does; after is nil when it rings for ever.
func (p *Phone) act() deed {
	for _, d := range p.deeds() {
		if d.after == nil && d.name == p.Does.Value {
			d.after = new(time.Duration)
		}
		if d.after != nil {
			return d
		}
	}
	return deed{name: "rings"}
}

// rings reports whether the phone tells that it rings, before it does d.
func (d deed) rings() bool {
	switch d.name {
	case "rings", "answers":
		return true
	case "unreachable":
		return false
	}
	return *d.after > 0
}

// label is what reports call a phone: the n-th of count of an extension.
func (p *Phone) label(extension string, n, count int) string {
	if name := p.Phone.Value; name != "" {
		return extension + " " + name
	}
	if count == 1 {
		return extension
	}
	return extension + " phone " + strconv.Itoa(n+1)
}
