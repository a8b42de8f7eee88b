package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"dialtone/plantest"
)

// wantedShare is how many of the altered routes must be caught.
const wantedShare = 0.95

// mutant is one change of a plan: node becomes with.
type mutant struct {
	where, what string
	node        *yaml.Node
	with        yaml.Node
}

// TestMutants takes routes out of every shipped plan, and alters each in all ways
// below, one at a time. Without a route the plan is refused by check, or a test
// fails; of the alterations nearly all are caught so. What remains changes nothing
// that can be seen, such as a condition that another one implies.
func TestMutants(t *testing.T) {
	var mu sync.Mutex
	deleted, altered, byCheck, byTests := 0, 0, 0, 0
	var left []string
	t.Run("plans", func(t *testing.T) {
		for _, folder := range []string{"../../cookbook", "../../testdata/plans"} {
			work := t.TempDir()
			if err := os.CopyFS(work, os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			tests, err := filepath.Glob(filepath.Join(work, "*"+plantest.Suffix))
			if err != nil || len(tests) == 0 {
				t.Fatal(err)
			}
			for _, test := range tests {
				t.Run(filepath.Base(test), func(t *testing.T) {
					t.Parallel()
					plan := strings.TrimSuffix(test, plantest.Suffix) + ".yaml"
					eachMutant(t, plan, test, func(m mutant, by string) {
						mu.Lock()
						defer mu.Unlock()
						if m.what == deletion {
							deleted++
						} else {
							altered++
						}
						switch by {
						case "check":
							byCheck++
						case "tests":
							byTests++
						default:
							if m.what == deletion {
								t.Errorf("nothing notices that %s is missing", m.where)
							}
							left = append(left, fmt.Sprintf("%s: %s: %s", filepath.Base(plan), m.where, m.what))
						}
					})
				})
			}
		}
	})
	share := 1 - float64(len(left))/float64(max(altered, 1))
	t.Logf("%d routes taken out, %d alterations; %d caught by check, %d by tests, %d by nothing: %.1f%%",
		deleted, altered, byCheck, byTests, len(left), 100*share)
	slices.Sort(left)
	if text := "not caught:\n\t" + strings.Join(left, "\n\t"); share < wantedShare {
		t.Errorf("%.0f%% are wanted; %s", 100*wantedShare, text)
	} else if len(left) > 0 {
		t.Log(text)
	}
}

// eachMutant writes one mutant of a plan after the other into its file, and says what
// caught it.
func eachMutant(t *testing.T, plan, test string, caught func(m mutant, by string)) {
	t.Helper()
	data, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	write := func() {
		text, err := yaml.Marshal(&doc)
		if err == nil {
			err = os.WriteFile(plan, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	spelled(&doc)
	var s sieve
	write()
	if by, what := s.catch(test); by != "" {
		t.Fatalf("nothing is altered yet, but %s", what)
	}
	for i, m := range mutants(doc.Content[0]) {
		if i%oneIn > 0 {
			continue
		}
		was := *m.node
		*m.node = m.with
		write()
		*m.node = was
		by, _ := s.catch(test)
		caught(m, by)
	}
}

// spelled writes what is left empty as null: between braces it would become "".
func spelled(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		n.Value = "null"
	}
	for _, c := range n.Content {
		spelled(c)
	}
}

// sieve is what mutants of one plan are caught with.
type sieve struct{ last int }

// catch says what notices that a plan is wrong: check, tests, or "" when nothing
// does; and what it is. The test that caught the last one may well catch the next.
func (c *sieve) catch(test string) (by, what string) {
	s, err := plantest.Read(test)
	if err != nil {
		return "check", err.Error()
	}
	for _, w := range s.Loaded.Warnings {
		if !strings.Contains(w.Reason, "can read the passwords in it") {
			return "check", w.Error()
		}
	}
	for i := range s.Cases {
		at := (c.last + i) % len(s.Cases)
		if r := s.Run(s.Cases[at]); r.Failed() {
			c.last = at
			return "tests", r.Case.Name.Value + ":\n" + r.Text()
		}
	}
	return "", ""
}

const deletion = "delete it"

// mutants are those of all routes, and of numbers, which are routes as well.
func mutants(plan *yaml.Node) []mutant {
	var out []mutant
	contexts := under(plan, "dialplan")
	for c := 0; contexts != nil && c < len(contexts.Content); c += 2 {
		list := contexts.Content[c+1]
		for i, route := range list.Content {
			name := contexts.Content[c].Value + "/" + under(route, "name").Value
			for _, m := range mutantsOf(under(plan, "extensions"), list, i) {
				m.where = name
				out = append(out, m)
			}
		}
	}
	numbers := under(plan, "numbers")
	for i := 0; numbers != nil && i < len(numbers.Content); i += 2 {
		to := numbers.Content[i+1]
		if t := under(to, "to"); t != nil {
			to = t
		}
		where := "numbers/" + numbers.Content[i].Value
		out = append(out, mutant{where, deletion, numbers, without(numbers, i, 2)},
			mutant{where, "reach somebody else", to, scalar("nobody-" + to.Value)})
	}
	return out
}

// mutantsOf are those of the route i of a list.
func mutantsOf(extensions, list *yaml.Node, i int) []mutant {
	route := list.Content[i]
	out := []mutant{{what: deletion, node: list, with: without(list, i, 1)}}
	change := func(what string, node *yaml.Node, with yaml.Node) {
		out = append(out, mutant{what: what, node: node, with: with})
	}
	if i+1 < len(list.Content) && !apart(route, list.Content[i+1]) {
		swapped := *list
		swapped.Content = slices.Clone(list.Content)
		swapped.Content[i], swapped.Content[i+1] = swapped.Content[i+1], swapped.Content[i]
		change("swap it with the next", list, swapped)
	}
	if to := under(route, "to"); to != nil {
		change("take every number", route, lacking(route, "to"))
		change("take another number", to, scalar("77777"))
		for k := range to.Content {
			change("forget "+to.Content[k].Value, to, without(to, k, 1))
		}
	}
	if when := under(route, "when"); when != nil {
		change("forget all conditions", route, lacking(route, "when"))
		for k := 0; k < len(when.Content); k += 2 {
			if key := when.Content[k].Value; len(when.Content) > 2 {
				change("forget when "+key, when, without(when, k, 2))
			}
			change("turn when "+when.Content[k].Value+" round", when.Content[k+1], opposite(when.Content[k].Value, when.Content[k+1]))
		}
	}
	do := under(route, "do")
	change("hang up instead", do, yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{
		{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "hangup"}, {Kind: yaml.ScalarNode, Value: "rejected"}}},
	}})
	inSteps(extensions, do, change)
	return out
}

