package dialplan

import (
	"slices"
	"strings"
	"unicode"
)

// phrase is what can be said instead of keys.
type phrase struct{ words, keys string }

// spokenWords are those of a text: small letters and digits, each word between spaces.
func spokenWords(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.M, r):
			return unicode.ToLower(r)
		case r == '\'' || r == '’':
			return '\''
		}
		return ' '
	}, text)
	if text = strings.Join(strings.Fields(text), " "); text == "" {
		return ""
	}
	return " " + text + " "
}

// understood are the keys that what was said stands for; "" when it is none, or several
// that differ.
func (m *menu) understood(said string) (keys string) {
	said = spokenWords(said)
	for _, p := range m.spoken {
		switch {
		case !strings.Contains(said, p.words):
		case keys != "" && keys != p.keys:
			return ""
		default:
			keys = p.keys
		}
	}
	return keys
}

// menuWords compiles what can be said in a menu.
func (c *checker) menuWords(m *menu) {
	c.in("words")
	defer c.out()
	var known []string
	for _, k := range m.Keys {
		known = append(known, k.Keys.Value)
	}
	by := map[string]string{}
	for _, key := range keys(m.Words) {
		c.in(key)
		at := m.Where()
		if list := m.Words[key]; len(list) > 0 {
			at = list[0].At
		}
		if !slices.Contains(known, key) {
			c.undefined(at, "key", key, known)
		}
		for _, t := range m.Words[key] {
			words := spokenWords(t.Value)
			switch {
			case words == "":
				c.fail(t.At, quote(t.Value)+" has no words", "write what callers say: sales")
				continue
			case by[words] != "" && by[words] != key:
				c.fail(t.At, quote(t.Value)+" stands for the key "+by[words]+" already", "remove one of them")
			}
			by[words] = key
			m.spoken = append(m.spoken, phrase{words, strings.ToUpper(key)})
		}
		c.out()
	}
	if len(m.spoken) > 0 && !c.spec.Hearing {
		c.fail(m.Words[keys(m.Words)[0]][0].At, "there is no engine that understands speech", `write speech: {stt: {command: [/usr/local/bin/understand, "{language}"]}}`)
	}
}
