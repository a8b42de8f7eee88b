package sipua

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

// headered is what requests and responses have in common here.
type headered interface {
	GetHeaders(name string) []sip.Header
	Headers() []sip.Header
}

// param finds a parameter; names are case-insensitive (RFC 3261 §7.3.1).
func param(params sip.HeaderParams, name string) (string, bool) {
	for _, p := range params {
		if strings.EqualFold(p.K, name) {
			return p.V, true
		}
	}
	return "", false
}

func tagOf(params sip.HeaderParams) string {
	tag, _ := param(params, "tag")
	return tag
}

// fromTag and toTag are "" when the header is missing.
func fromTag(m interface{ From() *sip.FromHeader }) string {
	if h := m.From(); h != nil {
		return tagOf(h.Params)
	}
	return ""
}

func toTag(m interface{ To() *sip.ToHeader }) string {
	if h := m.To(); h != nil {
		return tagOf(h.Params)
	}
	return ""
}

// value is the first header of that name, trimmed; "" when there is none.
func value(m headered, name string) string {
	for _, h := range m.Headers() {
		if strings.EqualFold(h.Name(), name) {
			return strings.TrimSpace(h.Value())
		}
	}
	return ""
}

// list splits all headers of that name at the commas outside of quotes and
// angle brackets.
func list(m headered, name string) []string {
	var items []string
	for _, h := range m.Headers() {
		if strings.EqualFold(h.Name(), name) {
			items = append(items, split(h.Value(), ',')...)
		}
	}
	return items
}

// split cuts s at each sep that is neither quoted nor inside <>, and trims.
func split(s string, sep byte) []string {
	var parts []string
	start, quoted, depth := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			depth++
		case c == '>':
			depth--
		case c == sep && depth <= 0:
			parts = append(parts, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(s[start:]))
}

// opening is the place of the < before the URI of a header value, -1 when there is
// none. One inside a quoted name, which callers write, is none.
func opening(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			return i
		}
	}
	return -1
}

// hasToken reports whether a comma-separated header such as Supported names
// token; parameters behind it do not count.
func hasToken(m headered, name, token string) bool {
	for _, item := range list(m, name) {
		if strings.EqualFold(split(item, ';')[0], token) {
			return true
		}
	}
	return false
}

// decimal reads a header that starts with a decimal number, such as Min-SE.
func decimal(m headered, name string) (uint32, bool) {
	s := split(value(m, name), ';')[0]
	if i := strings.IndexAny(s, " \t("); i >= 0 {
		s = s[:i] // Retry-After may have a comment
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil
}

// clean removes control characters, which would end a header line.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
}

// unescape undoes the escapes in the user part of a URI (RFC 3261 §19.1.2); what
// is wrongly escaped stays as it is.
func unescape(user string) string {
	if u, err := url.PathUnescape(user); err == nil {
		return clean(u)
	}
	return clean(user)
}

// displayName undoes the escapes of a quoted string as it was received.
func displayName(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return clean(b.String())
}

// quotedName escapes s for the inside of a quoted string.
func quotedName(s string) string {
	return sipedge.QuoteDisplay(clean(s))
}

// parseURI reads the URI of a header value with or without <>.
func parseURI(s string) (sip.Uri, bool) {
	s = strings.TrimSpace(s)
	if i := opening(s); i >= 0 {
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			return sip.Uri{}, false
		}
		s = s[i+1 : i+j]
	} else {
		s = split(s, ';')[0]
	}
	var u sip.Uri
	if err := sip.ParseUri(s, &u); err != nil {
		return sip.Uri{}, false
	}
	return u, u.Host != ""
}
