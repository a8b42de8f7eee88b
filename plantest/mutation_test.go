package plantest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"dialtone/config"
	"dialtone/dialplan"
)

// wanted is the share of mutants that must be caught.
const wanted = 0.95

// mutation changes one route of a list, and reports whether it could.
type mutation struct {
	name  string
	apply func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool)
}

var mutations = [...]mutation{
	{"delete it", func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool) {
		return slices.Delete(slices.Clone(list), i, i+1), true
	}},
	{"swap it with the next", func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool) {
		if i+1 == len(list) || apart(list[i], list[i+1]) {
			return nil, false
		}
		out := slices.Clone(list)
		out[i], out[i+1] = out[i+1], out[i]
		return out, true
	}},
	{"forget its conditions", func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool) {
		r := *list[i]
		had := conditions(&r)
		r.When = dialplan.When{}
		return replaced(list, i, &r), had
	}},
	{"take every number", func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool) {
		r := *list[i]
		r.To = nil
		return replaced(list, i, &r), len(list[i].To) > 0
	}},
	{"hang up instead", func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool) {
		r := *list[i]
		h := &dialplan.Hangup{Cause: "rejected"}
		h.SetPos(r.Where())
		r.Do = dialplan.Steps{h}
		return replaced(list, i, &r), true
	}},
	{"forget its last step", func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool) {
		r := *list[i]
		r.Do = r.Do[:len(r.Do)-1]
		return replaced(list, i, &r), true
	}},
	{"forget what to do when nobody answers", func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool) {
		return dialOf(list, i, func(d *dialplan.Dial) bool {
			had := len(d.On.Busy)+len(d.On.NoAnswer)+len(d.On.NotRegistered)+len(d.On.Declined)+len(d.On.Failed) > 0
			d.On = dialplan.On{}
			return had
		})
	}},
	{"ring half as long", func(list []*dialplan.RouteSpec, i int) ([]*dialplan.RouteSpec, bool) {
		return dialOf(list, i, func(d *dialplan.Dial) bool {
			had := d.Timeout > 0
			d.Timeout /= 2
			return had
		})
	}},
}

// dialOf changes the first dial of a route.
func dialOf(list []*dialplan.RouteSpec, i int, change func(*dialplan.Dial) bool) ([]*dialplan.RouteSpec, bool) {
	r := *list[i]
	r.Do = slices.Clone(r.Do)
	for j, s := range r.Do {
		if d, ok := s.(*dialplan.Dial); ok {
			other := *d
			r.Do[j] = &other
			return replaced(list, i, &r), change(&other)
		}
	}
	return nil, false
}

func replaced(list []*dialplan.RouteSpec, i int, r *dialplan.RouteSpec) []*dialplan.RouteSpec {
	out := slices.Clone(list)
	out[i] = r
	return out
}

func conditions(r *dialplan.RouteSpec) bool {
	w := r.When
	return len(w.Time)+len(w.From)+len(w.FromName)+len(w.Country)+len(w.Extension)+len(w.Network)+len(w.Busy)+len(w.Registered)+
		len(w.Header)+len(w.Var) > 0 || w.Anonymous != nil || w.If.Value != ""
}

// apart reports whether two routes have different numbers, so that their order
// means nothing.
func apart(a, b *dialplan.RouteSpec) bool {
	if len(a.To) == 0 || len(b.To) == 0 {
		return false
	}
	for _, t := range a.To {
		if slices.ContainsFunc(b.To, func(u dialplan.Text) bool { return t.Value == u.Value }) {
			return false
		}
	}
	return true
}

// TestMutants alters each route of every shipped plan in several ways. Of these
// mutants, nearly all are refused by check, or fail a test.
func TestMutants(t *testing.T) {
	names, err := filepath.Glob("../testdata/plans/*" + Suffix)
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	all, byCheck, byTests := 0, 0, 0
	for _, name := range names {
		s := read(t, name)
		for _, context := range slices.Sorted(maps.Keys(s.Config.Dialplan)) {
			for i := range s.Config.Dialplan[context] {
				for _, m := range mutations {
					caught, could := tryMutant(t, name, context, i, m)
					if !could {
						continue
					}
					all++
					switch caught {
					case "check":
						byCheck++
					case "tests":
						byTests++
					default:
						t.Logf("not caught: %s: %s/%s: %s", name, context, s.Config.Dialplan[context][i].Name.Value, m.name)
					}
				}
			}
		}
	}
	share := float64(byCheck+byTests) / float64(all)
	t.Logf("%d mutants, %d caught by check, %d by tests: %.0f%%", all, byCheck, byTests, 100*share)
	if share < wanted {
		t.Errorf("only %.0f%% of the mutants are caught, %.0f%% are wanted", 100*share, 100*wanted)
	}
}

func read(t *testing.T, name string) *Suite {
	t.Helper()
	s, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tryMutant says what caught it, "" when nothing did. The plan is read anew:
// compiling changes what it is made of.
func tryMutant(t *testing.T, name, context string, i int, m mutation) (caught string, could bool) {
	t.Helper()
	s := read(t, name)
	before := len(s.Loaded.Warnings)
	list, could := m.apply(s.Config.Dialplan[context], i)
	if !could {
		return "", false
	}
	s.Config.Dialplan[context] = list
	plan, found := config.PlanOf(s.Config)
	if plan == nil || len(found) > before {
		return "check", true
	}
	s.Plan = plan
	for _, c := range s.Cases {
		if s.Run(c).Failed() {
			return "tests", true
		}
	}
	return "", true
}

// Every shipped plan has tests, which pass and use all of it.
func TestShippedPlans(t *testing.T) {
	plans, err := filepath.Glob("../testdata/plans/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range plans {
		if matched, _ := filepath.Match("*"+Suffix, filepath.Base(plan)); matched {
			continue
		}
		name := plan[:len(plan)-len(".yaml")] + Suffix
		t.Run(filepath.Base(plan), func(t *testing.T) {
			o := outcome(t, name)
			for _, r := range o.Results {
				if r.Failed() {
					t.Errorf("%s\n%s", r.Case.Name.Value, r.Text())
				}
			}
			c := NewCoverage()
			c.Add(o.Suite, o.Results)
			if routes, all := c.Routes(); routes < all {
				t.Errorf("%d of %d routes are tested", routes, all)
			}
			if ways, all := c.Ways(); ways < all {
				t.Error(fmt.Sprint(ways, " of ", all, " branches are tested"))
			}
		})
	}
}
