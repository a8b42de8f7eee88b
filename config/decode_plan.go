package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"dialtone/dialplan"
)

// maxRoutes bounds the routes of a context, and other lists of a dialplan.
const maxRoutes = 100_000

// What is read here differs from the other sections: texts keep ${NAME}, which
// are variables of the call, and everything knows where it stands.

// planTable reads named parts of the dialplan: its contexts, groups, schedules.
func (d *decoder) planTable(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	at := n
	if n = d.resolve(n); n == nil || isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(at, path, "expected names with what they stand for, found "+kindOf(n), "write each below it, indented, as name: ...")
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	check := checkOf(tag.Get("key"))
	for _, e := range d.entries(n, path) {
		p := join(path, e.key.Value)
		if d.nodes <= 0 || !d.first(e, p, false) {
			continue
		}
		if _, wrong := check(e.key.Value); wrong.found() {
			d.fail(e.key, p, wrong.reason, wrong.remedy)
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if elem.Kind() == reflect.Pointer {
			elem.Set(reflect.New(elem.Type().Elem()))
			d.setPlace(elem, e.key)
		}
		d.planValue(e.value, elem, p, "")
		v.SetMapIndex(reflect.ValueOf(e.key.Value), elem)
	}
}

// setPlace tells what v points to where it stands.
func (d *decoder) setPlace(v reflect.Value, n *yaml.Node) {
	if p, ok := v.Interface().(interface{ SetPos(dialplan.Pos) }); ok {
		p.SetPos(d.pos(n))
	}
}

func (d *decoder) pos(n *yaml.Node) dialplan.Pos {
	return dialplan.Pos{File: d.src.name, Line: n.Line, Column: n.Column}
}

// planValue reads what belongs to one key of the dialplan, by its type.
func (d *decoder) planValue(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	switch x := v.Addr().Interface().(type) {
	case *dialplan.Text:
		*x, _ = d.planText(n, path, tag)
		return
	case *dialplan.Texts:
		*x = d.planTexts(n, path, tag)
		return
	case *dialplan.Steps:
		*x = d.planSteps(n, path)
		return
	case *dialplan.Values:
		*x = d.planValues(n, path)
		return
	case *dialplan.Cases:
		*x = d.planCases(n, path)
		return
	case *dialplan.Choices:
		*x = d.planChoices(n, path)
		return
	case *dialplan.Secret:
		d.scalar(n, v, path, tag)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.planValue(n, v.Elem(), path, tag)
	case reflect.Struct:
		d.planRecord(n, v, path)
	case reflect.Slice:
		d.planList(n, v, path)
	case reflect.Map:
		d.planMap(n, v, path)
	default:
		d.planScalar(n, v, path, tag)
	}
}

// planText reads one text and where its first character stands.
func (d *decoder) planText(at *yaml.Node, path string, tag reflect.StructTag) (dialplan.Text, bool) {
	n := d.resolve(at)
	if n == nil {
		return dialplan.Text{}, false
	}
	p := d.notScalar(n, reflect.ValueOf(""))
	if isNull(n) && p.found() {
		p.remedy = "write a value, or remove the key"
	}
	if !p.found() && strings.ContainsFunc(strings.ReplaceAll(n.Value, "\n", ""), isControl) {
		p = problem{"a control character in the value", "remove it"}
	}
	if p.found() {
		d.fail(at, path, p.reason, p.remedy)
		return dialplan.Text{}, false
	}
	t := dialplan.Text{Value: n.Value, At: d.pos(n)}
	switch n.Style {
	case yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle:
		t.At.Column++
	case yaml.LiteralStyle, yaml.FoldedStyle:
		t.Value = strings.TrimSpace(n.Value)
		if t.At.Line++; t.At.Line <= len(d.src.lines) {
			line := d.src.lines[t.At.Line-1]
			t.At.Column = len(line) - len(strings.TrimLeft(line, " ")) + 1
		}
	}
	// A tag other than true is what stands before the name of a file.
	prefix := strings.TrimPrefix(tag.Get("path"), "true")
	if name, ok := strings.CutPrefix(t.Value, prefix); ok && tag.Get("path") != "" && name != "" {
		if name = strings.TrimSpace(name); !filepath.IsAbs(name) {
			name = filepath.Join(d.src.dir, name)
		}
		t.Value = prefix + name
	}
	return t, true
}

// planTexts reads a text or a list of them.
func (d *decoder) planTexts(at *yaml.Node, path string, tag reflect.StructTag) dialplan.Texts {
	n := d.resolve(at)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		if t, ok := d.planText(at, path, tag); ok {
			return dialplan.Texts{t}
		}
		return nil
	}
	if len(n.Content) == 0 {
		d.fail(at, path, "the list is empty", "write a value, or remove the key")
	}
	var out dialplan.Texts
	for i, item := range n.Content {
		if t, ok := d.planText(item, fmt.Sprintf("%s[%d]", path, i), tag); ok {
			out = append(out, t)
		}
	}
	return out
}

