package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckPrintsAllMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "sip:\n  udpp: [\":5060\"]\nextensions:\n  \"100\": {password: correct-horse-battery, max_calls: many}\n"
	if err := os.WriteFile("dialtone.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := dialtone(t, "check", "dialtone.yaml")
	if code != 1 || errOut != "" {
		t.Errorf("exit code %d, %s", code, errOut)
	}
	for _, want := range []string{
		"dialtone.yaml:2:3: ", "udpp", "      udpp: [\":5060\"]\n", "    ^", "dialtone.yaml:4:",
		"max_calls", "dialtone.yaml: 2 mistakes, 0 warnings\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "horse") {
		t.Errorf("check prints a password:\n%s", out)
	}
}

func TestCheckJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	for text, mistakes := range map[string]int{"sip: {domain: pbx}\n": 0, "sipp: 1\nlogg: 2\n": 2} {
		if err := os.WriteFile("c.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, _ := dialtone(t, "check", "--json", "c.yaml")
		var result struct {
			OK       bool
			Mistakes []struct{ Line int }
			Warnings []any
		}
		if err := json.Unmarshal([]byte(out), &result); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if result.OK != (code == 0) || result.OK != (mistakes == 0) || len(result.Mistakes) != mistakes || result.Warnings == nil {
			t.Errorf("%q: exit code %d, %s", text, code, out)
		}
	}
}

func TestCheckWithoutFile(t *testing.T) {
	t.Chdir(t.TempDir())
	code, out, errOut := dialtone(t, "check")
	if code != 1 || !strings.Contains(out+errOut, "dialtone.yaml") {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
}

func TestInitWritesWhatIsServedWithoutIt(t *testing.T) {
	t.Chdir(t.TempDir())
	without, err := serveCommand{}.load(terminal{os.Stdout, os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	code, out, errOut := dialtone(t, "init")
	if code != 0 || !strings.Contains(out, "Accounts (kept)") || errOut != "" {
		t.Fatalf("exit code %d, %s%s", code, out, errOut)
	}
	with, err := serveCommand{}.load(terminal{os.Stdout, os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	if with.file != "dialtone.yaml" || filepath.Clean(with.data) != without.data {
		t.Errorf("serves %q with data in %q", with.file, with.data)
	}
	if got, want := with.cfg.Extensions["100"].Password.Reveal(), without.cfg.Extensions["100"].Password.Reveal(); got != want || got == "" {
		t.Error("the phones would have to log in with another password")
	}
	if code, _, errOut := dialtone(t, "check"); code != 0 {
		t.Errorf("check refuses what init wrote: %s", errOut)
	}
	code, _, errOut = dialtone(t, "init")
	if code != 1 || !strings.Contains(errOut, "was not touched") {
		t.Errorf("a second init: exit code %d, %s", code, errOut)
	}
}

func TestInitMakesNothingWhereItCannotFinish(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, errOut := dialtone(t, "init", "--config", "etc/dialtone.yaml", "--data", "var")
	if code != 1 || !strings.Contains(errOut, "there is no folder etc for dialtone.yaml; make it first") || exists("var") {
		t.Errorf("exit code %d, %s; the data folder exists: %v", code, errOut, exists("var"))
	}
}
