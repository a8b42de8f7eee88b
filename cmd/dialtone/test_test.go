package main

import (
	"context"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dialtone/internal/testwav"
)

// fence finds the blocks of code of a page.
var fence = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")

// Every example of docs/testing.md is written into a folder, and every command of
// it prints what the page says.
func TestTestingPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	sounds(t)
	commands := 0
	for _, block := range fence.FindAllStringSubmatch(string(page), -1) {
		first, rest, _ := strings.Cut(block[2], "\n")
		switch block[1] {
		case "yaml":
			keep(t, strings.TrimPrefix(first, "# "), block[2])
		case "console":
			commands++
			_, out, errOut := dialtone(t, strings.Fields(strings.TrimPrefix(first, "$ dialtone"))...)
			if out+errOut != rest {
				t.Errorf("%s prints\n%s%s\nthe page says\n%s", first, out, errOut, rest)
			}
		}
	}
	names, err := filepath.Glob("*_test.yaml")
	if err != nil || len(names) < 4 || commands < 3 {
		t.Errorf("%q and %d commands were found: %v", names, commands, err)
	}
	for _, name := range names {
		if name == "wrong_test.yaml" {
			continue // the page says what it prints
		}
		if code, out, errOut := dialtone(t, "test", name); code != 0 {
			t.Errorf("%s: exit code %d, %s%s", name, code, out, errOut)
		}
	}
}

// sounds makes the files that the plans of the pages play, of 2 s each.
func sounds(t *testing.T) {
	t.Helper()
	for _, name := range []string{"welcome", "menu", "not-understood", "which-extension", "office/closed", "enter-pin", "wrong-pin"} {
		if err := testwav.Write(filepath.Join("dialtone-data", "prompts", name+".wav"), 440, 2*time.Second); err != nil {
			t.Fatal(err)
		}
	}
}

func keep(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const (
	smallPlan  = "extensions: {\"100\": {password: kqvt-8mzn-3xwp-r5hc}}\n"
	smallTests = `tests:
  - {name: the echo, call: {from: "100", to: "600"}, expect: {route: echo}}
  - {name: the tone, call: {from: "100", to: "601"}, expect: {route: %s}}
`
)

// small makes a folder with tests of which the second expects a route.
func small(t *testing.T, route string) {
	t.Helper()
	t.Chdir(t.TempDir())
	keep(t, "a.yaml", smallPlan)
	keep(t, "a_test.yaml", strings.ReplaceAll(smallTests, "%s", route))
}

func TestTestExitCodes(t *testing.T) {
	small(t, "echo")
	keep(t, "b_test.yaml", "tests: 1\n")
	keep(t, "alone.yaml", smallPlan)
	keep(t, "other.yaml", "plan: a.yaml\n"+strings.ReplaceAll(smallTests, "%s", "tone"))
	for _, c := range []struct {
		line string
		code int
		says string
	}{
		{"test a_test.yaml", 1, "FAIL  a_test.yaml: 1 of 2 tests failed\n"},
		{"test a.yaml", 1, "FAIL  a_test.yaml: 1 of 2 tests failed\n"},
		{"test alone.yaml", 1, "dialtone: alone.yaml is a plan, and there is no alone_test.yaml beside it; write its tests there, see dialtone test --help\n"},
		{"test other.yaml --run echo", 0, "ok    other.yaml: 1 test"},
		{"test a_test.yaml --run echo -v", 0, "ok    a_test.yaml:2: the echo\nok    a_test.yaml: 1 test, 1m of calls\n"},
		{"test --run ^the.tone$", 1, "route: expected echo, was extensions/tone"},
		{"test b_test.yaml", 1, "FAIL  b_test.yaml cannot be run\n      b_test.yaml:1:8: tests: expected a list"},
		{"test a_test.yaml --run nothing", 1, "dialtone: no test has a name that fits nothing"},
		{"test --run ( .", 2, "--help"},
		{"test c_test.yaml", 1, "dialtone: there is no file or folder c_test.yaml"},
		{"test a_test.yaml --tap", 1, "TAP version 14\n1..2\nok 1 - a_test.yaml: the echo\nnot ok 2 - a_test.yaml: the tone\n  ---\n"},
	} {
		code, out, errOut := dialtone(t, strings.Fields(c.line)...)
		if code != c.code || !strings.Contains(out+errOut, c.says) {
			t.Errorf("%s: exit code %d\n%s%s\nwant %d and\n%s", c.line, code, out, errOut, c.code, c.says)
		}
	}
}

func TestTestWithoutTests(t *testing.T) {
	t.Chdir(t.TempDir())
	code, out, errOut := dialtone(t, "test")
	if code != exitFailed || out != "" || !strings.Contains(errOut, "_test.yaml") {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
}

func TestTestWritesJUnit(t *testing.T) {
	small(t, "echo")
	if code, _, _ := dialtone(t, "test", "--junit", "result.xml"); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	data, err := os.ReadFile("result.xml")
	if err != nil {
		t.Fatal(err)
	}
	var result struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal(data, &result); err != nil || result.Tests != 2 || result.Failures != 1 {
		t.Errorf("%v, %+v in\n%s", err, result, data)
	}
}

// printed tells of each piece of output.
type printed chan string

func (p printed) Write(b []byte) (int, error) {
	p <- string(b)
	return len(b), nil
}

// await reads until want was printed.
func (p printed) await(t *testing.T, want string) {
	t.Helper()
	var all strings.Builder
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for !strings.Contains(all.String(), want) {
		select {
		case s := <-p:
			all.WriteString(s)
		case <-late.C:
			t.Fatalf("was not printed: %s, but\n%s", want, &all)
		}
	}
}

func TestTestWatches(t *testing.T) {
	small(t, "echo")
	ctx, cancel := context.WithCancel(t.Context())
	out, done := make(printed, 100), make(chan int)
	go func() { done <- run(ctx, []string{"test", "--watch"}, out, out) }()
	out.await(t, "1 of 2 tests failed\n")
	out.await(t, "waiting for changes")
	keep(t, "a_test.yaml", strings.ReplaceAll(smallTests, "%s", "tone"))
	out.await(t, "ok    a_test.yaml: 2 tests")
	keep(t, "a.yaml", smallPlan+"features: {tone: \"\"}\n")
	out.await(t, "FAIL")
	keep(t, "a.yaml", smallPlan)
	out.await(t, "ok    a_test.yaml: 2 tests")
	keep(t, filepath.Join(".", "another_test.yaml"), "plan: a.yaml\n"+strings.ReplaceAll(smallTests, "%s", "tone"))
	out.await(t, "ok    another_test.yaml: 2 tests")
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
