package guard

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page that people read says the same as the table that the build obeys.
func TestArchitecturePageAgrees(t *testing.T) {
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(string(text), "## The rooms")
	holds, page, found := strings.Cut(page, "## Who imports whom")
	if !found {
		t.Fatal("there is no section of rooms and none of imports")
	}
	imports := strings.Split(page, "```")[1]
	imports = regexp.MustCompile(`,?\n {2,}`).ReplaceAllString(imports, ", ")
	for room, allowed := range may {
		if !strings.Contains(holds, "`"+room+"`") {
			t.Errorf("ARCHITECTURE.md: the table of rooms does not say what %s holds", room)
		}
		if strings.HasPrefix(room, "internal/") {
			continue
		}
		said, known := pageRow(imports, room)
		switch {
		case !known:
			t.Errorf("ARCHITECTURE.md: no row says whom %s imports; it may import %s", room, list(allowed))
		case said != "everything below" && said != list(allowed):
			t.Errorf("ARCHITECTURE.md: %s -> %s; the table of internal/guard/imports_test.go says %s", room, said, list(allowed))
		}
	}
}

// pageRow gives whom a room imports as the page says, in the words of list. A row
// of its own goes before one with a star.
func pageRow(imports, room string) (said string, known bool) {
	for row := range strings.Lines(imports) {
		left, right, is := strings.Cut(strings.TrimSpace(row), "->")
		if !is {
			continue
		}
		for name := range strings.SplitSeq(left, ",") {
			name = strings.TrimSpace(name)
			if name != room && (known || !contains([]string{name}, room)) {
				continue
			}
			rooms := strings.Split(right, ",")
			for i := range rooms {
				rooms[i] = strings.TrimSpace(rooms[i])
			}
			if said, known = list(slices.DeleteFunc(rooms, func(s string) bool { return s == "nothing of ours" })), true; name == room {
				return said, known
			}
		}
	}
	return said, known
}
