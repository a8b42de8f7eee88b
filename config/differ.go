package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"dialtone/dialplan"
)

// changesOf lists the keys in which two of the same kind differ.
func changesOf(a, b reflect.Value) []string {
	a, b = reflect.Indirect(a), reflect.Indirect(b)
	var out []string
	differ(&out, a, b, "")
	return out
}

// differ notes what is different below path. It knows the types of the dialplan,
// which say where they stand, and those of the other sections.
func differ(out *[]string, a, b reflect.Value, path string) {
	switch x := a.Interface().(type) {
	case Secret:
		if x != b.Interface() {
			*out = append(*out, strings.TrimSpace(path+" changed"))
		}
		return
	case dialplan.Steps:
		differSteps(out, x, b.Interface().(dialplan.Steps), path)
		return
	case dialplan.Choices:
		differChoices(out, x, b.Interface().(dialplan.Choices), path)
		return
	case dialplan.Text, dialplan.Texts, dialplan.Values, dialplan.Cases:
	default:
		if differWithin(out, a, b, path) {
			return
		}
	}
	if !samePlan(a, b) && (a.Kind() != reflect.Slice || a.Len() > 0 || b.Len() > 0) {
		*out = append(*out, path+": "+fromTo(words(a), words(b)))
	}
}

// differWithin compares what has parts part by part, and reports whether it has any.
func differWithin(out *[]string, a, b reflect.Value, path string) bool {
	switch a.Kind() {
	case reflect.Struct:
		for _, f := range fieldsOf(a.Type()) {
			differ(out, a.Field(f.index), b.Field(f.index), join(path, f.name))
		}
		return true
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return false
		}
		differ(out, a.Elem(), b.Elem(), path)
		return true
	case reflect.Map:
		differMap(out, a, b, path)
		return true
	}
	return false
}

func differMap(out *[]string, a, b reflect.Value, path string) {
	names := map[string]bool{}
	for _, k := range append(a.MapKeys(), b.MapKeys()...) {
		names[k.String()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, y := a.MapIndex(reflect.ValueOf(name)), b.MapIndex(reflect.ValueOf(name))
		if x.IsValid() && y.IsValid() {
			differ(out, x, y, join(path, name))
			continue
		}
		*out = append(*out, join(path, name)+": "+fromTo(words(x), words(y)))
	}
}

// differChoices compares the keys of a menu.
func differChoices(out *[]string, a, b dialplan.Choices, path string) {
	of := func(list dialplan.Choices) map[string]dialplan.Steps {
		m := map[string]dialplan.Steps{}
		for _, c := range list {
			m[c.Keys.Value] = c.Do
		}
		return m
	}
	differMap(out, reflect.ValueOf(of(a)), reflect.ValueOf(of(b)), path)
}

// differSteps compares step by step while they are the same verbs, else shows both
// lists.
func differSteps(out *[]string, a, b dialplan.Steps, path string) {
	same := slices.EqualFunc(a, b, func(x, y dialplan.Step) bool { return reflect.TypeOf(x) == reflect.TypeOf(y) })
	if !same {
		*out = append(*out, path+": "+stepWords(a)+" -> "+stepWords(b))
		return
	}
	for i := range a {
		differ(out, reflect.ValueOf(a[i]).Elem(), reflect.ValueOf(b[i]).Elem(), fmt.Sprintf("%s[%d]", path, i))
	}
}
