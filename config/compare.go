package config

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"dialtone/dialplan"
)

// The ways in which a configuration can differ from another.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
	Moved   = "moved" // a route: others are asked before it than were
)

// Difference is one thing that another configuration would change, as people who
// run an exchange speak of it. Secrets are never part of it.
type Difference struct {
	Kind    string   `json:"kind"` // extension, trunk, number, permission, route, schedule, group, subplan, ..., setting, or file
	Name    string   `json:"name"` // of routes CONTEXT/NAME, of settings the key
	What    string   `json:"what"`
	Details []string `json:"details,omitempty"` // a line for each key
	Restart bool     `json:"restart,omitempty"` // a reload refuses it
	File    string   `json:"file,omitempty"`    // where it stands: in the new configuration, removed things in the old
	Line    int      `json:"line,omitempty"`
}

// Compare lists what would change if b took the place of a: settings first, then
// what there is by name, then routes, each in the order of the reference, then what
// the plan reads of other files.
//
// Names of files count as they are seen from the folder of their configuration.
func Compare(a, b *Loaded) []Difference {
	if a.folder() != b.folder() {
		a, b = a.relative(), b.relative()
	}
	c := comparison{old: a, new: b}
	x, y := reflect.ValueOf(a.Config).Elem(), reflect.ValueOf(b.Config).Elem()
	fields := fieldsOf(x.Type())
	for _, f := range fields {
		if x.Field(f.index).Kind() != reflect.Map {
			c.settings(x.Field(f.index), y.Field(f.index), f)
		}
	}
	for _, f := range fields {
		if x.Field(f.index).Kind() == reflect.Map && f.name != "dialplan" {
			c.table(x.Field(f.index), y.Field(f.index), f)
		}
	}
	for _, context := range slices.Sorted(maps.Keys(union(a.Config.Dialplan, b.Config.Dialplan))) {
		c.routes(context)
	}
	c.files()
	return c.found
}

func union[V any](a, b map[string]V) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

type comparison struct {
	old, new *Loaded
	found    []Difference
}

// settings compares a section with fixed keys, or a key that stands alone.
func (c *comparison) settings(a, b reflect.Value, f field) {
	var changes []Change
	switch {
	case a.Kind() == reflect.Struct:
		diffSection(&changes, a, b, f.name)
	case !equal(a, b):
		changes = []Change{{f.name, render(a), render(b), f.tag.Get("restart") == "true", nil}}
	}
	for _, change := range changes {
		d := Difference{Kind: "setting", Name: change.Path, What: Changed, Details: []string{fromTo(change.Old, change.New)}, Restart: change.Restart}
		at, ok := c.new.Position(change.Path)
		if !ok {
			at, _ = c.old.Position(change.Path)
		}
		d.File, d.Line = at.File, at.Line
		c.found = append(c.found, d)
	}
}

// files compares the scripts and calendars that both name.
func (c *comparison) files() {
	was := map[string][sha256.Size]byte{}
	for name, sum := range c.old.sums {
		was[folder(c.old.folder()).name(name)] = sum
	}
	for _, name := range slices.Sorted(maps.Keys(c.new.sums)) {
		if old, both := was[folder(c.new.folder()).name(name)]; both && old != c.new.sums[name] {
			c.found = append(c.found, Difference{Kind: "file", Name: name, What: Changed, File: name, Line: 1})
		}
	}
}

// table compares what there is by name: extensions, trunks, groups.
func (c *comparison) table(a, b reflect.Value, f field) {
	names := map[string]bool{}
	for _, k := range append(a.MapKeys(), b.MapKeys()...) {
		names[k.String()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, y := a.MapIndex(reflect.ValueOf(name)), b.MapIndex(reflect.ValueOf(name))
		d := Difference{Kind: strings.TrimSuffix(f.name, "s"), Name: name}
		switch {
		case !x.IsValid():
			d.What, d.Details = Added, describe(y)
		case !y.IsValid():
			d.What = Removed
		default:
			if d.What, d.Details = Changed, changesOf(x, y); len(d.Details) == 0 {
				continue
			}
		}
		from := c.new
		if d.What == Removed {
			from = c.old
		}
		at := from.places[join(f.name, name)].key
		d.File, d.Line = at.File, at.Line
		c.found = append(c.found, d)
	}
}

// describe says in a line what something new is.
func describe(v reflect.Value) []string {
	v = reflect.Indirect(v)
	if v.Kind() != reflect.Struct {
		return nil
	}
	var parts []string
	for _, f := range fieldsOf(v.Type()) {
		if x := v.Field(f.index); !x.IsZero() {
			parts = append(parts, f.name+": "+words(x))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{strings.Join(parts, ", ")}
}

func stepWords(steps dialplan.Steps) string {
	parts := make([]string, len(steps))
	for i, s := range steps {
		parts[i] = s.String()
	}
	return "[" + strings.Join(parts, "; ") + "]"
}

func listWords[T any](list []T, one func(T) string) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = one(v)
	}
	return strings.Join(parts, ", ")
}

// words is a value for people.
func words(v reflect.Value) string {
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return "nothing"
	}
	switch x := v.Interface().(type) {
	case dialplan.Text:
		return cmp.Or(discreet(x.Value), "nothing")
	case dialplan.Texts:
		return cmp.Or(listWords(x, func(t dialplan.Text) string { return discreet(t.Value) }), "nothing")
	case dialplan.Steps:
		return stepWords(x)
	case dialplan.Values:
		return "[" + listWords(x, func(value dialplan.Value) string { return value.Name + " = " + discreet(value.Text.Value) }) + "]"
	case dialplan.Cases:
		return "[" + listWords(x, func(one dialplan.Case) string { return one.Value.Value + ": " + stepWords(one.Do) }) + "]"
	case []*dialplan.MemberSpec:
		return cmp.Or(listWords(x, func(m *dialplan.MemberSpec) string {
			if m.Delay > 0 {
				return m.Extension.Value + " after " + m.Delay.String()
			}
			return m.Extension.Value
		}), "nobody")
	}
	if v.Kind() == reflect.Pointer {
		return words(v.Elem())
	}
	return cmp.Or(discreet(render(v)), "nothing")
}

// query is what stands behind the ? of a web address, where keys are written.
var query = regexp.MustCompile(`(https?://[^\s"'?]*\?)[^\s"']+`)

// discreet is a value without what must not be shown.
func discreet(text string) string { return query.ReplaceAllString(text, "$1...") }

// fromTo says how a value changed, of which parts may not be shown.
func fromTo(old, now string) string {
	if old == now {
		return now + " changed"
	}
	return old + " -> " + now
}
