package registrar

import (
	"slices"
	"strings"
)

// canonicalURI is a form in which two SIP URIs that RFC 3261 §19.1.4 calls equal
// are the same string. Unlike there, a parameter that only one of them has makes
// them differ: phones tell their own registrations apart by such parameters.
func canonicalURI(uri string) string {
	scheme, rest, found := strings.Cut(uri, ":")
	if !found {
		return uri
	}
	rest, headers, hasHeaders := strings.Cut(rest, "?")
	user, host := "", rest
	// Parameters cannot hold "@", a user part may hold ";".
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, host = unescape(rest[:at])+"@", rest[at+1:]
	}
	host, params, _ := strings.Cut(host, ";")
	var out strings.Builder
	out.Grow(len(uri))
	out.WriteString(strings.ToLower(scheme))
	out.WriteByte(':')
	out.WriteString(user)
	out.WriteString(strings.ToLower(host))
	if params != "" {
		list := strings.Split(strings.ToLower(params), ";")
		for i := range list {
			list[i] = unescape(list[i])
		}
		slices.Sort(list)
		for _, p := range list {
			if p != "" {
				out.WriteByte(';')
				out.WriteString(p)
			}
		}
	}
	if hasHeaders {
		out.WriteByte('?')
		out.WriteString(headers)
	}
	return out.String()
}

// unescape writes out escaped letters, digits and marks, which mean the same
// either way; other escapes stay, in upper case.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			out = append(out, s[i])
			continue
		}
		if c := unhex(s[i+1])<<4 | unhex(s[i+2]); unreserved(c) {
			out = append(out, c)
		} else {
			out = append(out, '%', upper(s[i+1]), upper(s[i+2]))
		}
		i += 2
	}
	return string(out)
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 0x20
	}
	return c
}
