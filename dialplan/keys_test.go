package dialplan_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/dialplan"
)

// keysPlan is a plan with PINs and one route, 200, with steps.
func keysPlan(t *testing.T, steps string) *dialplan.Plan {
	t.Helper()
	return planOf(t, `
pins: {ann: "483917", ben: "70215"}
subplans: {ask: {do: [{pin: ann, tries: 1, on: {failed: [{tone: 262, for: 1s}]}}]}}
dialplan:
  phones: [{name: it, to: 200, do: [`+steps+`]}]
  lobby: [{name: lobby, do: [{tone: 440, for: 1s}]}]
`)
}

// guesses notes who guessed.
type guesses struct {
	said   []string
	locked bool
}

func (g *guesses) Locked(dialplan.Guesser) bool { return g.locked }
func (g *guesses) Wrong(w dialplan.Guesser)     { g.said = append(g.said, "wrong "+w.Caller) }
func (g *guesses) Right(w dialplan.Guesser)     { g.said = append(g.said, "right "+w.Caller) }

// take runs the route 200 and gives the run.
func take(t *testing.T, plan *dialplan.Plan, w *world) (*dialplan.Run, *dialplan.Ended) {
	t.Helper()
	r := runOf(plan, w, dialplan.Facts{Extension: "102", To: "200", Language: "de"})
	return r, r.Do(t.Context())
}

func TestPlay(t *testing.T) {
	const dial = `, {dial: "103"}`
	for _, c := range []struct {
		name, steps string
		world       *world
		did, traced string
	}{
		{"files in a row", `{play: [welcome, office/hours]}`, &world{}, `play welcome, office/hours until "" in "de"`, ""},
		{"any key stops it", `{play: welcome, until: any}`, &world{stop: "5"}, `play welcome until "0123456789*#ABCD" in "de"`, "stopped by 5"},
		{"some keys stop it", `{play: welcome, until: "1#"}`, &world{}, `play welcome until "1#" in "de"`, ""},
		{"a variable in the name", `{play: "for/${extension}"}`, &world{}, `play for/102 until "" in "de"`, ""},
		{"a variable that cannot be in a name", `{set: {x: ../secret}}, {play: "${x}"}`, &world{}, `play  until "" in "de"`, `not played: x is "../secret", which cannot be in the name of a file`},
		{"an empty variable", `{set: {x: ""}}, {play: [welcome, "${x}"]}`, &world{}, `play welcome until "" in "de"`, `not played: x is ""`},
		{"another language", `{set: {language: fr}}, {play: welcome}`, &world{}, `play welcome until "" in "fr"`, ""},
		{"what is gone is left out", `{play: welcome}` + dial, &world{cannot: &dialplan.UnplayableError{Why: []string{"no file"}}}, "dial", "not played: no file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := take(t, keysPlan(t, c.steps), c.world)
			if got := strings.Join(c.world.did, "\n"); !strings.Contains(got, c.did) {
				t.Errorf("did\n%s", got)
			}
			if got := r.Trace.String(); !strings.Contains(got, c.traced) {
				t.Errorf("traced\n%s", got)
			}
		})
	}
}

