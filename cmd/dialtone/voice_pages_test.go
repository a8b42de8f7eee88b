package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every plan of these pages that has a name is right, and its tests pass.
func TestVoicePages(t *testing.T) {
	for page, least := range map[string]struct{ plans, tests int }{
		"conferences": {5, 4}, "recording": {1, 1}, "voicemail": {1, 1},
	} {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile("../../docs/" + page + ".md")
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
				first, _, _ := strings.Cut(block[2], "\n")
				if name, named := strings.CutPrefix(first, "# "); named && block[1] == "yaml" {
					keep(t, name, block[2])
				}
			}
			files, _ := filepath.Glob("*.yaml")
			tests := 0
			for _, name := range files {
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
			if plans := len(files) - tests; plans < least.plans || tests < least.tests {
				t.Errorf("the page has %d plans and %d tests: %q", plans, tests, files)
			}
		})
	}
}
