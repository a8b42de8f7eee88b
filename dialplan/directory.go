package dialplan

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"dialtone/prompts/say"
)

// person is an extension that has a name, as the step directory finds it.
type person struct {
	extension, name string
	keys            []string // that spell what the name may be looked for by
	recorded        bool     // somebody has spoken the name
}

// recordedNames is the folder of prompts that are spoken names, each called like its
// extension.
const recordedNames = "names/"

// people are the extensions that have names, by name.
func (c *checker) people() []person {
	out := make([]person, 0, len(c.spec.Names))
	for _, e := range keys(c.spec.Names) {
		p := person{extension: e, name: c.spec.Names[e]}
		if p.keys = spellings(p.name); len(p.keys) == 0 {
			continue
		}
		p.recorded = c.spec.Recorded != nil && promptName.MatchString(recordedNames+e) && c.spec.Recorded(recordedNames+e)
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b person) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	return out
}

// spelledBy reports whether a part of the name begins with the letters on those keys.
func (p *person) spelledBy(pressed string) bool {
	return slices.ContainsFunc(p.keys, func(k string) bool { return strings.HasPrefix(k, pressed) })
}

// spellings are the keys of each word of a name and of all that follow it, with letters
// such as ü as u and as ue.
func spellings(name string) []string {
	var out []string
	for _, umlauts := range []bool{false, true} {
		words := strings.Fields(plainLetters(name, umlauts))
		for i := range words {
			for _, s := range []string{onKeys(strings.Join(words[i:], "")), onKeys(words[i] + strings.Join(words[:i], ""))} {
				if s != "" && !slices.Contains(out, s) {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

// onKeys are the keys of letters.
func onKeys(letters string) string {
	const keys = "22233344455566677778889999"
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return rune(keys[r-'a'])
		case r >= '0' && r <= '9':
			return r
		}
		return -1
	}, letters)
}

// umlaut are letters that two stand for.
var umlaut = map[rune]string{'ä': "ae", 'ö': "oe", 'ü': "ue", 'å': "aa", 'ø': "oe"}

// plainLetters is a name in a to z, 0 to 9 and spaces.
func plainLetters(name string, umlauts bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		b.WriteString(plainLetter(r, umlauts))
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func plainLetter(r rune, umlauts bool) string {
	switch {
	case r >= '0' && r <= '9':
		return string(r)
	case r == '\'' || r == '’' || r == '.' || unicode.Is(unicode.Mn, r):
		return ""
	}
	if two := umlaut[r]; umlauts && two != "" {
		return two
	}
	return cmp.Or(say.Plain(r), " ")
}