func TestGather(t *testing.T) {
	const after = `, {log: "got ${n}"}`
	for _, c := range []struct {
		name, steps string
		keys        []string
		gathers     int
		traced      string
		logs        string
	}{
		{"a number", `{gather: menu, digits: 4, into: n}` + after, []string{"1234"}, 1, "n = 1234", "got 1234"},
		{"too short, then right", `{gather: menu, digits: 4, into: n}` + after, []string{"12", "1234"}, 2, `"12" is too short; n = 1234`, "got 1234"},
		{"nothing, then right", `{gather: menu, max: 4, into: n}` + after, []string{"", "7"}, 2, "nothing was pressed; n = 7", "got 7"},
		{"nothing three times", `{gather: menu, max: 4, into: n}` + after, nil, 3, "nothing was pressed; nothing was pressed; nothing was pressed", "got "},
		{"nothing, with a branch", `{gather: menu, max: 4, into: n, tries: 1, on: {timeout: [{log: late}]}}`, nil, 1, "so on timeout", "late"},
		{"wrong, with a branch", `{gather: menu, max: 4, into: n, tries: 2, match: [1XX, 0], on: {invalid: [{log: "no ${n}"}]}}`, []string{"9", "1"}, 2, `"9" does not match; "1" does not match; so on invalid`, "no "},
		{"the second pattern", `{gather: menu, max: 4, into: n, match: [1XX, 0]}` + after, []string{"0"}, 1, "n = 0", "got 0"},
		{"not", `{gather: menu, max: 4, into: n, match: [1XX, not 113]}` + after, []string{"113", "114"}, 2, `"113" does not match; n = 114`, "got 114"},
		{"a regular expression", `{gather: menu, max: 4, into: n, match: "/^[12]+$/"}` + after, []string{"3", "121"}, 2, "n = 121", "got 121"},
		{"min", `{gather: menu, min: 2, max: 4, into: n}` + after, []string{"1", "12"}, 2, "too short", "got 12"},
		{"the number before is forgotten", `{set: {n: "5"}}, {gather: menu, max: 1, into: n, tries: 1}` + after, nil, 1, "nothing was pressed", "got "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{keys: c.keys}
			r := runOf(keysPlan(t, c.steps), w, dialplan.Facts{Extension: "102", To: "200"})
			var log bytes.Buffer
			r.Log = slog.New(slog.NewTextHandler(&log, nil))
			r.Do(t.Context())
			if got := r.Trace.String(); len(w.gathered) != c.gathers || !strings.Contains(got, c.traced) {
				t.Errorf("asked %d times, traced\n%s", len(w.gathered), got)
			}
			if !strings.Contains(log.String(), strings.TrimSpace(c.logs)+`"`) && !strings.Contains(log.String(), strings.TrimSpace(c.logs)) {
				t.Errorf("logged %s", log.String())
			}
		})
	}
}

func TestHowKeysAreGathered(t *testing.T) {
	w := &world{keys: []string{"9", "", "1"}}
	take(t, keysPlan(t, `{gather: [hello, menu], digits: 1, into: n, match: 1, invalid: wrong, finish: "*#", timeout: 7s, between: 2s}`), w)
	want := dialplan.Gathering{
		Playing: dialplan.Playing{Files: []string{"hello", "menu"}, Language: "de"},
		Max:     1, Finish: "*#", Timeout: 7 * time.Second, Between: 2 * time.Second,
	}
	second, third := want, want
	second.Files, second.Fresh = []string{"wrong", "hello", "menu"}, true
	third.Fresh = true
	for i, want := range []dialplan.Gathering{want, second, third} {
		if got := w.gathered[i]; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%d:\n%+v, want\n%+v", i, got, want)
		}
	}
	w = &world{keys: []string{"1"}}
	take(t, keysPlan(t, `{gather: menu, min: 2, max: 3, into: n, match: [1X, 12X, 2X, "9.", not 29]}`), w)
	for keys, want := range map[string]bool{
		"1": false, "10": true, "12": false, "120": true, "2": false, "20": true, "29": false, "90": false, "900": true, "33": false,
	} {
		if got := w.gathered[0].Enough(keys); got != want {
			t.Errorf("%s is enough: %v", keys, got)
		}
	}
	w = &world{keys: []string{"1"}}
	take(t, keysPlan(t, `{gather: , max: 9, into: n, finish: none}`), w)
	if got := w.gathered[0]; got.Finish != "" || got.Timeout != 5*time.Second || got.Between != 3*time.Second || len(got.Files) != 0 {
		t.Errorf("by default: %+v", got)
	}
}

