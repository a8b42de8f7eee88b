package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing wrong in a configuration. Secrets are never part of it.
type Error struct {
	File    string `json:"file"`           // as it was named; "" when there is no file
	Line    int    `json:"line,omitempty"` // from 1; 0 when unknown
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"` // the key, such as extensions.100.password
	Reason  string `json:"reason"`
	Remedy  string `json:"remedy,omitempty"`
	Warning bool   `json:"warning,omitempty"` // worth a look, but no reason to refuse

	excerpt string // the line with a caret, see Excerpt
}

// Error is "file:line:column: path: reason; remedy" with what is known of it.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
		}
		b.WriteString(": ")
	}
	if e.Warning {
		b.WriteString("warning: ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Reason)
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// Excerpt is the line of the file with a caret under the place, each indented
// by four spaces and ended by a line feed; "" when the place is unknown.
// Passwords in it are masked.
func (e *Error) Excerpt() string { return e.excerpt }

// Errors are all that was found wrong, in the order of files and lines. As JSON
// they are an array of objects. Use errors.As to get them from an error.
type Errors []*Error

// Error has one line for each.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each of them to errors.Is and errors.As.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// Report is Error with an excerpt under each line, for a terminal.
func (es Errors) Report() string {
	var b strings.Builder
	for _, e := range es {
		b.WriteString(e.Error() + "\n" + e.excerpt)
	}
	return b.String()
}

// Warnings are those that do not refuse the configuration.
func (es Errors) Warnings() Errors { return es.only(true) }

// Failures are those that do.
func (es Errors) Failures() Errors { return es.only(false) }

func (es Errors) only(warning bool) Errors {
	var out Errors
	for _, e := range es {
		if e.Warning == warning {
			out = append(out, e)
		}
	}
	return out
}

// Err is es as an error when there is a failure in it, else nil.
func (es Errors) Err() error {
	if len(es.Failures()) == 0 {
		return nil
	}
	return es
}

// sort orders by file, in the order in which they were read, then by place.
func (es Errors) sort(files []string) {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(
			cmp.Compare(slices.Index(files, a.File), slices.Index(files, b.File)),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
