package say

import "strings"

// signs are those that are spelled.
var signs = map[rune]string{
	'-': "dash", '.': "dot", '_': "underscore", '@': "at", '/': "slash", '+': "plus", '*': "star", '#': "hash", '\'': "apostrophe", '’': "apostrophe",
}

// folded are letters as they are spelled without their accents, by those.
var folded = map[string]string{
	"a": "àáâãäåāăą", "ae": "æ", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ",
	"i": "ìíîïĩīĭįı", "ij": "ĳ", "j": "ĵ", "k": "ķ", "l": "ĺļľŀł", "n": "ñńņňŉŋ", "o": "òóôõöøōŏő", "oe": "œ",
	"r": "ŕŗř", "s": "śŝşšș", "ss": "ßẞ", "t": "ţťŧț", "th": "þ", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
}

// plain are the letters of folded by themselves.
var plain = unfold()

func unfold() map[rune]string {
	out := map[rune]string{}
	for to, letters := range folded {
		for _, r := range letters {
			out[r] = to
		}
	}
	return out
}

// Plain is a small letter as it is written without its accents; "" is no such letter.
func Plain(r rune) string {
	if r >= 'a' && r <= 'z' {
		return string(r)
	}
	return plain[r]
}

// spell says each letter, digit and sign of s, and words with a pause between them.
// What has no name is left out.
func spell(s string) []string {
	var list [][]string
	for word := range strings.FieldsSeq(s) {
		var out []string
		for _, r := range strings.ToLower(word) {
			switch letters, known := plain[r]; {
			case r >= '0' && r <= '9':
				out = append(out, number(int64(r-'0')))
			case signs[r] != "":
				out = append(out, "letter/"+signs[r])
			case known:
				for _, l := range letters {
					out = append(out, "letter/"+string(l))
				}
			case r >= 'a' && r <= 'z':
				out = append(out, "letter/"+string(r))
			}
		}
		if len(out) > 0 {
			list = append(list, out)
		}
	}
	return groups(list)
}
