package plantest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/config"
)

// Every shipped plan passes check without a message, its tests pass and use all of
// it, and fmt would change neither.
func TestShippedPlans(t *testing.T) {
	for _, folder := range []string{"../cookbook", "../testdata/plans"} {
		names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%d files in %s, %v", len(names), folder, err)
		}
		for _, name := range names {
			t.Run(filepath.Base(name), func(t *testing.T) {
				tidy(t, name)
				if !strings.HasSuffix(name, Suffix) {
					covered(t, strings.TrimSuffix(name, ".yaml")+Suffix)
				}
			})
		}
	}
}

func tidy(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := config.Tidy(name, data); err != nil || !bytes.Equal(after, data) {
		t.Errorf("fmt changes it (%v); run: dialtone fmt -w %s", err, name)
	}
}

func covered(t *testing.T, tests string) {
	t.Helper()
	o := outcome(t, tests)
	for _, w := range o.Suite.Loaded.Warnings {
		// Whether others may read a file is up to who checks it out.
		if !strings.Contains(w.Reason, "can read the passwords in it") {
			t.Errorf("check: %v", w)
		}
	}
	for _, r := range o.Results {
		if r.Failed() {
			t.Errorf("%s\n%s", r.Case.Name.Value, r.Text())
		}
	}
	c := NewCoverage()
	c.Add(o.Suite, o.Results)
	routes, allRoutes := c.Routes()
	ways, allWays := c.Ways()
	if routes < allRoutes || ways < allWays {
		var missing strings.Builder
		c.Write(&missing)
		t.Error(missing.String())
	}
}
