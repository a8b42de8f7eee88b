package guard

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// source is one file of the house.
type source struct {
	path  string // from the root of the module, "pbx/call/leg.go"
	room  string // the folder, "pbx/call"
	test  bool
	lines int
	file  *ast.File
}

var fset = token.NewFileSet()

const module = "dialtone"

// sources are all Go files of the module, parsed once.
var sources = sync.OnceValues(func() ([]source, error) {
	root := os.DirFS("../..")
	var all []source
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		data, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, path, data, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{
			path: path, room: filepath.ToSlash(filepath.Dir(path)), file: f,
			test: strings.HasSuffix(path, "_test.go"), lines: strings.Count(string(data), "\n"),
		})
		return nil
	})
	return all, err
})

func house(t *testing.T) []source {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatalf("reading the source: %v", err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d files were found: the guard looks in the wrong place", len(all))
	}
	return all
}

// at is where a node stands, for messages.
func at(n ast.Node) string {
	p := fset.Position(n.Pos())
	return p.String()
}

func generated(f *ast.File) bool { return ast.IsGenerated(f) }
