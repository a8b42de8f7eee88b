package dialplan_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dialtone/dialplan"
)

// tally notes what was counted.
type tally struct{ said []string }

func (t *tally) Count(menu string, what dialplan.MenuEvent, key string) {
	name := [...]string{"entered", "key", "extension", "timeout", "invalid", "failed", "hangup"}[what]
	t.said = append(t.said, strings.TrimSpace(menu+" "+name+" "+key))
}

const menusOfTests = `
menus:
  main:
    greeting: menu/welcome
    choices: menu/choose
    extensions: [10X, not 103]
    keys:
      "1": {tone: 440, for: 1s}
      "2": {menu: inner}
      "3": [{language: fr}]
      "12": {tone: 880, for: 1s}
      "#": back
      "*": repeat
  inner:
    greeting: menu/choose
    no_key: menu/try-again
    invalid: [menu/invalid, menu/try-again]
    tries: 2
    keys:
      "1": {tone: 523, for: 1s}
      "7": {menu: main}
      "8": {call: around}
      "*": back
    on: {failed: [{tone: 262, for: 1s}]}
  names:
    greeting: menu/choose
    keys: {"5": {directory: , tries: 1, on: {failed: [back]}}}
subplans:
  around: {do: [{menu: main}, {tone: 999, for: 1s}]}
dialplan:
  phones:
    - {name: main, to: 200, do: [{menu: main}, {log: behind}]}
    - {name: inner, to: 201, do: [{menu: inner}, {log: behind}]}
    - {name: names, to: 202, do: [{menu: names}]}
`

func TestMenu(t *testing.T) {
	plan := planOf(t, menusOfTests)
	for _, c := range []struct {
		name, to string
		keys     []string
		did      string // in order, without answers
		counted  string
		ends     string
	}{
		{
			"a key, and the menu asks again without greeting", "200",
			[]string{"1", "#"},
			"gather menu/welcome, menu/choose; tone 440 1s; gather menu/choose",
			"main entered, main key 1, main key #", "the steps of main are over",
		},
		{"a choice of two keys", "200", []string{"12", "#"}, "tone 880 1s", "main key 12", ""},
		{"an extension", "200", []string{"101"}, "dial 101", "main extension", ""},
		{"one that is left out", "200", []string{"103", "#"}, "gather menu/invalid, menu/choose", "main invalid", ""},
		{
			"nothing, until it is enough", "200",
			[]string{"", "", ""},
			"gather menu/nothing-heard, menu/choose; gather menu/nothing-heard, menu/choose; play menu/goodbye",
			"main timeout, main timeout, main timeout, main failed", "nothing was chosen in menu main",
		},
		{"a right key in between begins the tries anew", "200", []string{"", "", "1", "", "", "#"}, "", "main timeout, main timeout, main key #", "are over"},
		{"repeat", "200", []string{"*", "#"}, "gather menu/welcome, menu/choose; gather menu/choose", "", ""},
		{"another language", "200", []string{"3", "#"}, "", "main key 3", ""},
		{
			"into another and back", "200",
			[]string{"2", "*", "#"},
			"gather menu/welcome, menu/choose; gather menu/choose; gather menu/choose",
			"main entered, main key 2, inner entered, inner key *, main key #", "",
		},
		{"back to the first from within", "200", []string{"2", "7", "1", "#"}, "tone 440 1s", "inner key 7, main key 1", ""},
		{"own words for what is wrong", "201", []string{"", "9"}, "gather menu/try-again, menu/choose", "inner timeout, inner invalid, inner failed", "are over"},
		{"steps for who fails, and then the next one", "201", []string{"", ""}, "tone 262 1s", "", "are over"},
		{"out of a menu that a subplan enters", "201", []string{"8", "#", "*"}, "tone 999 1s", "main entered, main key #, inner key *", ""},
		{"through a subplan to the first one", "201", []string{"8", "2", "*"}, "gather menu/choose", "main key 2, inner key *", "are over"},
		{"by name", "202", []string{"5", "266", "1"}, "gather directory/enter-name; play letter/a, letter/n, letter/n", "", ""},
		{"by a name that nobody has", "202", []string{"5", "999"}, "gather directory/enter-name; play directory/no-match", "", "are over"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, counted := &world{keys: c.keys, answers: map[string]string{"101": "answers"}}, &tally{}
			r := runOf(plan, w, dialplan.Facts{Extension: "102", To: c.to})
			r.Menus = counted
			ended := r.Do(t.Context())
			if did := plain(w.did); !strings.Contains(did, c.did) {
				t.Errorf("did\n%s\nwant\n%s", did, c.did)
			}
			if got := strings.Join(counted.said, ", "); !inOrder(got, c.counted) {
				t.Errorf("counted %s, want %s", got, c.counted)
			}
			if !strings.Contains(ended.Error(), c.ends) {
				t.Errorf("ended with %v, want %s", ended, c.ends)
			}
			if len(w.keys) > 0 {
				t.Errorf("%q were not asked for; did %s", w.keys, plain(w.did))
			}
		})
	}
}

