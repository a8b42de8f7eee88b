package asterisk

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dialtone/dialplan/pattern"
)

// element is one position of a pattern.
type element struct {
	text  string // as Dialtone writes it
	regex string
	order string // for sorting: how many characters it stands for
	tail  bool
}

// elements takes a pattern or number apart.
func elements(name string) []element {
	s, isPattern := strings.CutPrefix(name, "_")
	var out []element
	for i := 0; i < len(s); i++ {
		c := s[i : i+1]
		switch {
		case !isPattern:
			out = append(out, element{c, regexp.QuoteMeta(c), "a", false})
		case c == "-" || c == " ":
		case strings.ContainsAny(c, "Xx"):
			out = append(out, element{"X", `\d`, "k", false})
		case strings.ContainsAny(c, "Zz"):
			out = append(out, element{"Z", "[1-9]", "j", false})
		case strings.ContainsAny(c, "Nn"):
			out = append(out, element{"N", "[2-9]", "i", false})
		case c == ".":
			out = append(out, element{".", ".+", "y", true})
		case c == "!":
			out = append(out, element{"!", ".*", "z", true})
		case c == "[" && strings.Contains(s[i:], "]"):
			end := i + strings.IndexByte(s[i:], ']')
			out = append(out, element{s[i : end+1], s[i : end+1], "b" + string(rune('a'+min(end-i, 20))), false})
			i = end
		default:
			out = append(out, element{c, regexp.QuoteMeta(c), "a", false})
		}
	}
	return out
}

// special are extens that Asterisk goes to by itself.
func special(name string) string {
	switch name {
	case "h":
		return "what is done after a call has no counterpart"
	case "i", "t", "e", "o", "a", "T":
		return "the exten " + name + " is for menus and voicemail, which are not converted; write them anew, see docs/menus.md and docs/voicemail.md"
	case "fax":
		return "fax has no counterpart"
	}
	return ""
}

// route converts one exten, unless a route above takes all its calls.
func (h *house) route(k key, x *exten, into, time string) {
	if len(x.steps) == 0 {
		return // a hint alone
	}
	if why := special(x.name); why != "" {
		h.note(x.at, why, "")
		return
	}
	w := &walk{house: h, key: k, exten: x, into: into}
	r := route{name: h.free(into, x.name), at: x.at, time: time}
	if x.from != "" {
		r.from = "from: " + quote(strings.TrimPrefix(x.from, "_"))
	}
	w.name = r.name
	r.steps = w.steps(x.steps)
	if !h.numberOf(&r, x, w) {
		return
	}
	for _, above := range h.made.routes[into] {
		if above.known && r.known && above.time == "" && above.from == "" && above.pattern.Covers(r.pattern) {
			if !strings.HasPrefix(above.to, "'") && !k.outside {
				h.note(x.at, fmt.Sprintf("%s in %s never got a call, as %s takes it", x.name, k.context, above.name), "it was left out")
			}
			return
		}
	}
	h.made.routes[into] = append(h.made.routes[into], r)
}

// free is a name that no other route of the context has.
func (h *house) free(into, name string) string {
	out := name
	for n := 2; slices.ContainsFunc(h.made.routes[into], func(r route) bool { return r.name == out }); n++ {
		out = fmt.Sprintf("%s (%d)", name, n)
	}
	return out
}

// numberOf writes for which numbers the route is.
func (h *house) numberOf(r *route, x *exten, w *walk) bool {
	list := elements(x.name)
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.text)
	}
	text := b.String()
	if !strings.HasPrefix(x.name, "_") {
		if _, err := pattern.Parse(text); err != nil {
			text = pattern.Quote(text)
		}
	}
	p, err := pattern.Parse(text)
	if err != nil {
		h.note(x.at, x.name+" is no pattern that Dialtone reads: "+err.Error(), "write the route yourself")
		return false
	}
	r.pattern, r.known = p, true
	digits := text != "" && strings.ContainsAny(text[:1], "0123456789XZN[")
	switch {
	case w.group != "":
		r.to = "'" + regexOf(list, w, digits && h.comesIn(w.key)) + "'"
	case digits && (len(list) > 4 || list[len(list)-1].tail) && h.comesIn(w.key):
		// Numbers of trunks come with + and country code.
		r.to = "[" + quote(text) + ", " + quote("+"+text) + "]"
		if strings.HasPrefix(text, "0") && !strings.HasPrefix(text, "00") {
			h.note(x.at, "calls of trunks come with + and the country code, so "+x.name+" may not fit", "write it like +4930123456")
		}
	default:
		r.to = quote(text)
	}
	return true
}

// comesIn reports whether calls of a trunk begin in a context.
func (h *house) comesIn(k key) bool {
	for _, t := range h.trunks {
		if k.outside && t.context == k.context {
			return true
		}
	}
	return false
}

// regexOf is the pattern as a regular expression with a name for a part of it.
func regexOf(list []element, w *walk, plus bool) string {
	var b strings.Builder
	b.WriteString("/^")
	if plus {
		b.WriteString(`\+?`)
	}
	for i, e := range list {
		if i == w.groupFrom {
			b.WriteString("(?P<" + w.group + ">")
		}
		b.WriteString(e.regex)
		if i+1 == w.groupTo {
			b.WriteString(")")
		}
	}
	b.WriteString("$/")
	return b.String()
}

var slice = regexp.MustCompile(`^EXTEN:(-?[0-9]+)(?::(-?[0-9]+))?$`)

// span is which of the fixed positions a part has; false when that is counted from an
// end that is open.
func span(m []string, fixed int, open bool) (from, to int, ok bool) {
	from, _ = strconv.Atoi(m[1])
	length, _ := strconv.Atoi(m[2])
	if open && (from < 0 || length < 0) {
		return 0, 0, false
	}
	if from < 0 {
		from = max(fixed+from, 0)
	}
	switch {
	case m[2] == "":
		return from, fixed, true
	case length < 0:
		return from, min(fixed+length, fixed), true
	}
	return from, min(from+length, fixed), true
}

// part gives the text for a part of the number dialled: fixed for a number, ${rest}
// when it is what the end of the pattern stands for, else a variable of the
// pattern.
func (w *walk) part(m []string) (string, bool) {
	list := elements(w.exten.name)
	fixed := len(list)
	tail := fixed > 0 && list[fixed-1].tail
	from, to, ok := span(m, fixed, tail)
	switch {
	case !ok:
		return "", false
	case from >= to:
		return "", from >= fixed && !tail
	case !strings.HasPrefix(w.exten.name, "_"):
		return w.exten.name[from:to], true
	case from == 0 && to == fixed:
		return "${to}", true
	case tail && from == fixed-1:
		return "${rest}", true
	}
	if w.group != "" && (w.groupFrom != from || w.groupTo != to) {
		return "", false
	}
	w.group, w.groupFrom, w.groupTo = fmt.Sprintf("exten_%d_%d", from, to), from, to
	return "${" + w.group + "}", true
}
