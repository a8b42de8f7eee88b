package corpus

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/plantest"
	"dialtone/storage"
)

// slack is how much later than simulated something may be for real, on a machine
// that does other things too.
const slack = 1500 * time.Millisecond

// compare says how the real call came out otherwise than the simulated one.
func compare(t *testing.T, v *plantest.Observed, got outcome) {
	t.Helper()
	want := outcome{
		Routes: v.Routes, Steps: v.Steps, Rang: slices.Clone(v.Rang), Heard: heard(v), Logged: strings.Join(v.Logged, "\n"),
		Answered: v.Answered, AnsweredBy: v.AnsweredBy, Shown: v.Shown, By: v.By, Record: v.Record,
	}
	ringing(t, want.Rang, got.Rang)
	records(t, v.Record, got.Record)
	for _, o := range []*outcome{&want, &got} {
		o.Rang, o.Record = nil, storage.CDR{}
	}
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("real      %s\nsimulated %s", g, w)
	}
}

// heard is what was heard long enough to be recognised.
func heard(v *plantest.Observed) []string {
	var out []string
	for _, m := range v.Heard {
		what := m.What
		switch {
		case strings.HasPrefix(what, "file en/"), strings.HasPrefix(what, "file fr/"):
			what = "music" // speech is no tone, as music is
		case what == "ringback":
			continue // comes and goes
		case what == "conference":
			what = "echo" // the others say what the caller says
		}
		if n := len(out); m.For >= shortest && (n == 0 || out[n-1] != what) {
			out = append(out, what)
		}
	}
	return out
}

// ringing compares who rang, from when, and for how long.
func ringing(t *testing.T, want, got []plantest.Moment) {
	t.Helper()
	for _, list := range [][]plantest.Moment{want, got} {
		slices.SortFunc(list, func(a, b plantest.Moment) int {
			return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.After, b.After))
		})
	}
	same := slices.EqualFunc(want, got, func(a, b plantest.Moment) bool {
		return a.What == b.What && near(a.After, b.After) && near(a.For, b.For)
	})
	if !same {
		t.Errorf("for real these rang: %v\nsimulated: %v", got, want)
	}
}

func near(a, b time.Duration) bool { return (a - b).Abs() <= slack }

// records compares what is kept of the call.
func records(t *testing.T, want, got storage.CDR) {
	t.Helper()
	if d := got.End.Sub(got.Start); !near(d, want.End.Sub(want.Start)) {
		t.Errorf("it lasted %v for real and %v simulated", d, want.End.Sub(want.Start))
	}
	if got, want := kept(got), kept(want); got != want {
		t.Errorf("recorded for real: %s\nsimulated: %s", got, want)
	}
}

// kept is what must be the same in both records, as text.
func kept(r storage.CDR) string {
	var legs []string
	for _, l := range r.Legs[1:] {
		legs = append(legs, fmt.Sprintf("%s, rang %t, answered %t", l.Cause, !l.Ring.IsZero(), !l.Answer.IsZero()))
	}
	slices.Sort(legs)
	return fmt.Sprintf("%s (%s) to %s by %s: %s, the %s, SIP %d, Q.850 %d\n  %s",
		r.From, r.FromName, r.To, r.Route, r.Cause, r.Blame, r.SIP, r.Q850, strings.Join(legs, "\n  "))
}
