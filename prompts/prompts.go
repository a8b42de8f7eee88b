// Package prompts is what Dialtone can say by itself: recordings of a text per name
// and language, which are a part of the program. `make prompts` makes the recordings
// of the texts again.
//
// They are mono, of 16 kHz, in Ogg Opus (RFC 7845). Active speech is at -20 dBFS, the
// silence around it is cut to 20 ms before and 60 ms behind.
package prompts

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// Rate is that of the recordings, in samples a second.
const Rate = 16000

// Level is that of active speech in the recordings, in dB below full scale.
const Level = -20

// Fallback is the language of who speaks none that is here.
const Fallback = "en"

// Suffix is how the files of the recordings end.
const Suffix = ".opus"

//go:embed *.tsv audio
var files embed.FS

// languages are those that there are, with what is said in them.
var languages = sync.OnceValue(func() map[string]*texts {
	all := map[string]*texts{}
	found, _ := fs.Glob(files, "*.tsv") // the pattern is well-formed
	for _, file := range found {
		data, err := files.ReadFile(file)
		if err != nil {
			continue // cannot be: it was found
		}
		list, err := Parse(string(data))
		if err != nil {
			panic(file + ": " + err.Error()) // a test reads them all
		}
		t := &texts{list: list, by: make(map[string]string, len(list))}
		for _, p := range list {
			t.by[p.Name] = p.Text
		}
		all[strings.TrimSuffix(file, ".tsv")] = t
	}
	return all
})

type texts struct {
	list []Prompt
	by   map[string]string
}

// Prompt is one recording.
type Prompt struct {
	Name string // such as menu/welcome
	Text string // that is spoken; in parentheses, what is heard instead
}

// Parse reads a list of prompts: in each line a name, a tab and a text; empty lines
// and those that begin with # do not count.
func Parse(list string) (out []Prompt, err error) {
	seen := map[string]bool{}
	n := 0
	for line := range strings.Lines(list) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		name, text, ok := strings.Cut(line, "\t")
		if !ok || name == "" || strings.TrimSpace(text) != text || text == "" {
			return nil, fmt.Errorf("line %d: want a name, a tab and a text", n)
		}
		if seen[name] {
			return nil, fmt.Errorf("line %d: %s is there twice", n, name)
		}
		seen[name] = true
		out = append(out, Prompt{name, text})
	}
	return out, nil
}

// Languages are those that Dialtone speaks, sorted.
func Languages() []string {
	var out []string
	for language := range languages() {
		out = append(out, language)
	}
	slices.Sort(out)
	return out
}

// List is all that is said in a language, in the order of its list; nil for a
// language that is not spoken here.
func List(language string) []Prompt {
	t := languages()[language]
	if t == nil {
		return nil
	}
	return slices.Clone(t.list)
}

// Language is the one of Languages in which who speaks language is spoken to: fr for
// fr-CA, Fallback for who speaks none.
func Language(language string) string {
	for language = strings.ToLower(language); language != ""; {
		if languages()[language] != nil {
			return language
		}
		language = language[:max(0, strings.LastIndexByte(language, '-'))]
	}
	return Fallback
}

// Find is where a prompt is: in the language, else in Fallback. ok is false when it
// is in neither.
func Find(language, name string) (found string, ok bool) {
	for _, l := range [...]string{Language(language), Fallback} {
		if _, ok := languages()[l].by[name]; ok {
			return l, true
		}
	}
	return "", false
}

// Text is what is said; "" when there is no such prompt.
func Text(language, name string) string {
	if t := languages()[language]; t != nil {
		return t.by[name]
	}
	return ""
}

// Open gives the file of a recording of one of Languages, for media/audio to read.
func Open(language, name string) (*bytes.Reader, error) {
	if Text(language, name) == "" {
		return nil, fmt.Errorf("there is no prompt %q in the language %s", name, language)
	}
	data, err := files.ReadFile("audio/" + language + "/" + name + Suffix)
	if err != nil {
		return nil, fmt.Errorf("the prompt %s of the language %s: %w", name, language, err)
	}
	return bytes.NewReader(data), nil
}
