package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func page(t *testing.T, plans map[string]string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range plans {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := cookbookOf(dir)
	return string(out), err
}

func TestPageOfPlans(t *testing.T) {
	got, err := page(t, map[string]string{
		"01-door.yaml": `# A door's phone
#
# For houses with a door
# and a bell.
#
# Shows when,
# and dial.
#
# Not for the page.
site: {country: DE}
dialplan:
  phones:
    - name: door
      to: 1
      when: {time: day}
      do: [{dial: bell, on: {busy: [{goto: phones}]}}]
`,
		"01-door_test.yaml": "tests: []\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"| [A door's phone](#a-doors-phone) | houses with a door and a bell |\n",
		"## A door's phone\n\nFor houses with a door and a bell.\nShows when, and dial.\n\n[The plan](../cookbook/01-door.yaml), [its tests](../cookbook/01-door_test.yaml)\n",
		"| `dial` | [A door's phone](../cookbook/01-door.yaml) |\n",
		"| `goto` | [A door's phone](../cookbook/01-door.yaml) |\n",
		"| `when: time` | [A door's phone](../cookbook/01-door.yaml) |\n",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in\n%s", part, got)
		}
	}
	if strings.Contains(got, "Not for the page") || strings.Contains(got, "`to`") {
		t.Errorf("too much on the page:\n%s", got)
	}
}

func TestPlansSayWhomTheyAreFor(t *testing.T) {
	for _, text := range []string{
		"site: {country: DE}\n",
		"# A door\nsite: {country: DE}\n",
		"# A door\n#\n# For houses.\nsite: {country: DE}\n",
		"# A door\n#\n# Of houses.\n#\n# Shows it.\nsite: {country: DE}\n",
		"# A door\n#\n# For one\n# two\n# three.\n#\n# Shows it.\nsite: {country: DE}\n",
	} {
		if _, err := page(t, map[string]string{"a.yaml": text}); err == nil || !strings.Contains(err.Error(), "begin with a comment of three parts") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Every plan is on the page, by TestGeneratedFilesAreCurrent; these are enough.
func TestThereAreEnoughPlans(t *testing.T) {
	got, err := cookbookOf(filepath.Join(root(t), "cookbook"))
	if n := strings.Count(string(got), "\n[The plan]("); err != nil || n < 20 {
		t.Errorf("%d plans, at least 20 are wanted: %v", n, err)
	}
}