// planList reads a list of records.
func (d *decoder) planList(at *yaml.Node, v reflect.Value, path string) {
	n := d.resolve(at)
	if n == nil || isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.fail(at, path, "expected a list, found "+kindOf(n), "write each item in a line that starts with -")
		return
	}
	if len(n.Content) > maxRoutes {
		d.fail(at, path, fmt.Sprintf("the list has more than %d items", maxRoutes), "shorten it")
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, len(n.Content))
	for i, item := range n.Content {
		if d.nodes <= 0 {
			return
		}
		elem := reflect.New(v.Type().Elem().Elem())
		d.setPlace(elem, item)
		d.planRecord(item, elem.Elem(), fmt.Sprintf("%s[%d]", path, i))
		out = reflect.Append(out, elem)
	}
	v.Set(out)
}

// planMap reads texts by free names.
func (d *decoder) planMap(at *yaml.Node, v reflect.Value, path string) {
	n := d.planMapping(at, path)
	if n == nil {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, e := range d.entries(n, path) {
		elem := reflect.New(v.Type().Elem()).Elem()
		d.planValue(e.value, elem, join(path, e.key.Value), "")
		v.SetMapIndex(reflect.ValueOf(e.key.Value), elem)
	}
}

// planMapping is the mapping at n, nil after saying that it is none.
func (d *decoder) planMapping(at *yaml.Node, path string) *yaml.Node {
	n := d.resolve(at)
	switch {
	case n == nil:
		return nil
	case n.Kind != yaml.MappingNode:
		d.fail(at, path, "expected keys with values, found "+kindOf(n), "write key: value, each in a line below it, or in { }")
		return nil
	}
	return n
}

// planRecord reads the keys of a struct; a text alone is the value of its main
// key, when it has one.
func (d *decoder) planRecord(at *yaml.Node, v reflect.Value, path string) {
	n := d.resolve(at)
	if n == nil {
		return
	}
	d.setPlace(v.Addr(), at)
	fields := d.fields.of(v.Type())
	if main := mainField(fields); main != nil && n.Kind == yaml.ScalarNode {
		d.planValue(at, v.Field(main.index), path, main.tag)
		return
	}
	if n = d.planMapping(at, path); n == nil {
		return
	}
	for _, e := range d.entries(n, path) {
		d.planField(e, v, fields, path)
	}
}

// planField reads one key of a record.
func (d *decoder) planField(e entry, v reflect.Value, fields []field, path string) {
	p := join(path, e.key.Value)
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.key.Value })
	if i < 0 {
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.name
		}
		remedy := "valid here: " + strings.Join(names, ", ")
		if near := dialplan.Nearest(e.key.Value, names); near != "" {
			remedy = fmt.Sprintf("did you mean %q?", near)
		}
		d.unknownKey(e, p, remedy)
		return
	}
	d.planValue(e.value, v.Field(fields[i].index), p, fields[i].tag)
}

// mainField is the field that a text alone stands for.
func mainField(fields []field) *field {
	for i := range fields {
		if fields[i].tag.Get("main") != "" {
			return &fields[i]
		}
	}
	return nil
}

// planScalar reads a duration, number, truth value or one of a few words, and
// checks it against its tags.
func (d *decoder) planScalar(at *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	n := d.resolve(at)
	if n == nil {
		return
	}
	own := v
	if v.Type() == reflect.TypeFor[time.Duration]() {
		own = reflect.New(reflect.TypeFor[Duration]()).Elem()
	}
	p := d.notScalar(n, own)
	if !p.found() {
		p = d.set(own, n, n.Value, tag)
	}
	if !p.found() {
		switch own.Kind() {
		case reflect.Int, reflect.Int64:
			p = ruleBounds(own, tag)
		case reflect.String:
			p = (&validator{}).ruleText(own, tag)
		}
	}
	if p.found() {
		if isNull(n) {
			p.remedy = "write a value, or remove the key"
		}
		d.fail(at, path, p.reason, p.remedy)
		return
	}
	if own != v {
		v.SetInt(own.Int())
	}
}
