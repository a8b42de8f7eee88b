package main

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
)

// planKey is one key of a part of the dialplan.
type planKey struct {
	name, doc string
	typ       reflect.Type
	tag       reflect.StructTag
}

func (k planKey) main() string { return k.tag.Get("main") }

// planKeys are the keys of a struct of package dialplan.
func planKeys(t reflect.Type, docs comments) ([]planKey, error) {
	var out []planKey
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		if name == "" || !f.IsExported() {
			continue
		}
		doc := docs[t.Name()][f.Name]
		if doc == "" {
			return nil, fmt.Errorf("%s.%s has no doc comment", t.Name(), f.Name)
		}
		out = append(out, planKey{name, strings.Join(strings.Fields(keyDoc(doc, f.Name, name)), " "), f.Type, f.Tag})
	}
	return out, nil
}

// isPlan reports whether a key of the configuration is read as a part of the
// dialplan.
func (n *node) isPlan() bool { return n.tag.Get("plan") != "" }

// planType says what to write for a key, for people.
func planType(k planKey) string {
	bounds := ""
	if low := k.tag.Get("min"); low != "" {
		bounds = ", " + low + " to " + k.tag.Get("max")
	}
	switch k.typ {
	case reflect.TypeFor[dialplan.Text](), reflect.TypeFor[string]():
		if enum := k.tag.Get("enum"); enum != "" {
			return "one of " + strings.ReplaceAll(enum, ",", ", ")
		}
		return "text"
	case reflect.TypeFor[dialplan.Texts]():
		return "text, or list of texts"
	case reflect.TypeFor[dialplan.Steps]():
		return "list of steps"
	case reflect.TypeFor[dialplan.Values]():
		return "texts by name"
	case reflect.TypeFor[dialplan.Cases]():
		return "lists of steps by value"
	case reflect.TypeFor[dialplan.Choices]():
		return "step, or list of steps, by keys"
	case reflect.TypeFor[time.Duration]():
		return "duration" + bounds
	case reflect.TypeFor[int]():
		return "number" + bounds
	case reflect.TypeFor[bool](), reflect.TypeFor[*bool]():
		return "true or false"
	}
	switch k.typ.Kind() {
	case reflect.String:
		return "text, kept secret"
	case reflect.Map:
		return "texts by name"
	case reflect.Slice:
		return "list"
	}
	return "keys"
}

// planSchema are the definitions of the dialplan in the JSON Schema.
func planSchema(docs comments) (object, error) {
	var out object
	for _, d := range [...]struct {
		name string
		typ  reflect.Type
	}{
		{"schedule", reflect.TypeFor[dialplan.ScheduleSpec]()},
		{"group", reflect.TypeFor[dialplan.GroupSpec]()},
		{"subplan", reflect.TypeFor[dialplan.SubplanSpec]()},
		{"menu", reflect.TypeFor[dialplan.MenuSpec]()},
		{"route", reflect.TypeFor[dialplan.RouteSpec]()},
		{"message_route", reflect.TypeFor[dialplan.MessageRouteSpec]()},
	} {
		o, err := planRecord(d.typ, docs, "")
		if err != nil {
			return nil, err
		}
		out = append(out, member{d.name, o})
	}
	var ways []object
	var bare []string
	for _, name := range dialplan.StepNames() {
		t := reflect.TypeOf(dialplan.NewStep(name)).Elem()
		keys, err := planKeys(t, docs)
		if err != nil {
			return nil, err
		}
		if main := mainOf(keys); main == nil || main.main() == "optional" {
			bare = append(bare, name)
		}
		o, err := planRecord(t, docs, name)
		if err != nil {
			return nil, err
		}
		ways = append(ways, o)
	}
	step := object{{"anyOf", append([]object{{{"enum", bare}}}, ways...)}}
	return append(out, member{"step", step}, member{"steps", object{{"type", "array"}, {"items", ref("step")}}}), nil
}

func mainOf(keys []planKey) *planKey {
	for i := range keys {
		if keys[i].main() != "" {
			return &keys[i]
		}
	}
	return nil
}

