// Package asterisk makes a Dialtone configuration of that of an Asterisk:
// extensions.conf, pjsip.conf and sip.conf, as far as there is a counterpart. What
// has none is not guessed at: it is noted by file and line, and where it decides a
// call, the call is refused.
package asterisk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Note is something that could not be carried over as it was.
type Note struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"`
}

// Result is what came of a conversion.
type Result struct {
	YAML       []byte
	Notes      []Note
	Extensions int
	Trunks     int
	Routes     int
}

// Report is the notes for people, a line each.
func (r *Result) Report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Made %s, %s and %s. ", count(r.Extensions, "extension"), count(r.Trunks, "trunk"), count(r.Routes, "route"))
	if len(r.Notes) == 0 {
		b.WriteString("Everything was carried over.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "To look at: %d.\n", len(r.Notes))
	for _, n := range r.Notes {
		if n.File != "" {
			fmt.Fprintf(&b, "%s:%d: ", n.File, n.Line)
		}
		b.WriteString(n.Text)
		if n.Remedy != "" {
			b.WriteString("; " + n.Remedy)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// count is a number of things.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// Converter makes configurations.
type Converter struct {
	// Password makes one up for an extension that has none that can be read; nil
	// is at random.
	Password func() string
}

// Convert reads files, or those of a folder, and converts them.
func Convert(paths []string) (*Result, error) { return Converter{}.Convert(paths) }

// Convert reads files, or those of a folder, and converts them.
func (c Converter) Convert(paths []string) (*Result, error) {
	files, err := filesOf(paths)
	if err != nil {
		return nil, err
	}
	if c.Password == nil {
		c.Password = randomPassword
	}
	h := newHouse(c.Password)
	for _, file := range files {
		conf, err := h.read(file)
		if err != nil {
			return nil, err
		}
		switch kindOf(file) {
		case "pjsip":
			h.pjsip(conf)
		case "sip":
			h.sip(conf)
		case "queues":
			h.queues(conf)
		default:
			h.plan = append(h.plan, conf...)
		}
	}
	h.dialplan()
	return h.result(), nil
}

func randomPassword() string { return strings.ToLower(rand.Text()) }

// kindOf says what a file is, by its name.
func kindOf(file string) string {
	name := filepath.Base(file)
	for _, kind := range []string{"pjsip", "sip", "queues"} {
		if strings.HasPrefix(name, kind) {
			return kind
		}
	}
	return "extensions"
}

// filesOf lists the files to read, phones before the plan that names them.
func filesOf(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, p)
			continue
		}
		before := len(out)
		for _, name := range []string{"pjsip.conf", "sip.conf", "queues.conf", "extensions.conf"} {
			if file := filepath.Join(p, name); exists(file) {
				out = append(out, file)
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("there is no extensions.conf, pjsip.conf or sip.conf in %s", p)
		}
	}
	order := func(file string) int {
		return slices.Index([]string{"pjsip", "sip", "queues", "extensions"}, kindOf(file))
	}
	slices.SortStableFunc(out, func(a, b string) int { return order(a) - order(b) })
	if len(out) == 0 {
		return nil, errors.New("no file was named")
	}
	return out, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