// inSteps alters steps, and those in their branches.
func inSteps(extensions, list *yaml.Node, change func(what string, node *yaml.Node, with yaml.Node)) {
	for i, step := range list.Content {
		if len(list.Content) > 1 {
			change("forget the step "+nameOf(step), list, without(list, i, 1))
		}
		if step.Kind != yaml.MappingNode {
			continue
		}
		for k := 0; k < len(step.Content); k += 2 {
			key, value := step.Content[k].Value, step.Content[k+1]
			switch {
			case key == "dial":
				change("dial somebody else", value, scalar(other(extensions, step)))
			case key == "goto" && value.Value != "extensions":
				change("go to extensions", value, scalar("extensions"))
			case key == "hangup" && value.Value != "":
				change("hang up for another reason", value, scalar("rejected"))
			case key == "tone":
				change("another tone", value, yaml.Node{Kind: yaml.ScalarNode, Value: "1000"})
			case key == "then" || key == "else":
				change("forget "+key, step, without(step, k, 2))
				inSteps(extensions, value, change)
			case key == "on" || key == "case":
				inBranches(extensions, value, change)
			case duration.MatchString(value.Value):
				change("half as long: "+key, value, scalar(half(value.Value)))
			case key == "via" && len(value.Content) > 1:
				reversed := *value
				reversed.Content = slices.Clone(value.Content)
				slices.Reverse(reversed.Content)
				change("trunks in another order", value, reversed)
				for j := range value.Content {
					change("without trunk "+value.Content[j].Value, value, without(value, j, 1))
				}
			case k > 0:
				change("forget "+key+" of "+nameOf(step), step, without(step, k, 2))
			}
		}
	}
}

