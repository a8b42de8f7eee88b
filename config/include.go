package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
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
	var out []string
	if key, value := keyNode(root, "include"); key != nil {
		out = addedTo(lines, key, value, entry)
	} else {
		out = slices.Insert(slices.Clone(lines), firstKey(lines), "include: ["+entry+"]")
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

// keyNode is a key of the root and its value; nil when it is not there.
func keyNode(root *yaml.Node, name string) (key, value *yaml.Node) {
	if root == nil {
		return nil, nil
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == name {
			return root.Content[i], root.Content[i+1]
		}
	}
	return nil, nil
}

// firstKey is the index of the line above which a new key goes.
func firstKey(lines []string) int {
	at := 0
	for at < len(lines) && (strings.TrimSpace(lines[at]) == "" || strings.HasPrefix(lines[at], "#") || strings.HasPrefix(lines[at], "---")) {
		at++
	}
	if at == len(lines) || lines[at] == "" {
		at = len(lines) - 1
	}
	return max(at, 0)
}

// addedTo gives lines with one more entry in the list of a key.
func addedTo(lines []string, key, value *yaml.Node, entry string) []string {
	out := slices.Clone(lines)
	switch line := key.Line - 1; {
	case len(value.Content) == 0:
		out[line] = "include: [" + entry + "]"
	case value.Content[0].Line-1 == line:
		last := value.Content[len(value.Content)-1].Line - 1
		if end := strings.LastIndexByte(out[last], ']'); end >= 0 {
			out[last] = out[last][:end] + ", " + entry + out[last][end:]
		}
	default:
		last := value.Content[len(value.Content)-1].Line
		dash := strings.IndexByte(out[last-1], '-')
		out = slices.Insert(out, last, strings.Repeat(" ", max(dash, 0))+"- "+entry)
	}
	return out
}

// includesOf lists the entries of include.
func includesOf(name string, data []byte) []string {
	root, wrong := newSource(name, "", data).parse(data)
	if wrong != nil {
		return nil
	}
	var out []string
	if _, list := keyNode(root, "include"); list != nil {
		for _, item := range list.Content {
			out = append(out, item.Value)
		}
	}
	return out
}
