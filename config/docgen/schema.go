package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"dialtone/config"
)

// object is a JSON object with its keys in order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, v := range []any{m.key, m.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(v); err != nil {
				return nil, err
			}
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Patterns of what stands for a value.
const (
	fromEnv         = `\$\{[A-Za-z_]`
	durationPattern = `^(0|([0-9]+(\.[0-9]+)?(d|h|m|s|ms))+)$`
)

// schemaOf writes the schema in draft-07, which editors know best.
func schemaOf(top []*node, docs comments) ([]byte, error) {
	definitions, err := planSchema(docs)
	if err != nil {
		return nil, err
	}
	root := object{
		{"$schema", "http://json-schema.org/draft-07/schema#"},
		{"title", "Dialtone configuration"},
		{"type", []string{"object", "null"}},
		{"additionalProperties", false},
		{"properties", properties(top)},
		{"definitions", definitions},
	}
	raw, err := root.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("the schema is not JSON: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func properties(nodes []*node) object {
	var out object
	for _, n := range nodes {
		o := object{{"description", description(n)}}
		if len(n.keys) == 0 && !n.inTable && !n.isPlan() {
			o = append(o, member{"default", defaultJSON(n.def)})
		}
		out = append(out, member{n.name, append(o, shape(n)...)})
	}
	return out
}

func description(n *node) string {
	s := strings.ReplaceAll(strings.ReplaceAll(n.doc, "\n\n", "\x00"), "\n", " ")
	s = strings.ReplaceAll(s, "\x00", "\n\n")
	if n.restart() {
		s += " A change needs a restart."
	}
	return s
}

// defaultJSON is a default as an editor would insert it.
func defaultJSON(v reflect.Value) any {
	if d, ok := v.Interface().(config.Duration); ok {
		return d.String()
	}
	if v.Kind() == reflect.Slice && v.Len() == 0 {
		return []string{}
	}
	return v.Interface()
}

// shape is the part of a schema that says what is valid.
func shape(n *node) object {
	if n.isPlan() {
		return planSection(n)
	}
	switch n.typ.Kind() {
	case reflect.Struct:
		return entry(n)
	case reflect.Map:
		return object{
			{"type", []string{"object", "null"}},
			{"propertyNames", object{{"pattern", config.FormatOf(n.tag.Get("key")).Pattern}}},
			{"additionalProperties", entry(n)},
		}
	case reflect.Slice:
		kinds := []string{"array"}
		if n.name == "include" {
			kinds = append(kinds, "null")
		}
		return object{{"type", kinds}, {"uniqueItems", true}, {"items", text(n)}}
	case reflect.Bool:
		return object{{"anyOf", []object{{{"type", "boolean"}}, environment()}}}
	case reflect.Int:
		number := object{{"type", "integer"}}
		for _, bound := range [...][2]string{{"min", "minimum"}, {"max", "maximum"}} {
			if v, err := strconv.Atoi(n.tag.Get(bound[0])); err == nil {
				number = append(number, member{bound[1], v})
			}
		}
		return object{{"anyOf", []object{number, environment()}}}
	}
	return text(n)
}

// entry is what stands behind a name of a table or of a section.
func entry(n *node) object {
	main := n.main()
	switch {
	case len(n.keys) == 0:
		return text(n)
	case main != nil:
		return object{{"anyOf", []object{shape(main), section(n)}}}
	}
	return section(n)
}

func section(n *node) object {
	out := object{
		{"type", []string{"object", "null"}},
		{"additionalProperties", false},
		{"properties", properties(n.keys)},
	}
	var required []string
	for _, k := range n.keys {
		if k.inTable && k.tag.Get("yaml") == k.name {
			required = append(required, k.name)
		}
	}
	if len(required) > 0 {
		// A section that must hold something cannot be empty.
		out[0].value = "object"
		out = append(out, member{"required", required})
	}
	return out
}

func environment() object { return object{{"type", "string"}, {"pattern", fromEnv}} }

// text is the shape of one text. Numbers are texts as well, since YAML takes an
// unquoted 600 for one.
func text(n *node) object {
	kinds := []string{"string", "number"}
	form := config.FormatOf(n.tag.Get("format"))
	switch {
	case n.tag.Get("enum") == "true,false":
		return object{{"anyOf", []object{{{"type", "boolean"}}, environment()}}}
	case n.tag.Get("enum") != "":
		return object{{"anyOf", []object{{{"enum", strings.Split(n.tag.Get("enum"), ",")}}, environment()}}}
	case n.typ == reflect.TypeFor[config.Duration]():
		return object{
			{"type", []string{"string", "integer"}},
			{"anyOf", []object{{{"type", "string"}, {"pattern", durationPattern}}, {{"const", 0}}, environment()}},
		}
	case len(form.Values) > 0:
		return object{{"anyOf", []object{{{"enum", form.Values}}, {{"type", "string"}, {"pattern", form.Pattern}}, environment()}}}
	case form.Pattern != "":
		return object{{"type", kinds}, {"anyOf", []object{{{"pattern", form.Pattern}}, environment()}}}
	}
	return object{{"type", kinds}}
}
