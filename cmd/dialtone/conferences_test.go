package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every plan of docs/conferences.md is right, and its tests pass.
func TestConferencesPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/conferences.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, block := range fence.FindAllStringSubmatch(string(page), -1) {
		if first, _, _ := strings.Cut(block[2], "\n"); block[1] == "yaml" {
			keep(t, strings.TrimPrefix(first, "# "), block[2])
		}
	}
	plans, _ := filepath.Glob("*.yaml")
	tests := 0
	for _, name := range plans {
		command := "check"
		if strings.HasSuffix(name, "_test.yaml") {
			command = "test"
			tests++
		} else if err := os.Chmod(name, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, errOut := dialtone(t, command, name); code != 0 || strings.Contains(out+errOut, "warning:") {
			t.Errorf("%s %s: exit code %d, %s%s", command, name, code, out, errOut)
		}
	}
	if tests < 3 || len(plans) < 7 {
		t.Errorf("the page has %d plans and tests: %q", len(plans), plans)
	}
}
