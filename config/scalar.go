package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// scalar reads one text, number, duration or truth value, and reports whether it
// could.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) bool {
	at := n
	if n = d.resolve(n); n == nil {
		return false
	}
	_, secret := v.Interface().(Secret)
	p := d.notScalar(n, v)
	text := n.Value
	if secret && !p.found() && strings.HasPrefix(text, "file:") {
		return d.secretFrom(at, v, path, strings.TrimPrefix(text, "file:"))
	}
	if !p.found() {
		text, p = expand(n.Value, d.env)
	}
	if !p.found() {
		if secret && text == n.Value && text != "" {
			d.secrets[d.src.name] = true
		}
		p = d.set(v, n, text, tag)
	}
	switch {
	case p.found() && secret:
		d.failHidden(at, path, p)
	case p.found():
		d.fail(at, path, p.reason, p.remedy)
	}
	return !p.found()
}

// notScalar says why a node cannot be the value of one key.
func (d *decoder) notScalar(n *yaml.Node, v reflect.Value) problem {
	switch {
	case n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode:
		return problem{"expected " + typeName(v) + ", found " + kindOf(n), "write one value"}
	case isNull(n) && d.commentFollows(n):
		return problem{"the value is empty, since # after a space starts a comment", `write it in quotes, like "#9"`}
	case isNull(n):
		remedy := "write a value, or remove the key to keep the default"
		if v.Kind() == reflect.String {
			remedy = `write "" for an empty text, or remove the key to keep the default`
		}
		return problem{"the value is empty", remedy}
	case !strings.HasPrefix(n.ShortTag(), "!!") || n.ShortTag() == "!!binary":
		return problem{"a value that starts with ! is a tag in YAML, and this one is not known", "write it in quotes"}
	}
	return problem{}
}

// commentFollows reports whether a comment stands where an empty value was.
func (d *decoder) commentFollows(n *yaml.Node) bool {
	if n.Line < 1 || n.Line > len(d.src.lines) {
		return false
	}
	line := []rune(d.src.lines[n.Line-1])
	from := min(max(n.Column-1, 0), len(line))
	return strings.HasPrefix(strings.TrimSpace(string(line[from:])), "#")
}

func typeName(v reflect.Value) string {
	switch v.Interface().(type) {
	case Duration:
		return "a duration"
	case bool:
		return "true or false"
	case int:
		return "a number"
	}
	return "a text"
}

// set converts text to the type of v.
func (d *decoder) set(v reflect.Value, n *yaml.Node, text string, tag reflect.StructTag) problem {
	fromEnv := text != n.Value
	switch v.Interface().(type) {
	case Duration:
		value, err := ParseDuration(text)
		if err != nil {
			return durationProblem(text, err)
		}
		v.SetInt(int64(value))
	case int:
		return setInt(v, n, text, fromEnv)
	case bool:
		if text != "true" && text != "false" || n.ShortTag() == "!!str" && !fromEnv {
			return problem{"expected true or false, found " + quoted(text), "write true or false, without quotes"}
		}
		v.SetBool(text == "true")
	default:
		if strings.ContainsFunc(text, isControl) {
			return problem{"a line break or control character in the value", "remove it"}
		}
		if tag.Get("path") != "" && text != "" && !filepath.IsAbs(text) {
			text = filepath.Join(d.src.dir, text)
		}
		v.SetString(text)
	}
	return problem{}
}

func quoted(s string) string { return fmt.Sprintf("%q", clip(s)) }

func setInt(v reflect.Value, n *yaml.Node, text string, fromEnv bool) problem {
	value, err := strconv.Atoi(text)
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && err == nil && !fromEnv {
		return problem{"expected a number, found a text", "write it without quotes: " + text}
	}
	digits := strings.TrimPrefix(text, "-")
	if err != nil || len(digits) > 1 && digits[0] == '0' || strings.HasPrefix(text, "+") {
		return problem{"expected a number, found " + quoted(text), "write a whole number in digits"}
	}
	v.SetInt(int64(value))
	return problem{}
}

func durationProblem(text string, err error) problem {
	switch {
	case errors.Is(err, errNoUnit):
		return problem{fmt.Sprintf("the duration %s has no unit", clip(text)), fmt.Sprintf("write %ss for seconds or %sm for minutes", clip(text), clip(text))}
	case errors.Is(err, errNegative):
		return problem{err.Error(), "write it without the minus"}
	case errors.Is(err, errTooLong):
		return problem{err.Error(), "write a shorter one"}
	}
	return problem{quoted(text) + " is not a duration", `write it like "30s", "5m", "1h30m" or "1d"`}
}

// secretFrom reads a secret out of the file that its value names.
func (d *decoder) secretFrom(at *yaml.Node, v reflect.Value, path, name string) bool {
	name, p := expand(strings.TrimSpace(name), d.env)
	if p.found() {
		d.fail(at, path, p.reason, p.remedy)
		return false
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(d.src.dir, name)
	}
	text, problems := d.secretFile(name)
	if text != "" && strings.ContainsFunc(text, isControl) {
		text, problems = "", []problem{{name + ": a control character in the first line", "remove it"}}
	}
	for _, p := range problems {
		d.report(finding{at: d.src.at(at), path: path, problem: p, hide: at.Column, warning: text != ""})
	}
	v.SetString(text)
	return text != ""
}
