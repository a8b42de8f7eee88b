package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// complete asks a real bash what it would offer after line.
func complete(t *testing.T, line string) []string {
	t.Helper()
	_, script, _ := dialtone(t, "completion", "bash")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	words := strings.Split(line, " ")
	ask := `source ./script || exit 1; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _dialtone; printf '%s\n' "${COMPREPLY[@]}"`
	command := exec.CommandContext(t.Context(), "bash", append([]string{"--norc", "-c", ask, "bash"}, words...)...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Fields(string(out))
}

func TestBashCompletion(t *testing.T) {
	for line, want := range map[string][]string{
		"dialtone ":                        {"serve", "init", "check", "diff", "fmt", "import", "test", "route", "explain", "doctor", "ctl", "docs", "completion", "version", "--help", "--config", "--data", "--trace", "--log-level"},
		"dialtone c":                       {"check", "ctl", "completion"},
		"dialtone ctl re":                  {"registrations", "recordings", "record", "reload"},
		"dialtone ctl --json tr":           {"trunks", "trace"},
		"dialtone ctl --data folder log":   {"log-level"},
		"dialtone ctl log-level ":          {"--help", "--socket", "--data", "--config", "--json", "debug", "info", "warn", "error"},
		"dialtone ctl cdr --format ":       {"table", "json", "csv"},
		"dialtone serve --log-level d":     {"debug"},
		"dialtone serve --config s":        {"script"},
		"dialtone serve --data ":           {"folder"},
		"dialtone check s":                 {"script"},
		"dialtone docs sa":                 {"sample"},
		"dialtone ctl cdr --party 100 --s": {"--socket", "--since"},
	} {
		if got := complete(t, line); !slices.Equal(got, want) {
			t.Errorf("%q is completed with %q, want %q", line, got, want)
		}
	}
}

func TestCompletionKnowsEveryCommandAndFlag(t *testing.T) {
	for _, shell := range []string{"zsh", "fish"} {
		_, script, _ := dialtone(t, "completion", shell)
		for _, word := range []string{"serve", "registrations", "log-level", "since", "socket", "debug info warn error", "bash zsh fish"} {
			if !strings.Contains(script, word) {
				t.Errorf("the script for %s does not know %q", shell, word)
			}
		}
	}
}
