package corpus

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/internal/testphone"
	"dialtone/plantest"
	"dialtone/storage"
)

// slack is how much later than simulated something may be for real, on a machine
// that does other things too.
const slack = 1500 * time.Millisecond

// compare says how the real call came out otherwise than the simulated one.
func compare(t *try, s *scene, got outcome) {
	t.Helper()
	v := s.virtual
	want := outcome{
		Routes: v.Routes, Steps: v.Steps, Rang: slices.Clone(v.Rang), Outside: v.Outside, Heard: s.heard(got.Heard), Logged: strings.Join(v.Logged, "\n"),
		Asked: v.Asked, Sent: slices.Sorted(slices.Values(v.Sent)), Headers: v.Headers,
		Answered: v.Answered, AnsweredBy: v.AnsweredBy, Shown: strings.TrimSpace(v.Shown), By: v.By, Record: v.Record,
	}
	if n := len(v.Rang); n > 0 && strings.Contains(v.Rang[n-1].What, via) {
		want.Shown, got.Shown = "", "" // a trunk says otherwise who calls
	}
	if v.AnsweredBy == "" && !slices.Contains(got.Heard, got.AnsweredBy) {
		got.AnsweredBy = "" // who only heard an announcement after answering
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

// stranger compares a call of somebody who is nobody here: it is refused, without
// a record, and disturbs nobody.
func stranger(t *try, v *plantest.Observed, end testphone.End, r *storage.CDR, actors []*actor) {
	t.Helper()
	if v.Answered || len(v.Rang) > 0 || v.Cause != dialplan.CauseForbidden {
		t.Errorf("simulated, a caller who is nobody here comes as far as %s, and %v rang", v.Cause, v.Rang)
	}
	if end.Status != 401 || r != nil {
		t.Errorf("for real, the call ended so: %s; want 401, and no record", end)
	}
	for _, a := range actors {
		if len(a.calls) > 0 {
			t.Errorf("%s was called", a.label)
		}
	}
}

// ringing compares who rang, from when, and for how long.
func ringing(t *try, want, got []plantest.Moment) {
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
func records(t *try, want, got storage.CDR) {
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
