package plantest

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"dialtone/dialplan"
)

// Difference is one expectation that was not met.
type Difference struct {
	Key       string // such as end.cause
	At        dialplan.Pos
	Want, Got string // of one value
	Lines     []Line // of a list; then Want and Got are empty
}

// Line is one line of a list that was expected, happened, or both.
type Line struct {
	Mark rune // '-' was expected, '+' happened, ' ' both
	Text string
}

// compare gives what came out otherwise than expected.
func (e *Expect) compare(o *Observed) []Difference {
	c := &comparison{}
	c.route(e, o)
	c.list("steps", orNone(e.Steps), o.Steps, equal)
	c.moments("rang", orNone(e.Rang), o.Rang)
	c.list("outside", orNone(e.Outside), o.Outside, sameCall)
	c.moments("heard", orNone(e.Heard), o.Heard)
	c.list("logged", orNone(e.Logged), o.Logged, equal)
	c.list("asked", orNone(e.Asked), o.Asked, equal)
	c.list("sent", orNone(e.Sent), o.Sent, sameMessage)
	c.list("voicemail", orNone(e.Voicemail), o.Voicemail, sameVoicemail)
	c.list("recorded", orNone(e.Recorded), o.Recorded, sameVoicemail)
	c.headers(e.Headers, o.Headers)
	if e.Answered != nil && *e.Answered != o.Answered {
		c.differs("answered", e.Where(), strconv.FormatBool(*e.Answered), strconv.FormatBool(o.Answered))
	}
	c.text("answered_by", e.AnsweredBy, o.AnsweredBy)
	c.text("shown", e.Shown, o.Shown)
	c.text("conference", e.Conference, conferenceOf(o.Record))
	if e.End != nil {
		c.text("end.cause", e.End.Cause, o.Cause.String())
		c.text("end.by", e.End.By, o.By)
		if d := e.End.After; d != nil && round(o.After) != *d {
			c.differs("end.after", e.End.Where(), short(*d), short(o.After))
		}
	}
	return c.found
}

// nothing reports whether every call is as expected.
func (e *Expect) nothing() bool {
	bare := *e
	bare.Placed, bare.Route.At, bare.AnsweredBy.At, bare.Shown.At = dialplan.Placed{}, dialplan.Pos{}, dialplan.Pos{}, dialplan.Pos{}
	if end := e.End; end != nil && end.Cause.Value == "" && end.By.Value == "" && end.After == nil {
		bare.End = nil
	}
	return reflect.ValueOf(bare).IsZero()
}

type comparison struct{ found []Difference }

func (c *comparison) differs(key string, at dialplan.Pos, want, got string) {
	c.found = append(c.found, Difference{Key: key, At: at, Want: want, Got: got})
}

func (c *comparison) text(key string, want dialplan.Text, got string) {
	if want.Value != "" && want.Value != got {
		if got == "" {
			got = "nobody"
		}
		c.differs(key, want.At, want.Value, got)
	}
}

func equal(want, got string) bool { return want == got }

// sameRoute compares ROUTE or CONTEXT/ROUTE with the latter.
func sameRoute(want, got string) bool {
	_, name, _ := strings.Cut(got, "/")
	return want == got || want == name
}

// sameCall compares NUMBER, NUMBER via TRUNK or all with NUMBER via TRUNK from SHOWN.
func sameCall(want, got string) bool { return want == got || strings.HasPrefix(got, want+" ") }

func (c *comparison) route(e *Expect, o *Observed) {
	last := o.Routes[len(o.Routes)-1]
	if want := e.Route.Value; want != "" && !sameRoute(want, last) {
		c.differs("route", e.Route.At, want, last)
	}
	c.list("routes", e.Routes, o.Routes, sameRoute)
}

func (c *comparison) moments(key string, want dialplan.Texts, got []Moment) {
	texts := make([]string, len(got))
	for i, m := range got {
		texts[i] = m.String()
	}
	c.list(key, want, texts, func(want, text string) bool {
		e, err := parseMoment(want)
		return err == nil && e.fits(got[slices.Index(texts, text)])
	})
}

// orNone is an expected list; of a word that says that nothing is expected, it is
// one text without a word.
func orNone(want dialplan.Texts) dialplan.Texts {
	if len(want) == 1 && slices.Contains([]string{"nobody", "nothing", "none"}, want[0].Value) {
		return dialplan.Texts{{At: want[0].At}}
	}
	return want
}

// list compares a list in its order.
func (c *comparison) list(key string, want dialplan.Texts, got []string, same func(want, got string) bool) {
	if len(want) == 0 {
		return
	}
	at := want[0].At
	if want[0].Value == "" {
		want = nil
	}
	lines := align(want, got, same)
	if slices.ContainsFunc(lines, func(l Line) bool { return l.Mark != ' ' }) {
		c.found = append(c.found, Difference{Key: key, At: at, Lines: lines})
	}
}

// align pairs as many as possible of what was expected and what happened.
func align(want dialplan.Texts, got []string, same func(want, got string) bool) []Line {
	pairs := make([][]int, len(want)+1) // by what is left of both
	for i := range pairs {
		pairs[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			pairs[i][j] = max(pairs[i+1][j], pairs[i][j+1])
			if same(want[i].Value, got[j]) {
				pairs[i][j] = pairs[i+1][j+1] + 1
			}
		}
	}
	var out []Line
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && same(want[i].Value, got[j]):
			out = append(out, Line{' ', got[j]})
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && pairs[i+1][j] >= pairs[i][j+1]:
			out = append(out, Line{'-', want[i].Value})
			i++
		default:
			out = append(out, Line{'+', got[j]})
			j++
		}
	}
	return out
}