func inBranches(extensions, branches *yaml.Node, change func(what string, node *yaml.Node, with yaml.Node)) {
	for k := 0; k < len(branches.Content); k += 2 {
		change("forget the branch "+branches.Content[k].Value, branches, without(branches, k, 2))
		inSteps(extensions, branches.Content[k+1], change)
	}
}

var duration = regexp.MustCompile(`^([0-9]+)(ms|s|m)$`)

// half is a shorter time that is still allowed.
func half(text string) string {
	m := duration.FindStringSubmatch(text)
	n := 0
	fmt.Sscan(m[1], &n)
	n *= map[string]int{"ms": 1, "s": 1000, "m": 60000}[m[2]]
	return fmt.Sprintf("%dms", n/2)
}

// other is an extension that is not dialled, or a number outside that is not.
func other(extensions, step *yaml.Node) string {
	if under(step, "via") != nil {
		return "+4930999999"
	}
	dialled := under(step, "dial")
	for i := 0; i < len(extensions.Content); i += 2 {
		name := extensions.Content[i].Value
		if name != dialled.Value && !slices.ContainsFunc(dialled.Content, func(n *yaml.Node) bool { return n.Value == name }) {
			return name
		}
	}
	return "nobody"
}

// opposite is a condition that holds when another does not.
func opposite(key string, value *yaml.Node) yaml.Node {
	switch out := *value; {
	case key == "if":
		return scalar("not (" + value.Value + ")")
	case value.Tag == "!!bool":
		out.Value = map[string]string{"true": "false", "false": "true"}[value.Value]
		return out
	case value.Kind == yaml.ScalarNode:
		if rest, not := strings.CutPrefix(value.Value, "not "); not {
			return scalar(rest)
		}
		return scalar("not " + value.Value)
	default:
		out.Content = nil
		for i, c := range value.Content {
			if value.Kind == yaml.MappingNode && i%2 == 0 {
				out.Content = append(out.Content, c)
				continue
			}
			o := opposite("", c)
			out.Content = append(out.Content, &o)
		}
		return out
	}
}

// apart reports whether two routes have different numbers, so that their order
// means nothing.
func apart(a, b *yaml.Node) bool {
	x, y := numbersOf(a), numbersOf(b)
	return len(x) > 0 && len(y) > 0 && !slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) })
}

func numbersOf(route *yaml.Node) []string {
	to := under(route, "to")
	switch {
	case to == nil:
		return nil
	case to.Kind == yaml.ScalarNode:
		return []string{to.Value}
	}
	var out []string
	for _, n := range to.Content {
		out = append(out, n.Value)
	}
	return out
}

func nameOf(step *yaml.Node) string {
	if step.Kind == yaml.MappingNode {
		return step.Content[0].Value
	}
	return step.Value
}

// under is the value of a key, nil when there is none.
func under(mapping *yaml.Node, key string) *yaml.Node {
	if i := indexOf(mapping, key); i >= 0 {
		return mapping.Content[i+1]
	}
	return nil
}

func indexOf(mapping *yaml.Node, key string) int {
	for i := 0; mapping.Kind == yaml.MappingNode && i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func lacking(mapping *yaml.Node, key string) yaml.Node {
	return without(mapping, indexOf(mapping, key), 2)
}

// without is a copy that lacks n nodes from the i-th on.
func without(node *yaml.Node, i, n int) yaml.Node {
	out := *node
	out.Content = slices.Delete(slices.Clone(node.Content), i, i+n)
	return out
}

func scalar(value string) yaml.Node {
	return yaml.Node{Kind: yaml.ScalarNode, Value: value, Style: yaml.DoubleQuotedStyle}
}
