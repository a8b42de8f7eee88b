package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Change is one key that two configurations differ in. Values are written as in
// YAML, secrets as ***, what stands behind the ? of web addresses as ...; "" is an
// extension that is not there.
type Change struct {
	Path    string `json:"path"`
	Old     string `json:"old"`
	New     string `json:"new"`
	Restart bool   `json:"restart,omitempty"` // takes effect only after a restart
	// Details say in words what is different in a part of the dialplan.
	Details []string `json:"details,omitempty"`
}

// String is "path: old -> new".
func (c Change) String() string {
	switch {
	case c.Old == "":
		return c.Path + ": added " + c.New
	case c.New == "":
		return c.Path + ": removed"
	case len(c.Details) > 0:
		return c.Path + ": " + strings.Join(c.Details, "; ")
	}
	return c.Path + ": " + c.Old + " -> " + c.New
}

// Diff lists what is different in b, in the order of the reference, extensions
// by name. Lists are compared as a whole.
func Diff(a, b *Config) []Change {
	var out []Change
	diffSection(&out, reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), "")
	return out
}

func diffSection(out *[]Change, a, b reflect.Value, path string) {
	for _, f := range fieldsOf(a.Type()) {
		p, x, y := join(path, f.name), a.Field(f.index), b.Field(f.index)
		switch x.Kind() {
		case reflect.Struct:
			diffSection(out, x, y, p)
		case reflect.Map:
			if f.tag.Get("plan") != "" {
				diffPlan(out, x, y, p)
				continue
			}
			diffTable(out, x, y, p)
		case reflect.Slice:
			same := equal(x, y)
			if f.tag.Get("plan") != "" {
				same = samePlan(x, y)
			}
			if !same {
				*out = append(*out, Change{p, discreet(planSize(x)), discreet(planSize(y)), f.tag.Get("restart") == "true", nil})
			}
		default:
			if !equal(x, y) {
				*out = append(*out, Change{p, discreet(render(x)), discreet(render(y)), f.tag.Get("restart") == "true", nil})
			}
		}
	}
}

func diffTable(out *[]Change, a, b reflect.Value, path string) {
	keys := map[string]bool{}
	for _, k := range append(a.MapKeys(), b.MapKeys()...) {
		keys[k.String()] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		k, p := reflect.ValueOf(key), join(path, key)
		x, y := a.MapIndex(k), b.MapIndex(k)
		switch {
		case !x.IsValid():
			*out = append(*out, Change{Path: p, New: discreet(render(y))})
		case !y.IsValid():
			*out = append(*out, Change{Path: p, Old: discreet(render(x))})
		case x.Kind() == reflect.Struct:
			diffSection(out, x, y, p)
		case !equal(x, y):
			*out = append(*out, Change{Path: p, Old: discreet(render(x)), New: discreet(render(y))})
		}
	}
}

// equal takes an empty list or table and none for the same.
func equal(a, b reflect.Value) bool {
	if (a.Kind() == reflect.Slice || a.Kind() == reflect.Map) && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// Render writes a value of a configuration as YAML in one line, secrets as ***.
func Render(value any) string { return render(reflect.ValueOf(value)) }

func render(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Secret:
		return masked
	case Duration:
		return x.String()
	}
	switch v.Kind() {
	case reflect.String:
		return yamlText(v.String())
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = flowText(render(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		return renderTable(v)
	case reflect.Struct:
		return renderSection(v)
	}
	return fmt.Sprint(v.Interface())
}

func renderSection(v reflect.Value) string {
	var parts []string
	silent := newEntry(v.Type())
	for _, f := range fieldsOf(v.Type()) {
		if x := v.Field(f.index); !x.IsZero() && !equal(x, silent.Field(f.index)) {
			parts = append(parts, f.name+": "+flowText(render(x)))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func renderTable(v reflect.Value) string {
	parts := make([]string, 0, v.Len())
	for _, k := range v.MapKeys() {
		parts = append(parts, yamlText(k.String())+": "+flowText(render(v.MapIndex(k))))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ", ") + "}"
}

// flowText quotes what could not stand in brackets.
func flowText(s string) string {
	if s != "" && !strings.ContainsRune(`"'[{`, rune(s[0])) && strings.ContainsAny(s, ",[]{}:") {
		return strconv.Quote(s)
	}
	return s
}
