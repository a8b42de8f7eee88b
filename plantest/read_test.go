package plantest

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"dialtone/config"
)

// Every file of testdata/bad is refused with exactly the mistakes that its lines
// "# want:" begin to say; those that begin with a number are in the file itself.
func TestWhatIsWrongWithTests(t *testing.T) {
	t.Chdir("testdata")
	names, err := filepath.Glob("bad/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			_, err := Read(name)
			var found config.Errors
			if !errors.As(err, &found) {
				t.Fatalf("was not refused: %v", err)
			}
			left := wants(t, name)
		next:
			for _, e := range found {
				for i, w := range left {
					if strings.HasPrefix(e.Error(), w) {
						left = append(left[:i], left[i+1:]...)
						continue next
					}
				}
				t.Errorf("not wanted: %s\n%s", e, e.Excerpt())
			}
			for _, w := range left {
				t.Errorf("missing:    %s", w)
			}
		})
	}
}

func wants(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		if w, ok := strings.CutPrefix(line, "# want: "); ok {
			w = strings.TrimSpace(w)
			if w[0] >= '0' && w[0] <= '9' {
				w = name + ":" + w
			}
			out = append(out, w)
		}
	}
	return out
}

func TestMistakesInThePlanAreShown(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", "dialplan: {phones: [{do: [{dail: \"1\"}]}]}\n")
	write(t, dir, "a_test.yaml", "tests: [{name: a, call: {from: x, to: \"1\"}}]\n")
	s, err := Read(filepath.Join(dir, "a_test.yaml"))
	if err == nil || !strings.Contains(err.Error(), `there is no step "dail"`) {
		t.Errorf("error is %v", err)
	}
	if len(s.Files) != 2 {
		t.Errorf("watches %q", s.Files)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The page on tests has every key, so that a new one is not forgotten there.
func TestThePageHasEveryKey(t *testing.T) {
	page, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range []any{File{}, Case{}, Caller{}, Phone{}, Expect{}, End{}} {
		typ := reflect.TypeOf(section)
		for i := range typ.NumField() {
			key := typ.Field(i).Tag.Get("yaml")
			if key != "" && !strings.Contains(string(page), "`"+key) && !strings.Contains(string(page), key+":") {
				t.Errorf("docs/testing.md does not have %s of %s", key, typ.Name())
			}
		}
	}
}
