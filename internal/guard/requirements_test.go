package guard

import (
	"go/ast"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestRequirementsOfBrowsersAreTested holds docs/webrtc-requirements.md to what is there:
// 28 rows, each with a test, and every test that is named exists.
func TestRequirementsOfBrowsersAreTested(t *testing.T) {
	const page = "docs/webrtc-requirements.md"
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, s := range house(t) {
		for _, d := range s.file.Decls {
			if f, is := d.(*ast.FuncDecl); is && s.test && f.Recv == nil {
				tests[s.room+": "+f.Name.Name] = true
			}
		}
	}
	named := regexp.MustCompile("`([a-z0-9/]+: Test[A-Za-z0-9]+)`")
	row := regexp.MustCompile(`^\| ([0-9]+) \|`)
	next := 1
	for line := range strings.Lines(string(text)) {
		found := named.FindAllStringSubmatch(line, -1)
		for _, m := range found {
			if !tests[m[1]] {
				t.Errorf("%s: there is no test %s", page, m[1])
			}
		}
		if m := row.FindStringSubmatch(line); m != nil {
			if m[1] != strconv.Itoa(next) || len(found) == 0 {
				t.Errorf("%s: row %s, which should be %d, names %d tests", page, m[1], next, len(found))
			}
			next++
		}
	}
	if next != 29 {
		t.Errorf("%s: %d requirements, want 28", page, next-1)
	}
}
