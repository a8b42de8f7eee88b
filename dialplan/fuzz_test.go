package dialplan_test

import (
	"os"
	"path/filepath"
	"testing"

	"dialtone/config"
	"dialtone/dialplan"
)

// Whatever stands in a plan, loading it says what is wrong or gives a plan in
// which every call ends.
func FuzzPlan(f *testing.F) {
	for _, pattern := range []string{"../testdata/plans/*.yaml", "../testdata/config/dialplan_*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			f.Fatalf("no %s: %v", pattern, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data, "200", "101")
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, to, from string) {
		l, err := config.Parse("plan.yaml", data, func(string) (string, bool) { return "", false })
		if err != nil {
			_ = err.Error()
			return
		}
		for _, extension := range []string{"", from} {
			w := &world{answers: map[string]string{"102": "busy"}, gone: map[string]bool{"103": true}}
			r := runOf(l.Plan, w, dialplan.Facts{To: to, From: from, Extension: extension, Context: "phones"})
			if e := r.Do(t.Context()); e == nil || e.Cause == dialplan.CauseNone {
				t.Fatalf("ended without a cause:\n%s", r.Trace)
			}
			if raw := r.Trace.Bytes(); len(raw) == 0 || len(raw) > 64<<10 {
				t.Fatalf("a trace of %d bytes", len(raw))
			}
		}
	})
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{`to startsWith "00"`, `busy("101") or not (from in ["1"])`, `len(split(to, "")) > 3`, `to matches "^0+$"`, `int(to) % 7 == 1`, `header["X"] == nil`, `1..9`, `"a" + 5`, `indexOf(to, "1") > -1 ? true : false`} {
		f.Add(s, "00491234")
	}
	f.Fuzz(func(_ *testing.T, source, to string) {
		spec := dialplan.Spec{Extensions: []string{"101"}, Contexts: map[string][]*dialplan.RouteSpec{"phones": {{
			When: dialplan.When{If: dialplan.Text{Value: source}}, Do: dialplan.Steps{dialplan.NewStep("answer")},
		}}}}
		plan, found := dialplan.Compile(spec)
		for _, x := range found {
			if !x.Warning {
				return
			}
		}
		runOf(plan, &world{}, dialplan.Facts{Extension: "101", To: to}).Decide()
	})
}
