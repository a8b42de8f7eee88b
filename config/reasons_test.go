package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// reasonTemplate is a reason as a function of the checker writes it: what stands
// fixed in it, with anything between.
type reasonTemplate struct {
	at   string
	text string
	in   *regexp.Regexp
}

// Every reason that the checker can give is one of a fixture: the lines "# want:"
// and "# warn:" of testdata/config, or a text in a test of config or dialplan.
func TestEveryReasonHasAFixture(t *testing.T) {
	said := saidReasons(t)
	known, err := os.ReadFile("testdata/reasons_without_fixture.txt")
	if err != nil {
		t.Fatal(err)
	}
	excused := strings.Split(strings.TrimSpace(string(known)), "\n")
	var used []string
	templates := reasonTemplates(t, ".", "../dialplan")
	if len(templates) < 100 {
		t.Fatalf("only %d reasons were found", len(templates))
	}
	for _, r := range templates {
		line := r.text
		switch {
		case r.in.MatchString(said):
		case slices.Contains(excused, line):
			used = append(used, line)
		default:
			t.Errorf("%s: no fixture in testdata/config gives the reason\n\t%s", r.at, line)
		}
	}
	for _, line := range excused {
		if !slices.Contains(used, line) && !strings.HasPrefix(line, "#") {
			t.Errorf("testdata/reasons_without_fixture.txt: there is no such reason, or it has a fixture: %s", line)
		}
	}
}

// saidReasons is all that fixtures and tests expect.
func saidReasons(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, pattern := range []string{"../testdata/config/*.yaml", "*_test.go", "../dialplan/*_test.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(data)) {
				if !strings.HasSuffix(name, ".yaml") || strings.HasPrefix(line, "# want:") || strings.HasPrefix(line, "# warn:") {
					b.WriteString(strings.ReplaceAll(line, `\"`, `"`))
				}
			}
		}
	}
	return b.String()
}

// reasonTemplates finds the calls that report something, and the problems.
func reasonTemplates(t *testing.T, dirs ...string) []reasonTemplate {
	t.Helper()
	reports := map[string]int{"fail": 1, "warn": 1, "missing": 2, "Fail": 2}
	var out []reasonTemplate
	for _, dir := range dirs {
		set := token.NewFileSet()
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				var reason ast.Expr
				switch n := n.(type) {
				case *ast.CallExpr:
					s, ok := n.Fun.(*ast.SelectorExpr)
					if !ok || reports[s.Sel.Name] == 0 || len(n.Args) < 3 {
						return true
					}
					reason = n.Args[len(n.Args)-2]
				case *ast.CompositeLit:
					if id, ok := n.Type.(*ast.Ident); !ok || id.Name != "problem" || len(n.Elts) != 2 {
						return true
					}
					reason = n.Elts[0]
				default:
					return true
				}
				if text, fixed := template(reason); fixed {
					pattern := strings.ReplaceAll(regexp.QuoteMeta(text), "…", ".*")
					out = append(out, reasonTemplate{set.Position(reason.Pos()).String(), text, regexp.MustCompile(pattern)})
				}
				return true
			})
		}
	}
	return out
}

var verb = regexp.MustCompile(`%[-+#0-9.]*[a-zA-Z]`)

// template is the text of an expression with … for what is not fixed; fixed is
// false when hardly anything is.
func template(e ast.Expr) (text string, fixed bool) {
	var write func(ast.Expr) string
	write = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
				return s
			}
		case *ast.BinaryExpr:
			return write(e.X) + write(e.Y)
		case *ast.CallExpr:
			if s, ok := e.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Sprintf" {
				return verb.ReplaceAllString(write(e.Args[0]), "…")
			}
		}
		return "…"
	}
	text = write(e)
	for strings.Contains(text, "……") {
		text = strings.ReplaceAll(text, "……", "…")
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
	return text, len(strings.ReplaceAll(text, "…", "")) > 5
}
