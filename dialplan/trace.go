package dialplan

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Bounds of a trace, so that a call through a big plan stays a small record.
const (
	maxEvents     = 200
	maxEventText  = 300
	listedRoutes  = 40 // contexts with more only show the routes that the number fits
	maxTraceBytes = 64 << 10
)

// Trace is what was decided for a call and why, in the order in which it
// happened.
type Trace struct {
	From      string    `json:"from"`
	To        string    `json:"to"`
	Extension string    `json:"extension,omitempty"`
	Trunk     string    `json:"trunk,omitempty"`
	Start     time.Time `json:"start"`
	Zone      string    `json:"zone,omitempty"` // of the site, such as Europe/Berlin
	Events    []Event   `json:"events"`
	Dropped   int       `json:"dropped,omitempty"` // events beyond the bound
	Outcome   string    `json:"outcome,omitempty"` // how it ended, in words
	Rehearsed bool      `json:"-"`                 // it was no call, so that its times mean nothing
}

// What an Event tells of.
const (
	EventContext = "context" // a context was entered
	EventRoute   = "route"   // a route was considered
	EventStep    = "step"    // a step was taken
)

// Event is one decision or step.
type Event struct {
	Kind    string        `json:"kind"`
	At      time.Duration `json:"at_ns"` // since the start of the call
	Took    time.Duration `json:"took_ns,omitempty"`
	Depth   int           `json:"depth,omitempty"`   // of steps within steps
	Context string        `json:"context,omitempty"` // of a route
	Name    string        `json:"name"`              // of the context or route; the step as it is written
	Value   string        `json:"value,omitempty"`   // of a step that is written with variables: what they stood for
	Fits    bool          `json:"fits,omitempty"`    // the route was chosen
	Text    string        `json:"text,omitempty"`    // why, or how it came out
	File    string        `json:"file,omitempty"`
	Line    int           `json:"line,omitempty"`
}

// add keeps e while there is room; the index is -1 when there is none.
func (t *Trace) add(e Event) int {
	if t == nil {
		return -1
	}
	if len(t.Events) >= maxEvents {
		t.Dropped++
		return -1
	}
	e.Name, e.Value, e.Text = clip(e.Name), clip(e.Value), clip(e.Text)
	t.Events = append(t.Events, e)
	return len(t.Events) - 1
}

func clip(s string) string {
	if len(s) > maxEventText {
		return strings.ToValidUTF8(s[:maxEventText], "") + "..."
	}
	return s
}

// Bytes is the trace as JSON, of at most 64 KiB: events are left out from the
// end when it would be more.
func (t *Trace) Bytes() json.RawMessage {
	for u := *t; ; {
		raw, err := json.Marshal(u)
		if err != nil {
			return nil // a Trace has nothing that JSON lacks
		}
		if len(raw) <= maxTraceBytes || len(u.Events) == 0 {
			return raw
		}
		left := len(u.Events) * 3 / 4
		u.Dropped += len(u.Events) - left
		u.Events = u.Events[:left]
	}
}

// String is the trace for people, a line for each event.
func (t *Trace) String() string {
	var b strings.Builder
	who := t.From
	if t.Extension != "" {
		who = "extension " + t.Extension
	}
	if who == "" {
		who = "an unknown caller"
	}
	if t.Trunk != "" {
		who += " on trunk " + t.Trunk
	}
	start := t.Start
	if zone, err := time.LoadLocation(t.Zone); err == nil && t.Zone != "" {
		start = start.In(zone) // what was read from JSON knows the offset only
	}
	fmt.Fprintf(&b, "%s dials %s, %s\n", who, t.To, start.Format("Mon 2006-01-02 15:04:05 MST"))
	for _, e := range t.Events {
		b.WriteString(e.line(t.Rehearsed) + "\n")
	}
	if t.Dropped > 0 {
		fmt.Fprintf(&b, "... %d more that were not kept\n", t.Dropped)
	}
	if t.Outcome != "" {
		b.WriteString("=> " + t.Outcome + "\n")
	}
	return b.String()
}

func (e Event) line(timeless bool) string {
	var b strings.Builder
	switch e.Kind {
	case EventContext:
		fmt.Fprintf(&b, "%s", e.Name)
	case EventRoute:
		mark := "-"
		if e.Fits {
			mark = "+"
		}
		fmt.Fprintf(&b, "  %s %s", mark, e.Name)
	default:
		fmt.Fprintf(&b, "    %s%s", strings.Repeat("  ", e.Depth), e.label())
	}
	if e.Text != "" {
		b.WriteString(": " + e.Text)
	}
	if e.Kind == EventStep && !timeless {
		fmt.Fprintf(&b, "  (at %s", short(e.At))
		if e.Took > 0 {
			fmt.Fprintf(&b, ", took %s", short(e.Took))
		}
		b.WriteString(")")
	}
	if e.File != "" && e.Kind != EventContext {
		fmt.Fprintf(&b, "  %s:%d", e.File, e.Line)
	}
	return b.String()
}

// label is a step with its values, and behind it the words that are written with
// variables.
func (e Event) label() string {
	if e.Value == "" {
		return e.Name
	}
	var written []string
	for _, word := range strings.Fields(e.Name) {
		if strings.Contains(word, "${") {
			written = append(written, strings.TrimSuffix(word, ","))
		}
	}
	return e.Value + " (" + strings.Join(written, ", ") + ")"
}

// short is a duration in whole milliseconds.
func short(d time.Duration) string { return d.Round(time.Millisecond).String() }
