package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

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
			*out = append(*out, Change{Path: join(path, name), Old: planSize(x), New: planSize(y)})
		}
	}
}

// planSize says in short what a part of the dialplan is.
func planSize(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case []*dialplan.RouteSpec:
		return fmt.Sprintf("%d routes", len(x))
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
