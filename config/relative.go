package config

import (
	"path/filepath"
	"reflect"
	"strings"

	"dialtone/dialplan"
)

// folder is where the first file of a configuration stands.
func (l *Loaded) folder() string {
	if len(l.Files) == 0 {
		return ""
	}
	return filepath.Dir(l.Files[0])
}

// relative is l with the names of files as they are seen from its folder, so that it
// can be compared with one that stands elsewhere.
func (l *Loaded) relative() *Loaded {
	out := *l
	out.Config, _ = folder(l.folder()).copied(reflect.ValueOf(l.Config), "").Interface().(*Config) // it is one
	return &out
}

// folder is one from which names of files are seen.
type folder string

// name is that of a file within the folder without it; the others stay.
func (f folder) name(file string) string {
	if within, err := filepath.Rel(string(f), file); err == nil && filepath.IsLocal(within) {
		return within
	}
	return file
}

// text is a value with the tag path: what stands before the name of a file, and the
// name.
func (f folder) text(value, tag string) string {
	prefix := strings.TrimPrefix(tag, "true")
	name, is := strings.CutPrefix(value, prefix)
	if tag == "" || !is || name == "" {
		return value
	}
	return prefix + f.name(name)
}

// copied is a copy of v, which has the tag path, with names as seen from the folder.
func (f folder) copied(v reflect.Value, tag string) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf(f.text(v.String(), tag)).Convert(v.Type())
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return v
		}
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(f.copied(v.Elem(), tag))
	case reflect.Interface:
		out.Set(f.copied(v.Elem(), tag))
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(f.copied(v.Index(i), tag))
		}
	case reflect.Map:
		out.Set(reflect.MakeMap(v.Type()))
		for _, k := range v.MapKeys() {
			out.SetMapIndex(k, f.copied(v.MapIndex(k), tag))
		}
	case reflect.Struct:
		out.Set(v)
		if t, is := v.Interface().(dialplan.Text); is {
			t.Value = f.text(t.Value, tag)
			out.Set(reflect.ValueOf(t))
			break
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				out.Field(i).Set(f.copied(v.Field(i), field.Tag.Get("path")))
			}
		}
	default:
		return v
	}
	return out
}