// planRecord is the schema of a struct; of a step, its name is required.
func planRecord(t reflect.Type, docs comments, step string) (object, error) {
	keys, err := planKeys(t, docs)
	if err != nil {
		return nil, err
	}
	var props object
	main := mainOf(keys)
	if step != "" && main == nil {
		props = append(props, member{step, object{{"type", "null"}}})
	}
	for _, k := range keys {
		shape, err := planShape(k, docs)
		if err != nil {
			return nil, err
		}
		if step != "" && k.main() == "optional" {
			shape = object{{"anyOf", []object{shape, {{"type", "null"}}}}}
		}
		props = append(props, member{k.name, append(object{{"description", k.doc}}, shape...)})
	}
	o := object{{"type", "object"}, {"additionalProperties", false}, {"properties", props}}
	switch {
	case step != "":
		o = append(o, member{"required", []string{step}})
	case main != nil:
		o = object{{"anyOf", []object{planText(), o}}}
	case t == reflect.TypeFor[dialplan.RouteSpec]() || t == reflect.TypeFor[dialplan.SubplanSpec]():
		o = append(o, member{"required", []string{"do"}})
	}
	return o, nil
}

func planText() object { return object{{"type", []string{"string", "number", "boolean"}}} }

func ref(name string) object { return object{{"$ref", "#/definitions/" + name}} }

func planShape(k planKey, docs comments) (object, error) {
	switch k.typ {
	case reflect.TypeFor[dialplan.Text]():
		return planText(), nil
	case reflect.TypeFor[string]():
		return object{{"enum", strings.Split(k.tag.Get("enum"), ",")}}, nil
	case reflect.TypeFor[dialplan.Texts]():
		return object{{"anyOf", []object{planText(), {{"type", "array"}, {"minItems", 1}, {"items", planText()}}}}}, nil
	case reflect.TypeFor[dialplan.Steps]():
		return ref("steps"), nil
	case reflect.TypeFor[dialplan.Values]():
		return object{{"type", "object"}, {"additionalProperties", planText()}}, nil
	case reflect.TypeFor[dialplan.Choices]():
		return object{{"type", "object"}, {"additionalProperties", object{{"anyOf", []object{ref("steps"), ref("step")}}}}}, nil
	case reflect.TypeFor[dialplan.Cases]():
		return object{{"type", "object"}, {"additionalProperties", ref("steps")}}, nil
	case reflect.TypeFor[time.Duration]():
		return object{{"type", "string"}, {"pattern", durationPattern}}, nil
	case reflect.TypeFor[int]():
		return planNumber(k.tag), nil
	case reflect.TypeFor[bool](), reflect.TypeFor[*bool]():
		return object{{"type", "boolean"}}, nil
	}
	switch k.typ.Kind() {
	case reflect.String:
		return planText(), nil
	case reflect.Map:
		return object{{"type", "object"}, {"additionalProperties", object{{"anyOf", []object{planText(), {{"type", "array"}, {"items", planText()}}}}}}}, nil
	case reflect.Slice:
		item, err := planRecord(k.typ.Elem().Elem(), docs, "")
		return object{{"type", "array"}, {"items", item}}, err
	}
	return planRecord(k.typ, docs, "")
}

// planSection is the shape of a top-level key of the dialplan.
func planSection(n *node) object {
	if n.typ.Kind() == reflect.Slice {
		return object{{"type", []string{"array", "null"}}, {"items", ref("message_route")}}
	}
	item := ref(strings.TrimSuffix(n.name, "s"))
	if n.name == "dialplan" {
		item = object{{"type", "array"}, {"items", ref("route")}}
	}
	return object{
		{"type", []string{"object", "null"}},
		{"propertyNames", object{{"pattern", config.FormatOf(n.tag.Get("key")).Pattern}}},
		{"additionalProperties", item},
	}
}

// planNumber is the shape of a number within its bounds.
func planNumber(tag reflect.StructTag) object {
	o := object{{"type", "integer"}}
	for _, bound := range [...][2]string{{"min", "minimum"}, {"max", "maximum"}} {
		var v int
		if _, err := fmt.Sscan(cmp.Or(tag.Get(bound[0]), "x"), &v); err == nil {
			o = append(o, member{bound[1], v})
		}
	}
	return o
}
