package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"dialtone/dialplan"
)

// rules checks every value against the tags of its field, and writes names in
// their canonical form.
func (c *validator) rules(v reflect.Value, path string) {
	for _, f := range c.fields.of(v.Type()) {
		c.rule(v.Field(f.index), join(path, f.name), f.tag)
	}
}

func (c *validator) rule(v reflect.Value, path string, tag reflect.StructTag) {
	if c.failed[path] || tag.Get("plan") != "" {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		c.rules(v, path)
	case reflect.Map:
		for _, key := range slices.Sorted(maps.Keys(c.cfg.Extensions)) {
			c.rules(v.MapIndex(reflect.ValueOf(key)), join(path, key))
		}
	case reflect.Slice:
		c.ruleList(v, path, tag)
	case reflect.String:
		if p := c.ruleText(v, tag); p.found() {
			c.fail(path, p.reason, p.remedy)
		}
	case reflect.Int, reflect.Int64:
		if p := ruleBounds(v, tag); p.found() {
			c.fail(path, p.reason, p.remedy)
		}
	}
}

func (c *validator) ruleList(v reflect.Value, path string, tag reflect.StructTag) {
	seen := map[string]bool{}
	for i := range v.Len() {
		p := fmt.Sprintf("%s[%d]", path, i)
		c.rule(v.Index(i), p, tag)
		s := v.Index(i).String()
		if seen[s] && !c.failed[p] {
			c.fail(p, quoted(s)+" is given twice", "keep one of them")
		}
		seen[s] = true
	}
}

func (c *validator) ruleText(v reflect.Value, tag reflect.StructTag) problem {
	s := v.String()
	if list, ok := tag.Lookup("enum"); ok {
		values := strings.Split(list, ",")
		if slices.Contains(values, s) {
			return problem{}
		}
		remedy := "write " + orList(values)
		if near := dialplan.Nearest(s, values); near != "" {
			remedy = fmt.Sprintf("did you mean %q? ", near) + remedy
		}
		return problem{quoted(s) + " is not known here", remedy}
	}
	check := checkOf(tag.Get("format"))
	if check == nil {
		return problem{}
	}
	canonical, p := check(s)
	if !p.found() && canonical != s && v.CanSet() {
		v.SetString(canonical)
	}
	return p
}

// orList joins words as in "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// ruleBounds checks a number or duration against min, max and off.
func ruleBounds(v reflect.Value, tag reflect.StructTag) problem {
	low, hasLow := tag.Lookup("min")
	high, hasHigh := tag.Lookup("max")
	off := tag.Get("off")
	read := func(s string) int64 {
		if v.Type() == reflect.TypeFor[Duration]() {
			d, _ := ParseDuration(s)
			return int64(d)
		}
		n, _ := strconv.ParseInt(s, 10, 64)
		return n
	}
	n := v.Int()
	if off != "" && n == read(off) || (!hasLow || n >= read(low)) && (!hasHigh || n <= read(high)) {
		return problem{}
	}
	remedy := "write " + low + " to " + high
	if off != "" {
		remedy += ", or " + off + " to turn it off"
	}
	if hasLow && n < read(low) {
		return problem{fmt.Sprintf("%v is less than %s", v.Interface(), low), remedy}
	}
	return problem{fmt.Sprintf("%v is more than %s", v.Interface(), high), remedy}
}
