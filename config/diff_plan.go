package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"dialtone/dialplan"
)

// diffPlan compares named parts of the dialplan. Where they stand in their files
// makes no difference.
func diffPlan(out *[]Change, a, b reflect.Value, path string) {
	names := map[string]bool{}
	for _, k := range append(a.MapKeys(), b.MapKeys()...) {
		names[k.String()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, y := a.MapIndex(reflect.ValueOf(name)), b.MapIndex(reflect.ValueOf(name))
		switch {
		case !x.IsValid():
			*out = append(*out, Change{Path: join(path, name), New: planSize(y)})
		case !y.IsValid():
			*out = append(*out, Change{Path: join(path, name), Old: planSize(x)})
		case !samePlan(x, y):
			*out = append(*out, Change{Path: join(path, name), Old: planSize(x), New: planSize(y), Details: planWords(name, x, y)})
		}
	}
}

// planSize says in short what a part of the dialplan is.
func planSize(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case []*dialplan.RouteSpec:
		return fmt.Sprintf("%d routes", len(x))
	case []*dialplan.MessageRouteSpec:
		return "[" + listWords(x, (*dialplan.MessageRouteSpec).String) + "]"
	case *dialplan.GroupSpec:
		return fmt.Sprintf("%d members", len(x.Members))
	case *dialplan.SubplanSpec:
		return fmt.Sprintf("%d steps", len(x.Do))
	case *dialplan.MenuSpec:
		return fmt.Sprintf("%d keys", len(x.Keys))
	case *dialplan.ScheduleSpec:
		return fmt.Sprintf("%d times", len(x.Open)+len(x.Dates))
	}
	return render(v)
}

// planWords says in the words of a comparison what is different in a part of the
// dialplan.
func planWords(name string, a, b reflect.Value) []string {
	was, routes := a.Interface().([]*dialplan.RouteSpec)
	is, _ := b.Interface().([]*dialplan.RouteSpec)
	if !routes {
		return changesOf(a, b)
	}
	one := func(list []*dialplan.RouteSpec) *Loaded {
		return &Loaded{Config: &Config{Dialplan: map[string][]*dialplan.RouteSpec{name: list}}}
	}
	c := comparison{old: one(was), new: one(is)}
	c.routes(name)
	var out []string
	for _, d := range c.found {
		route := "a route without a name"
		if _, said, _ := strings.Cut(d.Name, "/"); said != "" {
			route = said
		}
		text := route + " " + d.What
		if d.What != Added && len(d.Details) > 0 {
			text += ": " + strings.Join(d.Details, ", ")
		}
		out = append(out, text)
	}
	return out
}

// samePlan compares what is written, not where.
func samePlan(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return a.Elem().Type() == b.Elem().Type() && samePlan(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !samePlan(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, k := range a.MapKeys() {
			if y := b.MapIndex(k); !y.IsValid() || !samePlan(a.MapIndex(k), y) {
				return false
			}
		}
		return true
	case reflect.Struct:
		return sameFields(a, b)
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func sameFields(a, b reflect.Value) bool {
	for i := range a.NumField() {
		f := a.Type().Field(i)
		if !f.IsExported() || f.Type == reflect.TypeFor[dialplan.Pos]() {
			continue
		}
		if !samePlan(a.Field(i), b.Field(i)) {
			return false
		}
	}
	return true
}
