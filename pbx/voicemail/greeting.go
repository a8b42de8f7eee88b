package voicemail

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dialtone/dialplan"
	"dialtone/prompts/say"
)

// The situations in which greetings differ.
const (
	byDefault = "default"
	temporary = "temporary" // is heard instead of all others while it is there
	none      = "none"
)

// suffixes are how the files of greetings may end.
var suffixes = []string{".wav", ".opus", ".ogg", ".flac", ".mp3"}

// maxGreetings bounds the files of a folder that are looked at.
const maxGreetings = 1000

// greeting is what the caller hears: a file of the mailbox, else one for all, else the
// prompts. Files are called [WHO_]SITUATION[_LANGUAGE], in any case of letters, where WHO
// is a number or a group.
func (s *Service) greeting(from string, d *dialplan.Depositing) []Part {
	if d.Greeting == none {
		return nil
	}
	who := append([]string{from}, d.Who...)
	for _, folder := range []string{d.Mailbox, "."} {
		dir := filepath.Join(s.config().GreetingsDir(s.data), folder)
		if name := pick(files(dir), who, d.Greeting, d.Language); name != "" {
			return []Part{{File: filepath.Join(dir, name), Name: "greeting " + d.Mailbox + " " + strings.TrimSuffix(name, filepath.Ext(name))}}
		}
	}
	is := "voicemail/is-unavailable"
	switch d.Greeting {
	case "busy":
		is = "voicemail/is-busy"
	case "away":
		is = "voicemail/is-away"
	}
	words := []string{"voicemail/person"}
	number, err := say.Text(say.For(d.Language), say.Digits, d.Mailbox, say.Options{})
	if words = append(append(words, number...), is); err != nil {
		words = []string{"voicemail/unavailable"}
	}
	return []Part{Words(words...), Words("voicemail/leave-message"), Words("voicemail/finish")}
}

// files are the greetings in a folder: their names by name in small letters without a
// suffix.
func files(dir string) map[string]string {
	list, err := os.ReadDir(dir)
	if err != nil || len(list) > maxGreetings {
		return nil
	}
	out := map[string]string{}
	for _, f := range list {
		ext := strings.ToLower(filepath.Ext(f.Name()))
		if i := slices.Index(suffixes, ext); i < 0 || f.IsDir() {
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(f.Name(), filepath.Ext(f.Name())))
		if had, ok := out[name]; !ok || ext == ".wav" && !strings.HasSuffix(had, ext) {
			out[name] = f.Name()
		}
	}
	return out
}

// pick is the file that fits a caller best: of a temporary greeting, then for who calls,
// then for the situation, then for the language; "" when none does.
func pick(files map[string]string, who []string, situation, language string) string {
	if len(files) == 0 {
		return ""
	}
	languages := []string{}
	for l := strings.ToLower(language); l != ""; l = l[:max(0, strings.LastIndexByte(l, '-'))] {
		languages = append(languages, "_"+l)
	}
	languages = append(languages, "")
	in := func(name string) string {
		for _, l := range languages {
			if f := files[name+l]; f != "" {
				return f
			}
		}
		return ""
	}
	for _, s := range []string{temporary, situation, byDefault} {
		for _, w := range who {
			if w == "" {
				continue
			}
			if f := in(strings.ToLower(w) + "_" + s); f != "" {
				return f
			}
		}
		if s == temporary {
			if f := in(s); f != "" {
				return f
			}
		}
	}
	if f := in(situation); f != "" {
		return f
	}
	return in(byDefault)
}