// plain is what was done, without what a file is stopped by and who rings.
func plain(did []string) string {
	var out []string
	for _, d := range did {
		d, _, _ = strings.Cut(d, " until")
		d, _, _ = strings.Cut(d, " for at most")
		out = append(out, d)
	}
	return strings.Join(out, "; ")
}

// inOrder reports whether all that is wanted was counted, in that order.
func inOrder(got, want string) bool {
	at := 0
	said := strings.Split(got, ", ")
	for _, w := range strings.Split(want, ", ") {
		i := slices.Index(said[at:], w)
		if want != "" && i < 0 {
			return false
		}
		at += max(i, -1) + 1
	}
	return true
}

// The call waits for another key only where one can make a difference.
func TestMenuWaitsForNoKeyInVain(t *testing.T) {
	w := &world{keys: []string{"#"}}
	r := runOf(planOf(t, menusOfTests), w, dialplan.Facts{Extension: "102", To: "200"})
	r.Do(t.Context())
	g := w.gathered[0]
	for pressed, enough := range map[string]bool{"1": false, "2": true, "3": true, "12": true, "10": false, "101": true, "9": true, "19": true} {
		if got := g.Enough(pressed); got != enough {
			t.Errorf("enough after %s: %v", pressed, got)
		}
	}
	if g.Max != 3 || g.Finish != "#" {
		t.Errorf("max %d, finish %q", g.Max, g.Finish)
	}
}

// A caller that hangs up instead of choosing is counted where it did.
func TestMenuHangup(t *testing.T) {
	counted := &tally{}
	w := &leaves{world: &world{keys: []string{"2"}}}
	r := runOf(planOf(t, menusOfTests), w.world, dialplan.Facts{Extension: "102", To: "200"})
	r.Session, r.Menus = w, counted
	r.Do(t.Context())
	if got := strings.Join(counted.said, ", "); got != "main entered, main key 2, inner entered, inner hangup" {
		t.Errorf("counted %s", got)
	}
	if got := r.Trace.String(); !strings.Contains(got, "hung up in menu inner") {
		t.Errorf("traced\n%s", got)
	}
}

// leaves is a caller that hangs up when it has no more keys to press.
type leaves struct{ *world }

func (w *leaves) Gather(ctx context.Context, g dialplan.Gathering) (dialplan.Gathered, error) {
	if len(w.keys) == 0 {
		return dialplan.Gathered{}, &dialplan.Ended{Cause: dialplan.CauseNormal, Remote: true}
	}
	return w.world.Gather(ctx, g)
}

