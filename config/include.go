package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// AddInclude gives the text of a configuration with one more file in include. All
// else stays as it is. The error is Errors.
func AddInclude(name string, data []byte, file string) ([]byte, error) {
	root, wrong := newSource(name, "", data).parse(data)
	if wrong != nil {
		return nil, Errors{wrong}
	}
	lines := strings.Split(string(data), "\n")
	before := includesOf(name, data)
	if slices.Contains(before, literal(file)) {
		return data, nil
	}
	entry := strconv.Quote(literal(file))
	at := 0 // where a new key goes: above the first
	for at < len(lines) && (strings.TrimSpace(lines[at]) == "" || strings.HasPrefix(lines[at], "#") || strings.HasPrefix(lines[at], "---")) {
		at++
	}
	if at == len(lines) || lines[at] == "" {
		at = len(lines) - 1
	}
	out := slices.Insert(slices.Clone(lines), max(at, 0), "include: ["+entry+"]")
	if root != nil {
		for i := 0; i+1 < len(root.Content); i += 2 {
			key, value := root.Content[i], root.Content[i+1]
			if key.Value != "include" {
				continue
			}
			out = slices.Clone(lines)
			line := key.Line - 1
			switch {
			case len(value.Content) == 0:
				out[line] = "include: [" + entry + "]"
			case value.Content[0].Line-1 == line:
				last := value.Content[len(value.Content)-1]
				row := []rune(out[last.Line-1])
				if end := strings.LastIndexByte(string(row), ']'); end >= 0 {
					out[last.Line-1] = string(row)[:end] + ", " + entry + string(row)[end:]
				}
			default:
				last := value.Content[len(value.Content)-1].Line
				dash := strings.IndexByte(out[last-1], '-')
				out = slices.Insert(out, last, strings.Repeat(" ", max(dash, 0))+"- "+entry)
			}
		}
	}
	text := []byte(strings.Join(out, "\n"))
	if !slices.Equal(includesOf(name, text), append(before, literal(file))) {
		return nil, Errors{{
			File: name, Line: 1, Column: 1, Reason: "include is written in a way that nothing can be added to",
			Remedy: fmt.Sprintf("add %s to it yourself", entry),
		}}
	}
	return text, nil
}

// includesOf lists the entries of include.
func includesOf(name string, data []byte) []string {
	root, wrong := newSource(name, "", data).parse(data)
	if wrong != nil || root == nil {
		return nil
	}
	var out []string
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "include" {
			for _, item := range root.Content[i+1].Content {
				out = append(out, item.Value)
			}
		}
	}
	return out
}
