package dialplan

import (
	"cmp"
	"sort"
	"strconv"
	"strings"
)

// Variable is a variable that every call has.
type Variable struct {
	Name   string
	Origin string // where its value comes from, as a sentence
	get    func(*Run) string
}

// Variables are those that every call has, in the order of the manual. Besides
// them there are those of set, of args, of the named groups of regular
// expressions, and header.NAME.
func Variables() []Variable { return builtin[:] }

var builtin = [...]Variable{
	{"to", "The number that is looked for: the one dialled, without spaces and - . ( ) / when it is a number, or what a goto made of it.", func(r *Run) string { return r.To }},
	{"dialled", "The number that was dialled, as it came, whatever became of it.", func(r *Run) string { return r.Facts.To }},
	{"rest", "What the . or ! at the end of the pattern stood for; with 00., 0049301 has 49301.", func(r *Run) string { return r.rest }},
	{"from", "The caller's number. Of an extension it is its own; of others, what they say.", func(r *Run) string { return r.Facts.From }},
	{"from_name", "The caller's name as it is shown.", func(r *Run) string { return r.Facts.FromName }},
	{"from_country", "The country of the caller's number, as two letters; empty when it is not known.", (*Run).fromCountry},
	{verifiedVariable, "true for a caller that has the number it shows, as verified of when says, else false; in an expression it needs no comparison: verified and to == \"200\".", func(r *Run) string { return strconv.FormatBool(r.verified()) }},
	{"to_e164", "The number that is looked for as +, country code and number; empty when it is none of the outside.", (*Run).toE164},
	{"extension", "The extension that calls; empty for a caller from outside.", func(r *Run) string { return r.Facts.Extension }},
	{"trunk", "The trunk on which the call came in; empty for a call of an extension.", func(r *Run) string { return r.Facts.Trunk }},
	{"did", "The number that was called from outside, as +, country code and number; empty for a call of an extension.", func(r *Run) string { return r.did }},
	{"language", "The language of announcements: what set says, else that of the number called, else that of the caller's extension; empty when nobody says.", (*Run).spoken},
	{"context", "The context in which the route was found.", func(r *Run) string { return r.Context }},
	{"source", "The address from which the call comes.", func(r *Run) string { return r.source() }},
	{"transport", "How the call comes: udp, tcp or tls.", func(r *Run) string { return r.Facts.Transport }},
	{"user_agent", "What the caller's phone says that it is.", func(r *Run) string { return r.Facts.UserAgent }},
	{"date", "Today at the site, such as 2026-05-04.", func(r *Run) string { return r.now().Format("2006-01-02") }},
	{"time", "The time at the site, such as 09:30.", func(r *Run) string { return r.now().Format("15:04") }},
	{"weekday", "The day at the site: Mon, Tue, Wed, Thu, Fri, Sat or Sun.", func(r *Run) string { return r.now().Format("Mon") }},
	{"outcome", "How the last dial came out: answered, busy, no-answer, not-registered...; empty before.", func(r *Run) string { return r.outcome }},
	{"answered_by", "The extension that answered the last dial; empty before.", func(r *Run) string { return r.answeredBy }},
	{"http_status", "The status of the answer to the last http, such as 200; empty when there was none.", func(r *Run) string { return r.httpStatus }},
	{"pin", "The name of the PIN that was entered last; empty when it was wrong, and before.", func(r *Run) string { return r.pin }},
	{"call_id", "Dialtone's id of the call, as in its record.", func(r *Run) string { return r.Facts.CallID }},
}

const headerPrefix = "header."

func builtinVariable(name string) *Variable {
	for i := range builtin {
		if builtin[i].Name == name {
			return &builtin[i]
		}
	}
	return nil
}

// lookup gives the value of a variable, "" when it has none.
func (r *Run) lookup(name string) string {
	if v := builtinVariable(name); v != nil {
		return v.get(r)
	}
	if h, ok := strings.CutPrefix(name, headerPrefix); ok {
		return r.Facts.Headers[h]
	}
	return r.vars[name]
}

func (r *Run) source() string {
	if !r.Facts.Source.IsValid() {
		return ""
	}
	return r.Facts.Source.Addr().Unmap().String()
}

func (r *Run) fromCountry() string {
	if r.Facts.Extension != "" {
		return r.plan.country
	}
	return r.plan.numbering.country(r.Facts.From)
}

func (r *Run) toE164() string { return r.plan.numbering.e164(r.To) }

// languageVariable is the one variable that every call has and set may change.
const languageVariable = "language"

// verifiedVariable is the one variable that is true or false in an expression.
const verifiedVariable = "verified"

// spoken is the language of announcements.
func (r *Run) spoken() string {
	return cmp.Or(r.vars[languageVariable], r.language, r.Facts.Language)
}

// part is a piece of a text: words, or a variable.
type part struct{ words, variable string }

// expand fills in the variables of a text.
func (r *Run) expand(t *Text) string {
	if t.parts == nil {
		return t.Value
	}
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.words)
		if p.variable != "" {
			b.WriteString(r.lookup(p.variable))
		}
		if b.Len() > maxText {
			return strings.ToValidUTF8(b.String()[:maxText], "")
		}
	}
	return b.String()
}

// maxText bounds what variables can grow to.
const maxText = 1000

// split finds the variables of a text: ${NAME}; $${ stands for ${. A problem is
// given with its place in bytes.
func split(s string) (parts []part, at int, problem string) {
	if !strings.Contains(s, "${") {
		return nil, 0, ""
	}
	words, from := "", 0
	for {
		i := strings.Index(s[from:], "${")
		if i < 0 {
			return append(parts, part{words: words + s[from:]}), 0, ""
		}
		i += from
		if i > from && s[i-1] == '$' {
			words += s[from:i-1] + "${"
			from = i + 2
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			return nil, i, "${ starts a variable that is not complete"
		}
		parts = append(parts, part{words + s[from:i], s[i+2 : i+end]})
		words, from = "", i+end+1
	}
}

// keys are the keys of a map, sorted.
func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// values are the texts of a list.
func values(list Texts) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.Value
	}
	return out
}

func has(list Texts, s string) bool {
	for _, t := range list {
		if t.Value == s {
			return true
		}
	}
	return false
}
