package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"

	"dialtone/config"
)

// comments are the doc comments of fields, by type and field.
type comments map[string]map[string]string

// readComments parses the Go files of a folder.
func readComments(dir string) (comments, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	out := comments{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok {
				return true
			}
			for _, spec := range decl.Specs {
				spec, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				if s, ok := spec.Type.(*ast.StructType); ok {
					out[spec.Name.Name] = fieldComments(s)
					out[spec.Name.Name][""] = decl.Doc.Text()
				}
			}
			return false
		})
	}
	return out, nil
}

func fieldComments(s *ast.StructType) map[string]string {
	out := map[string]string{}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			out[name.Name] = f.Doc.Text()
		}
	}
	return out
}

// node is one key: a section with keys, a table of sections, or a value.
type node struct {
	name    string
	path    string
	doc     string // lines, paragraphs kept
	typ     reflect.Type
	tag     reflect.StructTag
	def     reflect.Value
	inTable bool    // stands in each section of a table, without a default to show
	keys    []*node // of a section, or of each section of a table
}

func (n *node) isTable() bool { return n.typ.Kind() == reflect.Map }

// main is the key that a text alone stands for, nil when there is none.
func (n *node) main() *node {
	for _, k := range n.keys {
		if k.tag.Get("main") != "" {
			return k
		}
	}
	return nil
}

func (n *node) isSection() bool { return n.typ.Kind() == reflect.Struct }

// sectionsOf gives the keys of the whole configuration.
func sectionsOf(docs comments) ([]*node, error) {
	return keysOf(reflect.ValueOf(config.Default()), "", docs, false)
}

func keysOf(v reflect.Value, path string, docs comments, inTable bool) ([]*node, error) {
	var out []*node
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" {
			return nil, fmt.Errorf("%s.%s has no yaml tag", v.Type().Name(), f.Name)
		}
		doc := docs[v.Type().Name()][f.Name]
		if doc == "" {
			return nil, fmt.Errorf("%s.%s has no doc comment", v.Type().Name(), f.Name)
		}
		n := &node{
			name: name, path: strings.TrimPrefix(path+"."+name, "."), doc: keyDoc(doc, f.Name, name),
			typ: f.Type, tag: f.Tag, def: v.Field(i), inTable: inTable,
		}
		var err error
		switch {
		case n.isPlan():
			// docs/dialplan-reference.md has its keys
		case n.isTable() && f.Type.Elem().Kind() == reflect.Struct:
			n.keys, err = keysOf(config.Entry(f.Type), n.path+".NAME", docs, true)
		case n.isTable():
			// texts, which have no keys
		case n.isSection():
			n.keys, err = keysOf(v.Field(i), n.path, docs, inTable)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// keyDoc makes the comment of a field, which starts with the field's name, one
// that starts with the name of the key.
func keyDoc(doc, field, key string) string {
	if rest, ok := strings.CutPrefix(doc, field+" "); ok {
		doc = key + " " + rest
	}
	return strings.TrimSpace(doc)
}

// defaultText is the default as it stands in YAML.
func (n *node) defaultText() string {
	switch {
	case n.isPlan() && n.typ.Kind() == reflect.Slice:
		return "[]"
	case n.isPlan():
		return "{}"
	case n.typ == reflect.TypeFor[config.Secret]():
		return `""`
	}
	return config.Render(n.def.Interface())
}

// typeText says what to write, with bounds.
func (n *node) typeText() string {
	t, list := n.typ, false
	if t.Kind() == reflect.Slice {
		t, list = t.Elem(), true
	}
	var says string
	form := config.FormatOf(n.tag.Get("format"))
	switch {
	case n.isPlan() && list:
		return "list of routes, see [messages.md](messages.md)"
	case n.isPlan():
		says = "by name, see [dialplan.md](dialplan.md)"
	case n.isSection():
		says = "section"
	case n.isTable() && len(n.keys) == 0:
		says = strings.TrimPrefix(strings.TrimPrefix(config.FormatOf(cmp.Or(n.tag.Get("format"), "text")).Says, "an "), "a ")
		says = cmp.Or(says, "text") + " by name: " + config.FormatOf(n.tag.Get("key")).Says
	case n.isTable():
		says = "sections by name: " + config.FormatOf(n.tag.Get("key")).Says
	case n.tag.Get("enum") != "":
		says = "one of " + strings.ReplaceAll(n.tag.Get("enum"), ",", ", ")
	case len(form.Values) > 0:
		says = "one of " + strings.Join(form.Values, ", ")
	case form.Says != "":
		says = form.Says
	default:
		says = plainText(t)
	}
	if n.tag.Get("min") != "" {
		says += ", " + n.tag.Get("min") + " to " + n.tag.Get("max")
	}
	if off := n.tag.Get("off"); off != "" {
		says += ", or " + off + " for off"
	}
	if list {
		says = "list of: " + says
	}
	return says
}

// plainText says what a value is of which the field says no more.
func plainText(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[config.Duration]():
		return "duration"
	case t == reflect.TypeFor[config.Secret]():
		return "text, kept secret"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "number"
	}
	return "text"
}

func (n *node) restart() bool { return n.tag.Get("restart") == "true" }
