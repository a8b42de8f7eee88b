package dialplan_test

import (
	"strings"
	"testing"

	"dialtone/dialplan"
)

// What people and their address books write into numbers makes no difference.
func TestSeparatorsInDialledNumbers(t *testing.T) {
	plan := parsed(t, `site: {country: DE}
trunks: {t: {host: 192.0.2.1}}
numbers: {"+4930123450": "101"}
extensions: {"30-1": {password: kqvt-8mzn-3xwp-r5hc}, "101": {password: b7fd-w2ks-9pte-n4vx}}
dialplan:
  phones:
    - {name: outside, to: ["0.", "+."], do: [{dial: "${to}", via: t}]}
`)
	for _, test := range []struct{ dialled, route, to string }{
		{"03012345", "outside", "03012345"},
		{"030-123 45", "outside", "03012345"},
		{"030/123 45", "outside", "03012345"},
		{"(030) 123.45", "outside", "03012345"},
		{"+49 (30) 12345", "outside", "+493012345"},
		{"+49 (0)30 12345", "outside", "+493012345"},
		{"1-0-1", "extension 101", "101"},
		{"1 1 2", "112", "112"},
		{"30-1", "extension 30-1", "30-1"},
		{"anna.b", "refuse", "anna.b"},
		{"anna-101", "refuse", "anna-101"},
		{"-101", "refuse", "-101"},
		{"(", "refuse", "("},
	} {
		run := runOf(plan, &world{}, dialplan.Facts{Extension: "101", To: test.dialled})
		if got := run.Decide().Name(); got != test.route || run.To != test.to || run.Facts.To != test.dialled {
			t.Errorf("%s: route %s for %s (dialled %s), want %s for %s", test.dialled, got, run.To, run.Facts.To, test.route, test.to)
		}
	}
	run := runOf(plan, &world{}, dialplan.Facts{Trunk: "t", To: "030 123-450"})
	if got := run.Decide().Name(); got != "+4930123450" {
		t.Errorf("a trunk's call reaches %s", got)
	}
	if !plan.Emergency("11-2") || plan.Emergency(strings.Repeat("1-", 9)) {
		t.Error("emergency numbers are not known as they are")
	}
}
