package config

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// table reads sections with free names, such as the extensions.
func (d *decoder) table(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	at := n
	if n = d.resolve(n); n == nil || isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(at, path, "expected names with their keys, found "+kindOf(n), `write each below it, indented, like "100": {password: ...}`)
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	check := checkOf(tag.Get("key"))
	for _, e := range d.entries(n, path) {
		if d.nodes <= 0 {
			return
		}
		p := join(path, e.key.Value)
		if !d.first(e, p, false) {
			continue
		}
		if check != nil {
			if _, wrong := check(e.key.Value); wrong.found() {
				d.fail(e.key, p, wrong.reason, wrong.remedy)
			}
		}
		elem := newEntry(v.Type().Elem())
		if elem.Kind() == reflect.Struct {
			d.section(e.value, elem, p)
		} else {
			d.scalar(e.value, elem, p, tag)
		}
		v.SetMapIndex(reflect.ValueOf(e.key.Value), elem)
	}
}

// list reads a list of texts; it replaces the default.
func (d *decoder) list(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	at := n
	if n = d.resolve(n); n == nil {
		return
	}
	switch {
	case isNull(n) && path == "include":
		return
	case isNull(n):
		d.fail(at, path, "the list is empty", "write [] for an empty list, or remove the key to keep the default")
		return
	case n.Kind == yaml.ScalarNode:
		d.fail(at, path, "expected a list, found "+kindOf(n), fmt.Sprintf("write it in brackets, like [%q]", clip(n.Value)))
		return
	case n.Kind != yaml.SequenceNode:
		d.fail(at, path, "expected a list, found "+kindOf(n), "write [a, b], or each value in a line that starts with -")
		return
	}
	if len(n.Content) > maxItems {
		d.fail(at, path, fmt.Sprintf("the list has more than %d values", maxItems), "shorten it")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if d.nodes <= 0 {
			return
		}
		p := fmt.Sprintf("%s[%d]", path, i)
		if path == "include" {
			d.includeItem(item, p)
			continue
		}
		d.places[p] = place{d.src.at(item), d.src.at(item)}
		d.scalar(item, out.Index(i), p, tag)
	}
	if path != "include" {
		v.Set(out)
	}
}

func (d *decoder) includeItem(item *yaml.Node, path string) {
	var name string
	if d.scalar(item, reflect.ValueOf(&name).Elem(), path, "") {
		d.includes = append(d.includes, included{name, path, d.src.at(item)})
	}
}
