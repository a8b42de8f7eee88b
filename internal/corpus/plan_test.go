package corpus

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dialtone/config"
)

// edit is another text for the value of a key.
type edit struct {
	config.Position
	text string
}

// rewrite copies the folder of the plan into dir, with other values of some keys,
// by their paths. It gives the name of the plan there.
func (s *scene) rewrite(t *try, dir string, values map[string]string) string {
	t.Helper()
	plan := s.suite.Loaded.Files[0]
	folder := filepath.Dir(plan)
	if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	edits := map[string][]edit{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		at, set := s.suite.Loaded.Position(key)
		if !set {
			t.Fatalf("%s does not stand in the plan", key)
		}
		edits[at.File] = append(edits[at.File], edit{at, values[key]})
	}
	for file, list := range edits {
		rel, err := filepath.Rel(folder, file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, rel)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := apply(string(data), list)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, filepath.Base(plan))
}

// apply puts texts in the place of values, the last first: so those before stay
// where they are.
func apply(text string, list []edit) (string, error) {
	slices.SortFunc(list, func(a, b edit) int { return cmp.Or(cmp.Compare(b.Line, a.Line), cmp.Compare(b.Column, a.Column)) })
	lines := strings.Split(text, "\n")
	for _, e := range list {
		if e.Line > len(lines) || e.Column > len([]rune(lines[e.Line-1])) {
			return "", fmt.Errorf("there is no line %d, column %d any more", e.Line, e.Column)
		}
		line := []rune(lines[e.Line-1])
		before, value := string(line[:e.Column-1]), string(line[e.Column-1:])
		end := strings.IndexAny(value+" ", ",} ")
		if quote := value[:1]; quote == `"` || quote == "'" {
			end = strings.Index(value[1:], quote) + 2
		}
		lines[e.Line-1] = before + e.text + value[end:]
	}
	return strings.Join(lines, "\n"), nil
}

// also adds a key behind a value that stands at a place: in its line when that is
// one of {braces}, else in a line below.
func (s *scene) also(t *try, path, value, key string) string {
	t.Helper()
	at, _ := s.suite.Loaded.Position(path)
	data, err := os.ReadFile(at.File)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Split(string(data), "\n")[at.Line-1]
	name := path[strings.LastIndexByte(path, '.')+1:]
	if own := strings.TrimLeft(line, " "); strings.HasPrefix(own, name+":") {
		return value + "\n" + strings.Repeat(" ", len(line)-len(own)) + key
	}
	return value + ", " + key
}
