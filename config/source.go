package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// source is one file of a configuration, or a text that came without one.
type source struct {
	name  string // as errors call it
	dir   string // what names in it are relative to; "" for the working directory
	lines []string
}

var lineBreak = regexp.MustCompile("\r\n|[\r\n\u0085\u2028\u2029]")

func newSource(name, dir string, data []byte) *source {
	return &source{name: name, dir: dir, lines: lineBreak.Split(string(data), -1)}
}

func (s *source) at(n *yaml.Node) Position { return Position{s.name, n.Line, n.Column} }

// parse gives the root of the one document in data, nil when there is nothing in
// it. An error has no path.
func (s *source) parse(data []byte) (*yaml.Node, *Error) {
	if !utf8.Valid(data) {
		return nil, s.badText(data)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, s.syntaxError(err)
	}
	if err := dec.Decode(&second); err == nil {
		return nil, s.errorAt(second.Line, second.Column, "a second document starts here",
			"remove the line --- so that the file is one")
	} else if !errors.Is(err, io.EOF) {
		return nil, s.syntaxError(err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	return doc.Content[0], nil
}

func (s *source) badText(data []byte) *Error {
	line, column := 1, 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if column++; r == '\n' {
			line, column = line+1, 1
		}
		data = data[n:]
	}
	return s.errorAt(line, column, "this is not UTF-8 text", "save the file as UTF-8")
}

func (s *source) errorAt(line, column int, reason, remedy string) *Error {
	return &Error{
		File: s.name, Line: line, Column: column, Reason: reason, Remedy: remedy,
		excerpt: excerpt(s.lines, line, column, 0),
	}
}

// pitfall is a mistake that YAML reports in words that do not help, known by
// what stands in the line. The place is that of the first group.
type pitfall struct {
	says   string // what the parser's message contains
	in     *regexp.Regexp
	reason string
	remedy string
}

var pitfalls = [...]pitfall{
	{
		"unknown anchor", regexp.MustCompile(`(?:^|[\s\[,{])(\*[^\s\],}]+)`),
		"an unquoted value that starts with * is a reference in YAML",
		`write it in quotes, like "*72"`,
	},
	{
		"alphabetic or numeric character", regexp.MustCompile(`(?:^|[\s\[,{])([*&])`),
		"an unquoted value that starts with * or & is a reference in YAML",
		`write it in quotes, like "*72"`,
	},
	{
		"cannot start any token", regexp.MustCompile("[:\\-\\[,{]\\s+([@`%])"),
		"an unquoted value cannot start with @, ` or %", "write it in quotes",
	},
	{
		"cannot start any token", regexp.MustCompile(`^ *(\t)`),
		"a tab cannot indent a line in YAML", "indent with spaces",
	},
	{
		"did not find expected ',' or", regexp.MustCompile(`^(?:[^"'#{\[$]|\$\{[^}]*\}|"[^"]*"|'[^']*')*[{\[](?:[^"'#]|"[^"]*"|'[^']*')*?(\$\{)`),
		"${...} inside { } or [ ] needs quotes in YAML", `write it like "${NAME}"`,
	},
	{
		"mapping values are not allowed", regexp.MustCompile(`:\s+[^"'\s#][^#]*?(:)(?:\s|$)`),
		"a second colon in one line; an unquoted value cannot contain a colon and a space",
		"write the value in quotes, or start a new line",
	},
	{
		"", regexp.MustCompile(`^ *[^\s"'#]*[^\s"'#:](:)[^\s:/"'\]}]+\s*$`),
		"a key needs a space after its colon", `write it like "key: value"`,
	},
}

var (
	yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	// The scanner counts lines from 1, the parser, which says these, from 0.
	fromZero = regexp.MustCompile(`did not find expected (?:',' or|'-'|key|node|<)`)
)

// syntaxError finds the place and the words for what the YAML parser says, whose
// lines are rough and which knows no columns.
func (s *source) syntaxError(err error) *Error {
	line, message := 1, err.Error()
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		message = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		if fromZero.MatchString(message) && m[1] != "" {
			line++
		}
	}
	line = min(line, len(s.lines))
	if e := s.pitfall(line, message); e != nil {
		return e
	}
	text := s.lines[line-1]
	column := len(text) - len(strings.TrimLeft(text, " ")) + 1
	if strings.HasPrefix(message, "unknown anchor") {
		message = "a reference to an anchor that is not there"
	}
	return s.errorAt(line, column, "not YAML: "+message,
		"look for a missing quote or bracket, or wrong indentation, here or in the lines above")
}

// pitfall looks for a known mistake in the line of the message, in those around
// it, then from the top.
func (s *source) pitfall(line int, message string) *Error {
	order := []int{line, line + 1, line - 1}
	for n := 1; n <= min(len(s.lines), 10_000); n++ {
		order = append(order, n)
	}
	for _, p := range pitfalls {
		if !strings.Contains(message, p.says) {
			continue
		}
		near := order
		if p.says == "" {
			near = order[:3]
		}
		for _, n := range near {
			if n < 1 || n > len(s.lines) || strings.HasPrefix(strings.TrimSpace(s.lines[n-1]), "#") {
				continue
			}
			if m := p.in.FindStringSubmatchIndex(s.lines[n-1]); m != nil {
				column := utf8.RuneCountInString(s.lines[n-1][:m[2]]) + 1
				return s.errorAt(n, column, p.reason, p.remedy)
			}
		}
	}
	return nil
}