// Menus within each other come to an end, whatever the plan says.
func TestMenusWithinEachOther(t *testing.T) {
	var plan strings.Builder
	plan.WriteString("menus:\n")
	var keys []string
	for i := range 20 {
		fmt.Fprintf(&plan, "  m%d: {greeting: menu/choose, keys: {\"1\": {menu: m%d}}}\n", i, (i+1)%20)
		keys = append(keys, "1")
	}
	plan.WriteString("dialplan: {phones: [{to: 200, do: [{menu: m0}]}]}\n")
	r := runOf(planOf(t, plan.String()), &world{keys: keys}, dialplan.Facts{Extension: "102", To: "200"})
	if e := r.Do(t.Context()); e.Cause != dialplan.CauseLoop {
		t.Errorf("ended with %v", e)
	}
}

// What is said so that a directory may find it, and what is said of it.
func TestDirectory(t *testing.T) {
	const people = `
extensions:
  "110": {password: kqvt-8mzn-3xwp-r5hc, name: Jörg Müller}
  "111": {password: b7fd-w2ks-9pte-n4vx, name: "Anne-Marie O'Brien"}
  "112": {password: m5yr-h8cq-2nwd-x7zt, name: Łukasz Weiß}
  "113": {password: c9tb-4vkw-7hxm-p2ns}
  "114": {password: y2mt-p6rb-9kwd-c4xn, name: 李}
dialplan: {phones: [{to: 200, do: [{directory: , tries: 1}]}]}
`
	plan := parsed(t, people)
	for _, c := range []struct{ pressed, finds string }{
		{"5674", "110"}, {"56374", "110"}, // Jorg, Joerg
		{"6855", "110"}, {"68355", "110"}, // Muller, Mueller
		{"266362", "111"}, {"6274", "111"}, {"62743", "111"}, {"627", "111"}, // Anne-Ma, Marie, Mar
		{"6274", "111"}, {"6274362", "111"}, // O'Brien
		{"58527", "112"}, {"93477", "112"}, // Lukas, Weiss
		{"113", ""}, {"0", ""}, {"9999", ""},
	} {
		w := &world{keys: []string{c.pressed, "1"}}
		runOf(plan, w, dialplan.Facts{Extension: "113", To: "200"}).Do(t.Context())
		got := plain(w.did)
		if found := strings.Contains(got, "dial "+c.finds); (c.finds == "") == found && c.finds != "" || c.finds == "" && strings.Contains(got, "dial") {
			t.Errorf("%s finds %s, want %q", c.pressed, got, c.finds)
		}
	}
}

// speaker is a caller that says words.
type speaker struct {
	*world
	says []string
}

func (w *speaker) Gather(ctx context.Context, g dialplan.Gathering) (dialplan.Gathered, error) {
	if !g.Listen || len(w.says) == 0 {
		return w.world.Gather(ctx, g)
	}
	said := w.says[0]
	w.says = w.says[1:]
	return dialplan.Gathered{Spoke: true, Said: said}, nil
}

// Words stand for keys, wherever they are in what was understood.
func TestMenuWords(t *testing.T) {
	plan := planOf(t, `
speech: {stt: {command: [understand]}}
menus:
  main:
    greeting: menu/choose
    tries: 1
    keys: {"1": {tone: 440, for: 1s}, "2": {tone: 880, for: 1s}}
    words: {"1": [sales, the orders], "2": Überweisung}
    on: {failed: [{log: none}]}
dialplan: {phones: [{to: 200, do: [{menu: main}]}]}
`)
	for said, did := range map[string]string{
		"Sales, please!": "tone 440 1s", "about THE  orders": "tone 440 1s", "eine überweisung": "tone 880 1s",
		"wholesales": "", "orders": "", "sales or Überweisung": "", "": "", "1": "",
	} {
		w := &speaker{world: &world{}, says: []string{said}}
		r := runOf(plan, w.world, dialplan.Facts{Extension: "102", To: "200"})
		r.Session = w
		r.Do(t.Context())
		if got := plain(w.did); (did == "") == strings.Contains(got, "tone") || !strings.Contains(got, did) {
			t.Errorf("%q: did %s, want %s", said, got, did)
		}
		if got := r.Trace.String(); !strings.Contains(got, "said ") {
			t.Errorf("%q: traced %s", said, got)
		}
	}
}