func TestPin(t *testing.T) {
	for _, c := range []struct {
		name, steps string
		keys        []string
		locked      bool
		guessed     []string
		traced      string
		cause       dialplan.Cause
	}{
		{"right", `{pin: ann}, {log: "${pin}"}`, []string{"483917"}, false, []string{"right extension 102"}, "the PIN of ann", dialplan.CauseNormal},
		{"right the third time", `pin`, []string{"1", "22", "70215"}, false, []string{"wrong extension 102", "wrong extension 102", "right extension 102"}, "wrong, try 1; wrong, try 2; the PIN of ben", dialplan.CauseNormal},
		{"wrong", `{pin: [ann, ben]}`, []string{"1", "22", "333", "483917"}, false, []string{"wrong extension 102", "wrong extension 102", "wrong extension 102"}, "wrong, try 3; no PIN was right", dialplan.CauseForbidden},
		{"that of somebody else", `{pin: ann, tries: 1}`, []string{"70215"}, false, []string{"wrong extension 102"}, "no PIN was right", dialplan.CauseForbidden},
		{"a branch", `{pin: ann, tries: 1, on: {failed: [{hangup: busy}]}}`, []string{"70215"}, false, []string{"wrong extension 102"}, "no PIN was right", dialplan.CauseBusy},
		{"a branch that comes to its end", `{pin: ann, tries: 1, on: {failed: [{wait: 1s}]}}, {dial: "103"}`, []string{"70215"}, false, []string{"wrong extension 102"}, "no PIN was right", dialplan.CauseForbidden},
		{"a branch that rings somebody in vain", `{pin: ann, tries: 1, on: {failed: [{dial: "101"}]}}, {dial: "103"}`, []string{"70215"}, false, []string{"wrong extension 102"}, "no PIN was right", dialplan.CauseBusy},
		{"a branch that goes elsewhere", `{pin: ann, tries: 1, on: {failed: [{goto: lobby}]}}, {dial: "103"}`, []string{"70215"}, false, []string{"wrong extension 102"}, "tone 440 Hz for 1s", dialplan.CauseNormal},
		{"a PIN in the branch of another", `{pin: ann, tries: 1, on: {failed: [{pin: ben}]}}, {dial: "103"}`, []string{"70215", "70215"}, false, []string{"wrong extension 102", "right extension 102"}, "the PIN of ben", dialplan.CauseForbidden},
		{"a PIN in a subplan", `{call: ask}, {dial: "103"}`, []string{"70215"}, false, []string{"wrong extension 102"}, "no PIN was right", dialplan.CauseForbidden},
		{"locked, with a branch", `{pin: ann, on: {failed: [{log: sorry}]}}, {dial: "103"}`, []string{"483917"}, true, nil, "too many wrong PINs", dialplan.CauseForbidden},
		{"nothing was pressed", `{pin: ann}`, nil, false, nil, "wrong, try 3", dialplan.CauseForbidden},
		{"locked", `{pin: ann}`, []string{"483917"}, true, nil, "too many wrong PINs", dialplan.CauseForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, g := &world{keys: c.keys, answers: map[string]string{"101": "busy", "103": "answers"}}, &guesses{locked: c.locked}
			r := runOf(keysPlan(t, c.steps), w, dialplan.Facts{Extension: "102", To: "200"})
			var log bytes.Buffer
			r.Guesses, r.Log = g, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			e := r.Do(t.Context())
			got := r.Trace.String()
			if e.Cause != c.cause || !slices.Equal(g.said, c.guessed) || !strings.Contains(got, c.traced) {
				t.Errorf("ended with %v, %q, traced\n%s", e, g.said, got)
			}
			for _, secret := range append(c.keys, "483917", "70215") {
				if len(secret) > 1 && strings.Contains(got+log.String()+string(r.Trace.Bytes())+e.Error(), secret) {
					t.Errorf("%s is in\n%s%s%v", secret, got, log.String(), e)
				}
			}
			if slices.ContainsFunc(w.did, func(s string) bool { return strings.Contains(s, "103") }) {
				t.Errorf("went on without a PIN: %q", w.did)
			}
			if c.locked && (len(w.gathered) > 0 || !strings.Contains(log.String(), "extension 102")) {
				t.Errorf("asked %d times, logged %s", len(w.gathered), log.String())
			}
		})
	}
}

func TestCallersFromOutsideAreToldApartByTrunk(t *testing.T) {
	plan := planOf(t, `
pins: {ann: "483917"}
trunks: {line: {host: 192.0.2.1}}
dialplan: {outside: [{name: it, do: [{pin: ann, tries: 1}]}]}
`)
	g := &guesses{}
	r := runOf(plan, &world{keys: []string{"1"}}, dialplan.Facts{Trunk: "line", From: "+4930123", To: "1"})
	r.Guesses = g
	r.Do(t.Context())
	if want := []string{"wrong +4930123 on line"}; !slices.Equal(g.said, want) {
		t.Errorf("got %q", g.said)
	}
}

func TestTheEndOfTheCallEndsTheAsking(t *testing.T) {
	gone := &dialplan.Ended{Cause: dialplan.CauseNormal, Remote: true}
	for _, steps := range []string{`{play: a}`, `{gather: a, max: 1, into: n}`, `{pin: ann}`} {
		_, e := take(t, keysPlan(t, steps), &world{cannot: gone})
		if !errors.Is(e, gone) {
			t.Errorf("%s: ended with %v", steps, e)
		}
	}
}
