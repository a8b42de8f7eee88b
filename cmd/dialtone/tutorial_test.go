package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/pbx/api"
	"dialtone/plantest"
)

// Who follows docs/tutorial.md gets a plan that is right at every step, tests that
// pass, and sees what the page says.
func TestTutorialPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(page), "\n"); n > 250 {
		t.Errorf("the page has %d lines, nobody reads more than 250", n)
	}
	t.Chdir(t.TempDir())
	steps := map[string]int{}
	for _, block := range fence.FindAllStringSubmatch(string(page), -1) {
		first, rest, _ := strings.Cut(block[2], "\n")
		switch block[1] {
		case "yaml":
			name, wrong := strings.CutSuffix(strings.TrimPrefix(first, "# "), ", which is wrong")
			keep(t, name, block[2])
			steps[name]++
			command := "check"
			if strings.HasSuffix(name, plantest.Suffix) {
				command = "test"
			}
			if code, out, errOut := dialtone(t, command, name); (code != 0) != wrong || strings.Contains(out, "warning:") {
				t.Errorf("%s %s, the %d. time: exit code %d, %s%s", command, name, steps[name], code, out, errOut)
			}
		case "console":
			args := strings.Fields(strings.TrimPrefix(first, "$ dialtone"))
			steps[args[0]]++
			if args[0] == "explain" {
				ended(t, args[1], "outside"+plantest.Suffix)
			}
			_, out, errOut := dialtone(t, args...)
			if out+errOut != rest {
				t.Errorf("%s prints\n%s%s\nthe page says\n%s", first, out, errOut, rest)
			}
		}
	}
	for _, what := range []string{"check", "test", "route", "explain", "office_test.yaml", "outside_test.yaml"} {
		if steps[what] == 0 {
			t.Errorf("the page has no %s", what)
		}
	}
	if steps["office.yaml"] < 4 {
		t.Errorf("the plan has %d steps", steps["office.yaml"])
	}
}

// ended lets a server have the record of the last test of a file under an id.
func ended(t *testing.T, id, file string) {
	t.Helper()
	suite, err := plantest.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	result := suite.Run(suite.Cases[len(suite.Cases)-1])
	if result.Failed() {
		t.Fatal(result.Err, result.Differences)
	}
	data := start(t, &fakeServer{records: []api.CDR{{ID: id, Trace: result.Observed.Trace.Bytes()}}})
	t.Setenv("DIALTONE_SOCKET", filepath.Join(data, api.SocketName))
}
