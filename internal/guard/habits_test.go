package guard

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"sync"
	"testing"
)

// variables are the package variables that may be: tables and values that nothing
// changes. Errors (var ErrX = errors.New), interface checks (var _ X = y),
// compiled patterns and embedded files need no entry.
var variables = map[string][]string{
	"config":      {},
	"media/audio": {"oggTable"}, // made once, never changed
}

const longestFile = 600

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	says := map[string]bool{}
	for _, s := range house(t) {
		if !s.test {
			says[s.room] = says[s.room] || s.file.Doc != nil
		}
	}
	for room, ok := range says {
		if !ok {
			t.Errorf("%s: no file has a package comment: say in a sentence what the package is for", room)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range house(t) {
		if s.lines > longestFile && !generated(s.file) {
			t.Errorf("%s has %d lines, at most %d are allowed: split it along a noun", s.path, s.lines, longestFile)
		}
	}
}

func TestNothingHappensBeforeMain(t *testing.T) {
	for _, s := range house(t) {
		for _, d := range s.file.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: no init functions: put the line into a table, or do it where it is needed", at(f))
			}
		}
	}
}

// TestPackagesHoldNoState finds package variables that something changes: an
// assignment, an address taken, a method of a pointer cannot all be seen without
// types, so every variable that is not plainly a table, an error or a pattern
// needs an entry in variables.
func TestPackagesHoldNoState(t *testing.T) {
	for _, s := range house(t) {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			g, is := d.(*ast.GenDecl)
			if !is || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					if name.Name == "_" || embedded(g, v) || (i < len(v.Values) && constant(v.Values[i])) || slices.Contains(variables[s.room], name.Name) {
						continue
					}
					t.Errorf("%s: package variable %s: state belongs into a struct that somebody owns. If nothing ever changes it, write it as a table, or name it in internal/guard/habits_test.go", at(name), name.Name)
				}
			}
		}
	}
	changed(t)
}

// changed finds tables that are written to after all.
func changed(t *testing.T) {
	t.Helper()
	tables := map[string]map[string]bool{}
	for _, s := range house(t) {
		if tables[s.room] == nil {
			tables[s.room] = map[string]bool{}
		}
		for _, d := range s.file.Decls {
			if g, is := d.(*ast.GenDecl); is && g.Tok == token.VAR && !s.test {
				for _, spec := range g.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						tables[s.room][name.Name] = true
					}
				}
			}
		}
	}
	for _, s := range house(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			var targets []ast.Expr
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					targets = n.Lhs
				}
			case *ast.IncDecStmt:
				targets = []ast.Expr{n.X}
			}
			for _, e := range targets {
				if name := base(e); name != nil && name.Name != "_" && tables[s.room][name.Name] && global(name) {
					t.Errorf("%s: package variable %s is changed: state belongs into a struct that somebody owns", at(name), name.Name)
				}
			}
			return true
		})
	}
}

// base is the variable that an assignment to e changes.
func base(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.IndexExpr:
		return base(e.X)
	case *ast.SelectorExpr:
		return base(e.X)
	case *ast.ParenExpr:
		return base(e.X)
	}
	return nil
}

// global reports whether name is not a local variable of the same name. The
// parser resolves names within a file; one that it does not know is declared in
// another file of the package.
func global(name *ast.Ident) bool {
	if name.Obj == nil {
		return true
	}
	v, is := name.Obj.Decl.(*ast.ValueSpec)
	return is && topLevel()[v]
}

// topLevel are the variables declared outside of functions.
var topLevel = sync.OnceValue(func() map[*ast.ValueSpec]bool {
	out := map[*ast.ValueSpec]bool{}
	all, _ := sources()
	for _, s := range all {
		for _, d := range s.file.Decls {
			if g, is := d.(*ast.GenDecl); is && g.Tok == token.VAR {
				for _, spec := range g.Specs {
					out[spec.(*ast.ValueSpec)] = true
				}
			}
		}
	}
	return out
})

// embedded reports whether a //go:embed stands above v.
func embedded(g *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, v.Doc} {
		if doc == nil {
			continue
		}
		for _, c := range doc.List {
			if strings.HasPrefix(c.Text, "//go:embed") {
				return true
			}
		}
	}
	return false
}

// constant reports whether e is a value that is made once: a table, an error, a
// pattern, or what a function without arguments that matter returns once.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.CompositeLit, *ast.FuncLit, *ast.BinaryExpr, *ast.SelectorExpr:
		return true
	case *ast.CallExpr:
		switch name := called(e); name {
		case "errors.New", "fmt.Errorf", "regexp.MustCompile", "netip.MustParsePrefix", "netip.MustParseAddr",
			"netip.AddrFrom4", "strings.NewReplacer", "slices.Concat", "template.Must", "sync.OnceValue", "sync.OnceValues",
			"byte", "string", "len", "crc32.MakeTable", "base64.NewEncoding", "big.NewInt", "time.Date":
			return true
		}
		// Tables that a function of the same package computes.
		_, local := e.Fun.(*ast.Ident)
		return local
	}
	return false
}

// called is the name of the function that a call calls.
func called(e *ast.CallExpr) string {
	switch f := e.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, is := f.X.(*ast.Ident); is {
			return x.Name + "." + f.Sel.Name
		}
	case *ast.ArrayType:
		return "[]"
	}
	return ""
}

// TestTestsWaitForEvents refuses time.Sleep in tests, but where time is fake: in a
// function that calls synctest.Test, or that is handed to one.
func TestTestsWaitForEvents(t *testing.T) {
	fake := map[string]map[string]bool{}
	for _, s := range house(t) {
		if !s.test {
			continue
		}
		if fake[s.room] == nil {
			fake[s.room] = bubbles(s.room)
		}
		for _, d := range s.file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Body == nil || fake[s.room][f.Name.Name] {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if c, is := n.(*ast.CallExpr); is && called(c) == "time.Sleep" {
					t.Errorf("%s: no time.Sleep in tests: wait for the event, or test in the fake time of testing/synctest", at(c))
				}
				return true
			})
		}
	}
}

// bubbles are the functions of a room's tests that run in fake time: those that
// call synctest.Test, themselves or by a helper, and all that these call or name.
func bubbles(room string) map[string]bool {
	all, _ := sources()
	uses := map[string]map[string]bool{}
	in := map[string]bool{}
	for _, s := range all {
		if s.room != room || !s.test {
			continue
		}
		for _, d := range s.file.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Body != nil {
				uses[f.Name.Name] = names(f)
				in[f.Name.Name] = uses[f.Name.Name]["synctest.Test"]
			}
		}
	}
	grow(func() (grew bool) { // to those that call a helper that makes a bubble
		for name, used := range uses {
			for below := range used {
				if in[below] && !in[name] {
					in[name], grew = true, true
				}
			}
		}
		return grew
	})
	grow(func() (grew bool) { // and to what runs in the bubble
		for name, used := range uses {
			for below := range used {
				if in[name] && uses[below] != nil && !in[below] {
					in[below], grew = true, true
				}
			}
		}
		return grew
	})
	return in
}

// grow repeats a step until it changes nothing.
func grow(step func() bool) {
	for step() {
	}
}

// names are the functions that f calls or mentions, methods by their bare name.
func names(f *ast.FuncDecl) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			out[called(n)] = true
		case *ast.SelectorExpr:
			out[n.Sel.Name] = true
		case *ast.Ident:
			out[n.Name] = true
		}
		return true
	})
	return out
}
