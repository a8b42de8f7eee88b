package corpus

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/plantest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	longest = 12 * time.Second // of a call that is played for real
	enough  = 100              // cases that must be
)

// TestSimulatedAndRealCallsComeOutAlike plays each test of the plans in testdata
// and the cookbook that does not last too long.
func TestSimulatedAndRealCallsComeOutAlike(t *testing.T) {
	var files []string
	for _, pattern := range []string{"testdata/corpus/*", "testdata/plans/*", "cookbook/*"} {
		found, err := filepath.Glob("../../" + pattern + plantest.Suffix)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	all := scenes(t, files)
	t.Logf("%d calls are played for real", len(all))
	if len(all) < enough {
		t.Errorf("%d calls can be played for real, want %d at least", len(all), enough)
	}
	free := make(chan int, places)
	for i := range places {
		free <- i
	}
	var calls sync.WaitGroup
	for _, s := range all {
		place := <-free
		// These calls wait most of the time: more of them run at a time than tests
		// usually do.
		calls.Go(func() {
			defer func() { free <- place }()
			t.Run(s.name, func(t *testing.T) { compare(t, s.virtual, play(t, s, place)) })
		})
	}
	calls.Wait()
}

// scene is a test that is played for real, and how it came out when it was
// simulated.
type scene struct {
	name    string
	suite   *plantest.Suite
	test    *plantest.Case
	virtual *plantest.Observed
}

// scenes simulates all tests, and gives those that can be played for real.
func scenes(t *testing.T, files []string) []scene {
	t.Helper()
	var out []scene
	for _, file := range files {
		suite, err := plantest.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range suite.Cases {
			name := strings.TrimSuffix(filepath.Base(file), plantest.Suffix) + "/" + c.Name.Value
			virtual := suite.Run(c)
			if virtual.Failed() {
				t.Errorf("%s: %s", name, virtual.Text())
				continue
			}
			if why := unplayable(suite, c, virtual.Observed); why != "" {
				t.Logf("%s is not played for real: %s", name, why)
				continue
			}
			out = append(out, scene{name, suite, c, virtual.Observed})
		}
	}
	return out
}

// unplayable says why a test is not played for real.
func unplayable(suite *plantest.Suite, c *plantest.Case, o *plantest.Observed) string {
	if o.After > longest {
		return "it lasts " + o.After.Round(time.Millisecond).String()
	}
	if c.Call.HangsUp == 0 && o.By == "caller" {
		return "it is not said when the caller hangs up"
	}
	for _, k := range c.Call.Keys {
		if _, _, ok := timed(k.Value); !ok {
			return "keys are pressed when something is heard"
		}
	}
	for _, caller := range append(slices.Clone(c.Before), c.Call) {
		_, ours := suite.Config.Extensions[caller.From.Value]
		switch {
		case !ours || caller.Context.Value != "":
			return "it comes from outside"
		case caller.Source.Value != "" && (!strings.HasPrefix(caller.Source.Value, "127.") || caller.Transport == "tcp" || caller.Transport == "tls"):
			return "it comes from an address that is not here"
		case caller != c.Call && caller.HangsUp > 0:
			return "a call that was before ends"
		}
	}
	for _, phones := range suite.World(c) {
		for _, p := range phones {
			if deed, after := p.Act(); deed == "unreachable" && after > 0 {
				return "it takes time to notice that a phone is gone"
			}
		}
	}
	return ""
}
