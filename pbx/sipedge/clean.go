package sipedge

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Clean makes s safe as part of a header value or reason phrase: control
// characters, CR and LF among them, become spaces. No text can begin a header of
// its own then.
func Clean(s string) string {
	for i := range len(s) {
		if isControl(s[i]) {
			return strings.Map(func(r rune) rune {
				if r < 0x80 && isControl(byte(r)) {
					return ' '
				}
				return r
			}, s)
		}
	}
	return s
}

func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// QuoteDisplay makes s safe as a display name. It gives the inside of the quoted
// string: sipgo's headers write the quotes round it.
func QuoteDisplay(s string) string {
	s = Clean(s)
	if !strings.ContainsAny(s, `"\`) {
		return s
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

// EscapeUser makes s safe as the user part of a URI (RFC 3261 §19.1.2).
// UnescapeUser reads it back.
func EscapeUser(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isUserByte(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

func isUserByte(c byte) bool {
	return isAlnum(c) || c != 0 && strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0
}

// UnescapeUser is the user part of a URI as it is meant: "%61lice" is "alice". A
// broken escape stays as it is.
func UnescapeUser(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}

// Unquote is the value of a parameter without the quotes that a received one may
// have, escapes undone.
func Unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// tidyHeader writes to a header only what has to change: others may read it.
func tidyHeader(h sip.Header) error {
	switch h := h.(type) {
	case *sip.FromHeader:
		return tidyParty(&h.DisplayName, &h.Address)
	case *sip.ToHeader:
		return tidyParty(&h.DisplayName, &h.Address)
	case *sip.ContactHeader:
		return tidyParty(&h.DisplayName, &h.Address)
	case *sip.ReferredByHeader:
		return tidyParty(&h.DisplayName, &h.Address)
	case *sip.ReferToHeader:
		return tidyURI(&h.Address)
	case *sip.RouteHeader:
		return tidyURI(&h.Address)
	case *sip.RecordRouteHeader:
		return tidyURI(&h.Address)
	}
	return nil
}

func tidyParty(display *string, u *sip.Uri) error {
	change(display, safeDisplay(*display))
	return tidyURI(u)
}

func change(have *string, want string) {
	if *have != want {
		*have = want
	}
}

// safeDisplay leaves the inside of a well-formed quoted string alone.
func safeDisplay(s string) string {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] != '\r' && s[i+1] != '\n':
			i++
		case s[i] == '\\' || s[i] == '"' || isControl(s[i]):
			return QuoteDisplay(s)
		}
	}
	return s
}

func tidyURI(u *sip.Uri) error {
	if u.Wildcard || u.Raw() != "" {
		return nil
	}
	if !isHost(u.Host) && !isHost("["+u.Host+"]") || u.Port < 0 || u.Port > 65535 {
		return ErrUnsafe
	}
	change(&u.User, safeUser(u.User))
	change(&u.Password, safeUser(u.Password))
	for _, list := range []sip.HeaderParams{u.UriParams, u.Headers} {
		for _, p := range list {
			if unsafe(p.K) || unsafe(p.V) {
				return ErrUnsafe
			}
		}
	}
	return nil
}

// unsafe says whether s may not stand in a parameter of a URI.
func unsafe(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' {
			return true
		}
	}
	return false
}

// safeUser escapes what may not stand in a user part; an escape stays one.
func safeUser(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			i += 2
		} else if !isUserByte(s[i]) && (s[i] <= ' ' || s[i] == 0x7f || strings.IndexByte(`@:<>"%`, s[i]) >= 0) {
			return EscapeUser(UnescapeUser(s))
		}
	}
	return s
}

// cleanHeaders writes every unsafe header anew.
func cleanHeaders(m sip.Message) {
	list := headersOf(m)
	for i, h := range list {
		if v := h.Value(); hasControl(v) || hasControl(h.Name()) {
			list[i] = sip.NewHeader(cleanName(h.Name()), Clean(v))
		}
	}
	switch m := m.(type) {
	case *sip.Request:
		m.Method = sip.RequestMethod(cleanName(string(m.Method)))
	case *sip.Response:
		m.Reason = Clean(m.Reason)
	}
}

func cleanName(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && isTokenByte(byte(r)) {
			return r
		}
		return '-'
	}, s)
}
