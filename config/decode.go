package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"dialtone/dialplan"
)

// field is one key of a section.
type field struct {
	name  string
	index int
	tag   reflect.StructTag
}

// fieldsOf lists the keys of a section in the order of the struct.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			out = append(out, field{name, i, t.Field(i).Tag})
		}
	}
	return out
}

// fieldCache keeps what fieldsOf gave, for the thousands of extensions.
type fieldCache map[reflect.Type][]field

func (c fieldCache) of(t reflect.Type) []field {
	fields, known := c[t]
	if !known {
		fields = fieldsOf(t)
		c[t] = fields
	}
	return fields
}

// included is one entry of include:.
type included struct {
	name string
	path string
	at   Position
}

// decoder writes one file into the configuration of its loader.
type decoder struct {
	*loader
	src      *source
	includes []included
	nested   int // steps within steps, of those that are read
}

func (d *decoder) includeNames() []string {
	var out []string
	for _, inc := range d.includes {
		out = append(out, inc.name)
	}
	return out
}

func (d *decoder) fail(n *yaml.Node, path, reason, remedy string) {
	d.report(finding{at: d.src.at(n), path: path, problem: problem{reason, remedy}})
}

// failHidden is fail where the text from n on may be a secret.
func (d *decoder) failHidden(n *yaml.Node, path string, p problem) {
	d.report(finding{at: d.src.at(n), path: path, problem: p, hide: max(n.Column, 1)})
}

// join appends one key to a path; keys with other than letters, digits, _ and -
// are quoted.
func join(path, key string) string {
	for _, r := range key {
		if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			key = fmt.Sprintf("%q", clip(key))
			break
		}
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// clip shortens what a message repeats of a file.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return s
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// section reads the keys of a struct. An empty section says nothing.
func (d *decoder) section(n *yaml.Node, v reflect.Value, path string) {
	at := n
	if n = d.resolve(n); n == nil || isNull(n) {
		return
	}
	fields := d.fields.of(v.Type())
	if main := mainField(fields); main != nil && n.Kind == yaml.ScalarNode {
		p := join(path, main.name)
		d.places[p] = place{d.src.at(n), d.src.at(n)}
		d.value(at, v.Field(main.index), p, main.tag)
		return
	}
	if n.Kind != yaml.MappingNode {
		d.failHidden(at, path, problem{"expected keys with values, found " + kindOf(n), "write the keys below it, indented, each as key: value"})
		return
	}
	for _, e := range d.entries(n, path) {
		p := join(path, e.key.Value)
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.key.Value })
		if i < 0 {
			d.unknown(e, p, fields)
			continue
		}
		fv := v.Field(fields[i].index)
		if d.first(e, p, fv.Kind() == reflect.Struct || fv.Kind() == reflect.Map || p == "include") {
			d.value(e.value, fv, p, fields[i].tag)
		}
	}
}

// first notes where path stands, and reports it when another file has it
// already, unless what both say can be merged.
func (d *decoder) first(e entry, path string, merges bool) bool {
	old, again := d.places[path]
	if again && merges {
		return true
	}
	if again {
		d.fail(e.key, path, fmt.Sprintf("given twice, first at %s:%d:%d", old.key.File, old.key.Line, old.key.Column), "keep one of them")
		return false
	}
	d.places[path] = place{d.src.at(e.key), d.src.at(e.value)}
	return true
}

// unknown says what may have been meant by a key.
func (d *decoder) unknown(e entry, path string, fields []field) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	remedy := "valid here: " + strings.Join(names, ", ")
	if near := dialplan.Nearest(e.key.Value, names); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	} else if home := homeOf(e.key.Value); home != "" {
		remedy = fmt.Sprintf("did you mean %s?", home)
	}
	d.unknownKey(e, path, remedy)
}

// unknownKey reports a key that is not known. What stands behind one that could be
// meant to be a password is not shown.
func (d *decoder) unknownKey(e entry, path, remedy string) {
	at, hide := d.src.at(e.key), 0
	if mayBeSecret(e.key.Value) {
		hide = at.Column + len([]rune(e.key.Value)) + 2
	}
	d.report(finding{at: at, path: path, problem: problem{"unknown key", remedy}, hide: hide})
}

// doubtful are names of keys that are not known here and hold secrets elsewhere.
var doubtful = regexp.MustCompile(secretName + `|(?i)aut|cred|key|pin|code`)

// mayBeSecret reports whether a key that is not known could be meant to hold a
// secret.
func mayBeSecret(key string) bool {
	return doubtful.MatchString(key) || dialplan.Nearest(key, []string{"password", "secret", "bearer", "pins"}) != ""
}

// homeOf gives the path of the only section that has a key of this name.
func homeOf(name string) string {
	var found []string
	for _, section := range fieldsOf(reflect.TypeFor[Config]()) {
		t := reflect.TypeFor[Config]().Field(section.index).Type
		if section.name == name {
			found = append(found, name+" at the start of a line")
		}
		if t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range fieldsOf(t) {
			if f.name == name {
				found = append(found, section.name+"."+name)
			}
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// value reads what belongs to one key, by the type of its field.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	if tag.Get("plan") != "" && v.Kind() == reflect.Slice {
		d.planList(n, v, path)
		return
	}
	if tag.Get("plan") != "" {
		d.planTable(n, v, path, tag)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.section(n, v, path)
	case reflect.Map:
		d.table(n, v, path, tag)
	case reflect.Slice:
		d.list(n, v, path, tag)
	default:
		d.scalar(n, v, path, tag)
	}
}

// kindOf says in words what a node is.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "nothing"
	}
	switch n.ShortTag() {
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "a text"
}
