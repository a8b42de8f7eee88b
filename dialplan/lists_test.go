package dialplan_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"dialtone/config"
	"dialtone/dialplan"
)

// book are lists in memory, by name.
type book struct {
	on    map[string][]string
	edits []dialplan.ListEdit
	fails error
}

func (b *book) Listed(list, number string) string {
	if slices.Contains(b.on[list], number) {
		return number
	}
	return ""
}

func (b *book) Edit(e dialplan.ListEdit) (string, error) {
	b.edits = append(b.edits, e)
	if e.Number == "" {
		e.Number = "the last"
	}
	return e.Number, b.fails
}

const listed = extensions + `
lists: {vip: {text: the board}, banned: }
features: {block: "*60", unblock: "*61"}
dialplan:
  outside:
    - {name: vip, when: {list: vip}, do: [{dial: "101"}]}
    - {name: banned, when: {list: [banned, block]}, do: [{hangup: busy}]}
    - {name: others, when: {list: not vip}, do: [{dial: "102"}]}
`

func TestListConditions(t *testing.T) {
	plan := parsed(t, listed)
	for _, tt := range []struct {
		name  string
		on    map[string][]string
		facts dialplan.Facts
		route string
		why   string // of a refusal, or a part of the trace
	}{
		{"on a list", map[string][]string{"vip": {"+4930111"}}, dialplan.Facts{From: "+4930111"}, "vip", "list: +4930111 is on vip (+4930111)"},
		{"on another", map[string][]string{"banned": {"+4930111"}}, dialplan.Facts{From: "+4930111"}, "banned", "is on banned"},
		{"on none", nil, dialplan.Facts{From: "+4930111"}, "others", "list: +4930111 is on none of them, but it must be vip"},
		{"on the block list", map[string][]string{"block": {"+4930111"}}, dialplan.Facts{From: "+4930111"}, "refuse", "declined: +4930111 is on the block list"},
		{"on the block list, and important", map[string][]string{"block": {"+4930111"}, "vip": {"+4930111"}}, dialplan.Facts{From: "+4930111"}, "refuse", "declined"},
		{"hides the number that is listed", map[string][]string{"block": {"+4930111"}}, dialplan.Facts{From: "+4930111", Anonymous: true}, "refuse", "declined"},
		{"hides the number", map[string][]string{"vip": {"anonymous"}}, dialplan.Facts{From: "+4930111", Anonymous: true}, "vip", "(anonymous)"},
		{"an extension may be on the block list", map[string][]string{"block": {"101"}}, dialplan.Facts{Extension: "101"}, "banned", "is on block"},
	} {
		tt.facts.Context, tt.facts.To = "outside", "200"
		r := runOf(plan, &world{}, tt.facts)
		r.Lists = &book{on: tt.on}
		d := r.Decide()
		said := ""
		if d.Why != nil {
			said = d.Why.Error()
		}
		for _, e := range r.Trace.Events {
			said += "\n" + e.Text
		}
		if d.Name() != tt.route || !strings.Contains(said, tt.why) {
			t.Errorf("%s: %s, %s\nwant %s, %s", tt.name, d.Name(), said, tt.route, tt.why)
		}
	}
}

func TestUndefinedList(t *testing.T) {
	_, err := config.Parse("plan.yaml", []byte(extensions+`
lists: {vip: {}}
dialplan: {phones: [{to: "1!", when: {list: vipp}, do: [{hangup: busy}]}]}
`), nil)
	if err == nil || !strings.Contains(err.Error(), `there is no list "vipp"`) || !strings.Contains(err.Error(), `did you mean "vip"?`) {
		t.Errorf("%v", err)
	}
}

func TestBlockFeatures(t *testing.T) {
	plan := parsed(t, listed)
	const done, not = "tone 523 250ms, tone 784 250ms", "tone 262 800ms"
	for _, tt := range []struct {
		to, from string
		fails    error
		edit     dialplan.ListEdit
		hears    string
	}{
		{"*60", "101", nil, dialplan.ListEdit{List: "block", By: "101"}, done},
		{"*60030123456", "101", nil, dialplan.ListEdit{List: "block", Number: "030123456", By: "101"}, done},
		{"*60030123456#", "101", nil, dialplan.ListEdit{List: "block", Number: "030123456", By: "101"}, done},
		{"*61", "102", nil, dialplan.ListEdit{List: "block", By: "102", Remove: true}, done},
		{"*61030123456", "102", nil, dialplan.ListEdit{List: "block", Number: "030123456", By: "102", Remove: true}, done},
		{"*60", "101", errors.New("nobody called"), dialplan.ListEdit{List: "block", By: "101"}, not},
	} {
		w, lists := &world{}, &book{fails: tt.fails}
		r := runOf(plan, w, dialplan.Facts{To: tt.to, Extension: tt.from})
		r.Lists = lists
		e := r.Do(t.Context())
		if len(lists.edits) != 1 || lists.edits[0] != tt.edit {
			t.Errorf("%s: edits %+v, want %+v", tt.to, lists.edits, tt.edit)
		}
		if got := strings.Join(w.did, ", "); got != tt.hears || e.Cause != dialplan.CauseNormal {
			t.Errorf("%s: heard %s, ended %v; want %s", tt.to, got, e, tt.hears)
		}
	}
}

func TestStrangersEditNothing(t *testing.T) {
	plan := parsed(t, extensions+`dialplan: {outside: [{to: "*!", do: [block, unblock]}]}`)
	w, lists := &world{}, &book{}
	r := runOf(plan, w, dialplan.Facts{To: "*60", From: "101", Context: "outside"})
	r.Lists = lists
	r.Do(t.Context())
	if len(lists.edits) != 0 || strings.Join(w.did, ", ") != "tone 262 800ms, tone 262 800ms" {
		t.Errorf("edits %v, heard %v", lists.edits, w.did)
	}
}

func TestLongerCodeGoesFirst(t *testing.T) {
	plan := parsed(t, extensions+`features: {block: "*6", unblock: "*60", tone: "*61"}`)
	for to, route := range map[string]string{"*6": "block", "*6030": "unblock", "*61": "tone", "*62": "block", "*60": "unblock"} {
		if d := runOf(plan, &world{}, dialplan.Facts{To: to, Extension: "101"}).Decide(); d.Name() != route {
			t.Errorf("%s takes %s, want %s", to, d.Name(), route)
		}
	}
}
