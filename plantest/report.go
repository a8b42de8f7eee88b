package plantest

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"dialtone/dialplan"
)

// Outcome is a suite that was run, or why it could not be.
type Outcome struct {
	Suite   *Suite
	Err     error // config.Errors of the tests or their plan
	Results []*Result
}

// Counts are how many tests there were and how many of them failed; a file that
// cannot be read is one failure.
func (o *Outcome) Counts() (tests, failed int) {
	if o.Err != nil {
		return 1, 1
	}
	for _, r := range o.Results {
		if r.Failed() {
			failed++
		}
	}
	return len(o.Results), failed
}

// called is how long the calls of the tests were together.
func (o *Outcome) called() time.Duration {
	var sum time.Duration
	for _, r := range o.Results {
		if r.Observed != nil {
			sum += r.Observed.After
		}
	}
	return sum
}

// Write writes what came out, for people: a line for the file, and all of each
// test that failed. With verbose there is a line for each test.
func (o *Outcome) Write(w io.Writer, verbose bool) {
	if o.Err != nil {
		fmt.Fprintf(w, "FAIL  %s cannot be run\n%s", o.Suite.Name, indent(problems(o.Err), "      "))
		return
	}
	for _, r := range o.Results {
		switch {
		case r.Failed():
			fmt.Fprintf(w, "FAIL  %s:%d: %s\n%s", r.Case.Where().File, r.Case.Where().Line, r.Case.Name.Value, indent(r.Text(), "      "))
		case verbose:
			fmt.Fprintf(w, "ok    %s:%d: %s\n", r.Case.Where().File, r.Case.Where().Line, r.Case.Name.Value)
		}
	}
	for _, n := range o.idle() {
		fmt.Fprintf(w, "note  %s:%d: no test calls %s of outside; correct the number, or remove it\n", n.At.File, n.At.Line, n.Value)
	}
	tests, failed := o.Counts()
	if failed == 0 {
		fmt.Fprintf(w, "ok    %s: %s, %s of calls\n", o.Suite.Name, count(tests, "test"), short(o.called().Round(time.Second)))
		return
	}
	fmt.Fprintf(w, "FAIL  %s: %d of %s failed\n", o.Suite.Name, failed, count(tests, "test"))
}

// idle are the numbers outside that no test dials and no plan calls, when all tests
// were run: one of them may be mistyped. A number that is dialled in vain is there to
// show that nobody calls it.
func (o *Outcome) idle() []dialplan.Text {
	if len(o.Results) < len(o.Suite.Cases) {
		return nil
	}
	e164 := func(number string) string { return cmp.Or(o.Suite.Plan.E164(number), number) }
	used, worlds := map[string]bool{}, []World{o.Suite.outside}
	for _, r := range o.Results {
		if r.Observed == nil {
			return nil // it might have
		}
		worlds = append(worlds, r.Case.Outside)
		for _, c := range append([]*Caller{r.Case.Call}, r.Case.Before...) {
			used[e164(c.To.Value)] = true
		}
		for _, number := range r.Observed.called {
			used[number] = true
		}
	}
	var out []dialplan.Text
	for _, w := range worlds {
		for _, number := range sortedByPlace(w) {
			if !used[e164(number)] {
				out = append(out, dialplan.Text{Value: number, At: w[number][0].Where()})
			}
		}
	}
	return out
}

// problems is err with an excerpt for each place, when it has such.
func problems(err error) string {
	if r, ok := err.(interface{ Report() string }); ok {
		return r.Report()
	}
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var b strings.Builder
		for _, e := range list.Unwrap() {
			b.WriteString(problems(e))
		}
		return b.String()
	}
	return err.Error() + "\n"
}

// Text is why the test failed: what was expected, what happened, and the trace.
func (r *Result) Text() string {
	if r.Err != nil {
		return r.Err.Error() + "\n"
	}
	var b strings.Builder
	for _, d := range r.Differences {
		b.WriteString(d.String())
	}
	b.WriteString("trace:\n" + indent(r.Observed.Trace.String(), "  "))
	return b.String()
}

// String is the difference in lines.
func (d Difference) String() string {
	if d.Lines == nil {
		return fmt.Sprintf("%s: expected %s, was %s  (%s:%d)\n", d.Key, d.Want, d.Got, d.At.File, d.At.Line)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: - expected, + was  (%s:%d)\n", d.Key, d.At.File, d.At.Line)
	for _, l := range d.Lines {
		fmt.Fprintf(&b, "  %c %s\n", l.Mark, l.Text)
	}
	return b.String()
}

// indent puts before in front of each line.
func indent(text, before string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(before + line)
	}
	return b.String()
}
