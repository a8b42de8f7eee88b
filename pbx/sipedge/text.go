package sipedge

import "strings"

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// lowerString is strings.ToLower for ASCII; bytes of UTF-8 stay.
func lowerString(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return strings.Map(func(r rune) rune {
				if r >= 'A' && r <= 'Z' {
					r += 'a' - 'A'
				}
				return r
			}, s)
		}
	}
	return s
}

func upperString(s string) string {
	switch s {
	case "UDP", "TCP", "TLS":
		return s
	}
	return strings.ToUpper(s)
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isTokenByte(c byte) bool {
	if isAlnum(c) {
		return true
	}
	switch c {
	case '-', '.', '!', '%', '*', '_', '+', '`', '\'', '~':
		return true
	}
	return false
}

// isToken says whether s is a token (RFC 3261 §25.1).
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// isTokens says whether s is a display name without quotes: tokens with spaces
// between. UTF-8, which belongs into quotes, is let through, as phones send it.
func isTokens(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isTokenByte(c) && c != ' ' && c != '\t' && c < 0x80 {
			return false
		}
	}
	return true
}

// hasControl finds control characters; in a quoted string an escaped one is
// allowed (quoted-pair, RFC 3261 §25.1), but never CR or LF.
func hasControl(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != 0x7f || c == '\t' {
			continue
		}
		if i == 0 || s[i-1] != '\\' || c == '\r' || c == '\n' {
			return true
		}
	}
	return false
}
