package main

import (
	"os"
	"strings"
	"testing"
)

// Every example of docs/menus.md is right without a warning, its tests pass, and every
// command prints what the page says.
func TestMenusPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/menus.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	plans, commands := 0, 0
	for _, block := range fence.FindAllStringSubmatch(string(page), -1) {
		first, rest, _ := strings.Cut(block[2], "\n")
		switch block[1] {
		case "yaml":
			name := strings.TrimPrefix(first, "# ")
			keep(t, name, block[2])
			if strings.HasSuffix(name, "_test.yaml") {
				continue
			}
			plans++
			if code, out, errOut := dialtone(t, "check", name); code != 0 || strings.Contains(out, "warning:") {
				t.Errorf("%s: exit code %d, %s%s", name, code, out, errOut)
			}
		case "console":
			commands++
			_, out, errOut := dialtone(t, words(strings.TrimPrefix(first, "$ dialtone"))...)
			if out+errOut != rest {
				t.Errorf("%s prints\n%s%s\nthe page says\n%s", first, out, errOut, rest)
			}
		}
	}
	if plans < 2 || commands < 2 {
		t.Errorf("only %d plans and %d commands were found", plans, commands)
	}
}

// words are those of a command; what is in quotes is one.
func words(line string) (out []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}
