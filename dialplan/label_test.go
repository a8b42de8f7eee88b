package dialplan_test

import (
	"strings"
	"testing"

	"dialtone/dialplan"
)

func TestTraceShowsWhatVariablesStandFor(t *testing.T) {
	plan := planOf(t, `
subplans: {ring: {args: [who], do: [{dial: "${who}", timeout: 5s}]}}
dialplan:
  phones:
    - {name: a, to: 3XX, do: [{call: ring, with: {who: "102"}}, {goto: phones, to: "9${to}"}]}
    - {name: b, to: 9., do: [{dial: "103"}]}
`)
	r := runOf(plan, &world{}, dialplan.Facts{Extension: "101", To: "300"})
	r.Do(t.Context())
	for _, want := range []string{"dial 102 (${who}): rings 102", "goto phones with 9300 (9${to})  ", "    dial 103: rings 103"} {
		if got := r.Trace.String(); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	var lines []string
	for _, line := range plan.Outline(plan.Routes("phones")[0]) {
		lines = append(lines, strings.Repeat(" ", line.Depth)+line.Text)
	}
	if got, want := strings.Join(lines, "\n"), "call ring\n dial ${who}\ngoto phones with 9${to}"; got != want {
		t.Errorf("the outline is\n%s", got)
	}
}

func TestTraceFoldsExtensionsThatDoNotFit(t *testing.T) {
	plan := planOf(t, "")
	for to, want := range map[string]string{
		"401": " features and 3 extensions: to: 401 is none of them\n=>",
		"103": " features and 2 extensions: to: 103 is none of them\n  + extension 103: to: it is 103\n",
		"600": "extensions: looking for 600\n  + echo: to: it is 600\n",
	} {
		r := runOf(plan, &world{}, dialplan.Facts{Extension: "101", To: to})
		r.Do(t.Context())
		if got := r.Trace.String(); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
