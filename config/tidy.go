package config

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Tidy gives YAML in the form that all files of a configuration have: the
// sections in one order, each level indented by two spaces, one blank line where
// there were more, and quotes round what YAML could take for something else.
// Comments, flow style and the order within a section stay. What comes out means
// the same and comes out of Tidy unchanged; where that cannot be had, and for what
// is not YAML, the error is Errors.
func Tidy(name string, data []byte) ([]byte, error) {
	out := quoteStars(name, data)
	for range 4 {
		next, err := tidyOnce(name, out)
		if err != nil {
			return nil, Errors{err}
		}
		if bytes.Equal(next, out) {
			return out, nil
		}
		out = next
	}
	return nil, Errors{{File: name, Reason: "the layout does not settle", Remedy: "write it in a simpler way"}}
}

func tidyOnce(name string, data []byte) ([]byte, *Error) {
	root, err := newSource(name, "", data).parse(data)
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)), "\n")
	before := shapeOf(root)
	quoteSurprises(root, lines)
	laid := layOut(lines)
	anchors := strings.Contains(string(data), "&") && hasAnchor(root)
	out := []byte(arrange(laid, !anchors))
	again, err := newSource(name, "", out).parse(out)
	if err != nil || !slices.Equal(shapeOf(again), before) {
		return nil, &Error{
			File: name, Line: 1, Column: 1, Reason: "the file cannot be laid out without changing what it means",
			Remedy: "write unusual places (? keys, tabs, texts over several lines) in a simpler way",
		}
	}
	return out, nil
}

// shapeOf lists what a document says, the sections sorted by name, without where
// it stands and how it is quoted.
func shapeOf(root *yaml.Node) []string {
	if root == nil {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		return []string{shape(root)}
	}
	var out []string
	for i := 0; i+1 < len(root.Content); i += 2 {
		out = append(out, shape(root.Content[i])+shape(root.Content[i+1]))
	}
	slices.Sort(out)
	return append(out, root.Anchor)
}

func shape(n *yaml.Node) string {
	var b strings.Builder
	writeShape(&b, n)
	return b.String()
}

func writeShape(b *strings.Builder, n *yaml.Node) {
	kind := n.ShortTag()
	if n.Kind == yaml.ScalarNode && (kind == "!!str" || n.Style == 0 && surprising(n)) {
		kind = "text"
	}
	b.WriteString("\x00" + n.Anchor + "\x00" + kind + "\x00" + n.Value + "\x00(")
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind == yaml.ScalarNode && surprisingKey(c) {
			b.WriteString("\x00" + c.Anchor + "\x00text\x00" + c.Value + "\x00()")
			continue
		}
		writeShape(b, c)
	}
	b.WriteString(")")
}

func hasAnchor(n *yaml.Node) bool {
	return n != nil && (n.Anchor != "" || slices.ContainsFunc(n.Content, hasAnchor))
}

var (
	oldBool     = regexp.MustCompile(`^(y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$`)
	oldNumber   = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	plainNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]*)(\.[0-9]+)?$`)
)

// surprising reports whether some reader of YAML takes an unquoted value for
// something else than what stands there: off for false, 0049 for 39, a date for a
// point in time.
func surprising(n *yaml.Node) bool {
	switch n.ShortTag() {
	case "!!str":
		return oldBool.MatchString(n.Value) || oldNumber.MatchString(n.Value)
	case "!!int", "!!float":
		return !plainNumber.MatchString(n.Value)
	case "!!timestamp":
		return true
	}
	return false
}

// surprisingKey is surprising for keys, which are all texts. on is a word of the
// dialplan.
func surprisingKey(n *yaml.Node) bool {
	switch n.ShortTag() {
	case "!!merge", "!!null":
		return false
	case "!!str":
		return n.Value != "on" && surprising(n)
	}
	return n.Style == 0
}

// quoteSurprises puts quotes round what surprises, in the lines that root was
// read from.
func quoteSurprises(root *yaml.Node, lines []string) {
	type mark struct{ line, column, length int }
	var marks []mark
	var walk func(n *yaml.Node, key bool)
	walk = func(n *yaml.Node, key bool) {
		if n.Kind == yaml.ScalarNode && n.Style == 0 && n.Tag != "" && (key && surprisingKey(n) || !key && surprising(n)) {
			marks = append(marks, mark{n.Line - 1, n.Column - 1, len(n.Value)})
		}
		for i, c := range n.Content {
			walk(c, n.Kind == yaml.MappingNode && i%2 == 0)
		}
	}
	if root != nil {
		walk(root, false)
	}
	slices.SortFunc(marks, func(a, b mark) int { return b.column - a.column })
	for _, m := range marks {
		if m.line < 0 || m.line >= len(lines) {
			continue
		}
		runes := []rune(lines[m.line])
		if m.column+m.length <= len(runes) { // all of it is ASCII
			lines[m.line] = string(runes[:m.column]) + `"` + string(runes[m.column:m.column+m.length]) + `"` + string(runes[m.column+m.length:])
		}
	}
}

var starCode = regexp.MustCompile(`(^|[\s\[,{])(\*[0-9*#XZN.!-]*[0-9*#XZN.!])`)

// Bounds of how often a file is read again to find feature codes, and of how big it
// may be for that.
const (
	maxStarLines = 100
	maxStarBytes = 256 << 10
)

// quoteStars puts quotes round feature codes such as *72, which YAML takes for
// references to something that is not there.
func quoteStars(name string, data []byte) []byte {
	for range maxStarLines {
		src := newSource(name, "", data)
		_, wrong := src.parse(data)
		if wrong == nil || len(data) > maxStarBytes || wrong.Line < 1 || !strings.Contains(wrong.Reason, "starts with *") {
			return data
		}
		lines := strings.Split(string(data), "\n")
		if wrong.Line > len(lines) {
			return data
		}
		line := &lines[wrong.Line-1]
		quoted := starCode.ReplaceAllString(*line, `$1"$2"`)
		if quoted == *line {
			return data
		}
		*line = quoted
		data = []byte(strings.Join(lines, "\n"))
	}
	return data
}
