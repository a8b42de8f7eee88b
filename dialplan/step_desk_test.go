package dialplan_test

import (
	"slices"
	"strings"
	"testing"

	"dialtone/dialplan"
)

// What pickup, park and page ask of the call, and how they go on.
func TestDeskSteps(t *testing.T) {
	const waits = ` for 2m0s, return to "" for 30s, music "default"`
	inside, moved := dialplan.Facts{Extension: "102"}, dialplan.Facts{Extension: "102", TransferredBy: "102", From: "+49301"}
	for _, test := range []struct {
		name    string
		to, do  string
		facts   dialplan.Facts
		world   world
		did     []string
		outcome string
	}{
		{name: "whoever rings", to: "*8", did: []string{"pickup "}, outcome: "transferred"},
		{name: "an extension", to: "*8101", did: []string{"pickup 101"}, outcome: "transferred"},
		{name: "a group", to: "*8sales", did: []string{"pickup 101 102 103"}, outcome: "transferred"},
		{name: "who is not there", to: "*8199", outcome: "not-found: 199 is neither an extension nor a group"},
		{name: "nothing rings", to: "*8", world: world{refused: "no"}, did: []string{"pickup "}, outcome: "no-such-call: no"},
		{name: "nothing rings, which has its branch", do: `[{pickup: , on: {none: [ring]}}]`, world: world{refused: "no"}, did: []string{"pickup ", "ring"}, outcome: "normal"},
		{name: "several, each once", do: `[{pickup: [sales, "101"]}]`, did: []string{"pickup 101 102 103"}, outcome: "transferred"},

		{name: "park", to: "700", world: world{fetcher: "103"}, did: []string{"park 701 702" + waits, "say number/7 number/0 number/1"}, outcome: "normal"},
		{
			name: "nobody comes, three times", to: "700",
			did:     slices.Repeat([]string{"park 701 702" + waits, "say number/7 number/0 number/1"}, 3),
			outcome: "no-answer",
		},
		{name: "no slot is free", to: "700", world: world{refused: "full"}, did: []string{"park 701 702" + waits, "say number/7 number/0 number/1"}, outcome: "busy: full"},
		{name: "who calls a slot fetches", to: "702", did: []string{"unpark 702"}, outcome: "transferred"},
		{name: "who is transferred to a slot is parked there", to: "702", facts: moved, world: world{fetcher: "103"}, did: []string{"park 702" + waits, "say number/7 number/0 number/2"}, outcome: "normal"},
		{name: "who comes from outside fetches nobody", do: `[{park: "702"}]`, facts: dialplan.Facts{Context: "phones", From: "+49301"}, world: world{fetcher: "103"}, did: []string{"park 702" + waits, "say number/7 number/0 number/2"}, outcome: "normal"},
		{name: "an empty slot", do: `[{park: "702", on: {empty: [ring]}}]`, world: world{refused: "no"}, did: []string{"unpark 702", "ring"}, outcome: "normal"},
		{name: "a slot that is none", do: `[{park: "7${rest}09"}]`, outcome: "not-found: 709 is none of parking.slots"},
		{
			name: "in other ways, and then on", do: `[{park: , timeout: 10s, return_to: "103", with_music: default, on: {full: [echo]}}, {dial: "101"}]`,
			did: []string{`park 701 702 for 10s, return to "103" for 30s, music "default"`, "say number/7 number/0 number/1", "dial 101 for at most 1m0s"}, outcome: "no-answer",
		},

		{name: "page a group, without the caller", do: "[{page: sales}]", did: []string{"page 101 103 for 10s, talk false"}, outcome: "normal"},
		{name: "intercom", to: "*80101", did: []string{"page 101 for 10s, talk true"}, outcome: "normal"},
		{name: "nobody but oneself", to: "*80102", outcome: "not-found: there is nobody to page"},
		{name: "nobody hears", do: `[{page: "101", timeout: 3s, on: {none: [ring]}}]`, world: world{refused: "no"}, did: []string{"page 101 for 3s, talk false", "ring"}, outcome: "normal"},
		{name: "who comes from outside does not listen", do: `[{page: "101", talk: true}]`, facts: dialplan.Facts{Context: "phones", From: "+49301"}, outcome: "forbidden"},
	} {
		t.Run(test.name, func(t *testing.T) {
			routes := ""
			if test.do != "" {
				routes = "dialplan: {phones: [{name: it, to: 200, do: " + test.do + "}]}\n"
				test.to = "200"
			}
			plan := planOf(t, `
features: {intercom: "*80"}
parking: {dial: "700", slots: 701-702}
groups: {sales: {members: ["101", "102", "103"]}}
`+routes)
			f := test.facts
			if f.Extension == "" && f.Context == "" {
				f = inside
			}
			f.To = test.to
			r := runOf(plan, &test.world, f)
			e := r.Do(t.Context())
			if !slices.Equal(test.world.did, test.did) || !strings.HasPrefix(e.Error(), test.outcome) {
				t.Errorf("did %q, ended with %q; want %q, %q\n%s", test.world.did, e.Error(), test.did, test.outcome, r.Trace)
			}
		})
	}
}
