package asterisk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// place is a line of a file.
type place struct {
	file string
	line int
}

// entry is one key = value of a section.
type entry struct {
	key, value string
	at         place
}

// section is what stands below a [name].
type section struct {
	name     string
	template bool
	from     []string // templates
	adds     bool     // [name](+)
	entries  []entry
	at       place
}

// get is the last value of a key, "" when there is none.
func (s *section) get(key string) string {
	for i := len(s.entries) - 1; i >= 0; i-- {
		if strings.EqualFold(s.entries[i].key, key) {
			return s.entries[i].value
		}
	}
	return ""
}

// at is where a key stands, the section when it is not there.
func (s *section) where(key string) place {
	for i := len(s.entries) - 1; i >= 0; i-- {
		if strings.EqualFold(s.entries[i].key, key) {
			return s.entries[i].at
		}
	}
	return s.at
}

// all are the values of a key, commas divide them.
func (s *section) all(key string) []string {
	var out []string
	for _, e := range s.entries {
		if strings.EqualFold(e.key, key) {
			for _, v := range strings.Split(e.value, ",") {
				out = append(out, strings.TrimSpace(v))
			}
		}
	}
	return out
}

// Bounds of what is read.
const (
	maxFileBytes = 8 << 20
	maxFiles     = 200
	maxDepth     = 8
)

// read reads a file and what it includes, with templates filled in.
func (h *house) read(file string) ([]*section, error) {
	var out []*section
	if err := h.parse(file, &out, 0); err != nil {
		return nil, err
	}
	return h.inherit(out), nil
}

func (h *house) parse(file string, out *[]*section, depth int) error {
	if h.files++; h.files > maxFiles || depth > maxDepth {
		return fmt.Errorf("%s: there are too many files, or they include each other", file)
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Size() > maxFileBytes {
		return fmt.Errorf("%s is too big", file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	comment := false
	for i, line := range strings.Split(strings.ReplaceAll(string(data), "\r", ""), "\n") {
		at := place{file, i + 1}
		line, comment = uncomment(line, comment)
		switch line = strings.TrimSpace(line); {
		case line == "":
		case line[0] == '#':
			if err := h.directive(line, at, out, depth); err != nil {
				return err
			}
		case line[0] == '[':
			*out = append(*out, h.header(line, at))
		default:
			key, value, found := strings.Cut(line, "=")
			if !found || len(*out) == 0 {
				h.note(at, fmt.Sprintf("%q is no key with a value", clip(line)), "")
				continue
			}
			s := (*out)[len(*out)-1]
			s.entries = append(s.entries, entry{strings.TrimSpace(key), strings.TrimSpace(strings.TrimPrefix(value, ">")), at})
		}
	}
	return nil
}

// uncomment takes comments off a line; within is whether one over several lines
// goes on.
func uncomment(line string, within bool) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		rest := line[i:]
		switch {
		case within:
			if strings.HasPrefix(rest, "--;") {
				within = false
				i += 2
			}
		case strings.HasPrefix(rest, ";--") && !strings.HasPrefix(rest, ";---"):
			within = true
			i += 2
		case strings.HasPrefix(rest, `\;`):
			b.WriteByte(';')
			i++
		case line[i] == ';':
			return b.String(), false
		default:
			b.WriteByte(line[i])
		}
	}
	return b.String(), within
}

func (h *house) directive(line string, at place, out *[]*section, depth int) error {
	word, name, _ := strings.Cut(line, " ")
	name = strings.Trim(strings.TrimSpace(name), `"<>`)
	switch word {
	case "#include", "#tryinclude":
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(at.file), name)
		}
		matches, err := filepath.Glob(name)
		if err != nil || len(matches) == 0 {
			if word == "#include" {
				h.note(at, "the file "+name+" is not there", "convert again with it")
			}
			return nil
		}
		for _, m := range matches {
			if err := h.parse(m, out, depth+1); err != nil {
				return err
			}
		}
	default:
		h.note(at, word+" has no counterpart", "write what it gives into a file, and convert again")
	}
	return nil
}

// header reads [name](template,!).
func (h *house) header(line string, at place) *section {
	name, rest, _ := strings.Cut(line[1:], "]")
	s := &section{name: strings.TrimSpace(name), at: at}
	rest = strings.Trim(strings.TrimSpace(rest), "()")
	for _, word := range strings.Split(rest, ",") {
		switch word = strings.TrimSpace(word); word {
		case "":
		case "!":
			s.template = true
		case "+":
			s.adds = true
		default:
			s.from = append(s.from, word)
		}
	}
	return s
}

// inherit fills in templates, and leaves these out.
func (h *house) inherit(list []*section) []*section {
	known := map[string]*section{}
	var out []*section
	for _, s := range list {
		if old := known[s.name]; s.adds && old != nil {
			old.entries = append(old.entries, s.entries...)
			continue
		}
		var all []entry
		for _, name := range s.from {
			if t := known[name]; t != nil {
				all = append(all, t.entries...)
			} else {
				h.note(s.at, "there is no template "+name, "")
			}
		}
		s.entries = append(all, s.entries...)
		known[s.name] = s
		if !s.template {
			out = append(out, s)
		}
	}
	return out
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return s
}
