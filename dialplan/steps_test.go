package dialplan_test

import (
	"slices"
	"strings"
	"testing"

	"dialtone/dialplan"
)

// What steps do, by the verbs they end in.
func TestSteps(t *testing.T) {
	for _, test := range []struct {
		name    string
		do      string
		world   world
		did     []string
		outcome string
	}{
		{name: "answer, ring and wait", do: "[answer, ring, {ring: 2s}, {wait: 3s}]", did: []string{"answer", "ring", "ring", "wait 2s", "wait 3s"}, outcome: "normal: the steps of it are over"},
		{name: "sounds", do: "[{tone: 425, for: 2s}, {music: 5s}, {echo: 1s}, tone]", did: []string{"tone 425 2s", "music 5s", "echo 1s", "tone 440 0s"}, outcome: "normal"},
		{name: "nobody answers", do: `[{dial: "101", timeout: 5s}]`, did: []string{"dial 101 for at most 5s"}, outcome: "no-answer"},
		{name: "the next is rung", do: `[{dial: "101"}, {dial: "102"}]`, world: world{answers: map[string]string{"102": "answers"}}, did: []string{"dial 101 for at most 1m0s", "dial 102 for at most 1m0s"}, outcome: "normal"},
		{name: "an answer ends the call", do: `[{dial: "101"}, echo]`, world: world{answers: map[string]string{"101": "answers"}}, did: []string{"dial 101 for at most 1m0s"}, outcome: "normal"},
		{name: "busy has its branch", do: `[{dial: "101", on: {busy: [{tone: 425, for: 1s}], failed: [echo]}}]`, world: world{answers: map[string]string{"101": "busy"}}, did: []string{"dial 101 for at most 1m0s", "tone 425 1s"}, outcome: "normal: the steps of it are over"},
		{name: "do-not-disturb is busy", do: `[{dial: "101", on: {busy: [ring]}}]`, world: world{answers: map[string]string{"101": "do-not-disturb"}}, did: []string{"dial 101 for at most 1m0s", "ring"}, outcome: "do-not-disturb"},
		{name: "failed is for the rest", do: `[{dial: "101", on: {busy: [echo], failed: [{log: "${outcome}"}]}}, {hangup: not-found}]`, world: world{answers: map[string]string{"101": "unreachable"}}, did: []string{"dial 101 for at most 1m0s"}, outcome: "not-found: the dialplan hangs up"},
		{name: "all of a group, without the caller", do: "[{dial: sales}]", did: []string{"dial 101, 103 after 10s for at most 1m0s"}, outcome: "no-answer"},
		{name: "one after the other", do: "[{dial: hunt}]", did: []string{"dial 101, 103 after 20s for at most 40s"}, outcome: "no-answer"},
		{name: "in another order", do: `[{dial: ["101", "103"], strategy: random, each: 5s, timeout: 8s}]`, did: []string{"dial 103, 101 after 5s for at most 8s"}, outcome: "no-answer"},
		{name: "all at once, whatever the group says", do: `[{dial: [hunt, "101"], strategy: all}]`, did: []string{"dial 101, 103 for at most 1m0s"}, outcome: "no-answer"},
		{name: "whom a variable names", do: `[{set: {who: "10${rest}3"}}, {dial: "${who}", from_name: "for ${to}"}]`, did: []string{"dial 103 for at most 1m0s", "as for 200"}, outcome: "no-answer"},
		{name: "who is not there", do: `[{dial: "${to}"}]`, outcome: "not-found: 200 is neither an extension nor a group"},
		{name: "if", do: `[{if: 'from == "102"', then: [ring], else: [answer]}, {if: busy("101"), then: [answer]}]`, did: []string{"ring"}, outcome: "normal"},
		{name: "switch", do: "[{switch: \"${extension}\", case: {\"101\": [answer], \"102\": [ring]}}, {switch: \"${rest}\", case: {x: [answer]}, else: [{wait: 1s}]}]", did: []string{"ring", "wait 1s"}, outcome: "normal"},
		{name: "call with arguments", do: "[{set: {why: before}}, {call: sorry, with: {why: \"${to}\"}}, {dial: \"103\", from_name: \"${why}\"}]", did: []string{"answer", "wait 1s", "dial 103 for at most 1m0s", "as before"}, outcome: "no-answer"},
		{name: "goto another context", do: "[{goto: other}]", did: []string{"ring"}, outcome: "busy: the dialplan hangs up, route last of other"},
		{name: "goto a route", do: "[{goto: other/last}]", outcome: "busy"},
		{name: "goto another number", do: `[{goto: phones, to: "103"}]`, did: []string{"dial 103 for at most 1m0s"}, outcome: "no-answer"},
		{name: "goto where nothing fits", do: `[{goto: phones, to: "999"}]`, outcome: "not-found: 999 fits no route of phones, and is neither an extension nor a feature"},
		{name: "goto a context that a variable names", do: `[{goto: "oth${rest}er"}]`, did: []string{"ring"}, outcome: "busy"},
		{name: "variables that grow", do: `[{set: {a: "` + strings.Repeat("x", 900) + `"}}, {set: {a: "${a}${a}${a}"}}, {if: len(a) == 1000, then: [ring]}]`, did: []string{"ring"}, outcome: "normal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, `
groups:
  sales: {members: ["101", "102", {extension: "103", delay: 10s}]}
  hunt: {members: ["101", "102", "103"], strategy: sequential, each: 20s}
subplans:
  sorry: {args: [why], do: [answer, {wait: 1s}, {log: "${why}"}]}
dialplan:
  phones: [{name: it, to: 200, do: `+test.do+`}]
  other:
    - {name: first, when: {if: 'to == "200" and context == "other"'}, do: [ring, {goto: other/last}]}
    - {name: last, do: [{hangup: busy}]}
`)
			r := runOf(plan, &test.world, dialplan.Facts{Extension: "102", To: "200"})
			e := r.Do(t.Context())
			if !slices.Equal(test.world.did, test.did) || !strings.HasPrefix(e.Error(), test.outcome) {
				t.Errorf("did %q, ended with %q; want %q, %q\n%s", test.world.did, e.Error(), test.did, test.outcome, r.Trace)
			}
		})
	}
}

func TestGotoAsksTheNewPlan(t *testing.T) {
	before := planOf(t, `
dialplan:
  phones:
    - {name: it, to: 200, do: [{dial: "101"}, {wait: 1s}, {goto: phones, to: "300"}]}
    - {name: old, to: 300, do: [{hangup: busy}]}
`)
	after := planOf(t, "dialplan: {phones: [{name: new, to: 300, do: [{hangup: declined}]}]}\n")
	now := before
	w := &world{onDial: func() { now = after }}
	r := runOf(nil, w, dialplan.Facts{Extension: "102", To: "200"})
	r.Plan = func() *dialplan.Plan { return now }
	if e := r.Do(t.Context()); e.Cause != dialplan.CauseDeclined || !slices.Equal(w.did, []string{"dial 101 for at most 1m0s", "wait 1s"}) {
		t.Errorf("ended with %v after %q", e, w.did)
	}
}

func TestEndlessWaysEnd(t *testing.T) {
	for name, text := range map[string]string{
		"gotos": "dialplan: {phones: [{name: it, to: 200, do: [{if: 'to == \"200\"', then: [{goto: phones}]}]}]}",
		"calls": "dialplan: {phones: [{name: it, to: 200, do: [{call: a}]}]}\nsubplans: {a: {do: [{if: 'to == \"200\"', then: [{call: a}]}]}}",
	} {
		if e := runOf(planOf(t, text), &world{}, dialplan.Facts{Extension: "102", To: "200"}).Do(t.Context()); e.Cause != dialplan.CauseLoop {
			t.Errorf("%s: ended with %v", name, e)
		}
	}
}

// Every step says what it is, and where it stands.
func TestEveryStepIsKnown(t *testing.T) {
	for _, name := range dialplan.StepNames() {
		s := dialplan.NewStep(name)
		if s == nil || !strings.HasPrefix(s.String(), name) {
			t.Errorf("%s: %v", name, s)
			continue
		}
		s.SetPos(dialplan.Pos{File: "f", Line: 1, Column: 2})
		if s.Where().String() != "f:1:2" {
			t.Errorf("%s stands at %s", name, s.Where())
		}
	}
	if dialplan.NewStep("play") != nil {
		t.Error("a step that is none")
	}
}
