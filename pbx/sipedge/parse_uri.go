package sipedge

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// parseURI reads a URI (RFC 3261 §19.1). SIP and SIPS URIs are taken apart;
// escapes stay. Of other schemes the rest stays as it is; known tells those the
// edge can do something with: sip, sips and tel.
func parseURI(s string) (u sip.Uri, known, ok bool) {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || rest == "" || !isScheme(scheme) || strings.ContainsAny(rest, " \t<>\"") || hasControl(rest) {
		return u, false, false
	}
	scheme = lowerString(scheme)
	if scheme != "sip" && scheme != "sips" {
		return parseOther(s, scheme)
	}
	u.Scheme = scheme
	if at := strings.IndexByte(rest, '@'); at >= 0 {
		if u.User, u.Password, ok = userInfo(rest[:at]); !ok {
			return u, true, false
		}
		rest = rest[at+1:]
	}
	rest, headers, hasHeaders := strings.Cut(rest, "?")
	hostport, params, hasParams := strings.Cut(rest, ";")
	if u.Host, u.Port, ok = splitHostPort(hostport); !ok {
		return u, true, false
	}
	if hasParams {
		if u.UriParams, ok = uriParts(params, ';'); !ok {
			return u, true, false
		}
	}
	if hasHeaders {
		if u.Headers, ok = uriParts(headers, '&'); !ok {
			return u, true, false
		}
	}
	return u, true, true
}

// parseOther reads a URI of a scheme that is not taken apart.
func parseOther(s, scheme string) (u sip.Uri, known, ok bool) {
	other := &sip.Uri{}
	if sip.ParseUri(s, other) != nil {
		other.Scheme = scheme // one that sipgo cannot hold: soap.beep
		return *other, false, false
	}
	return *other, scheme == "tel", true
}

func userInfo(s string) (user, password string, ok bool) {
	user, password, _ = strings.Cut(s, ":")
	return user, password, user != "" && escapesOK(s)
}

// uriParts splits name=value parts; names of parameters are made lower case.
func uriParts(s string, sep byte) (sip.HeaderParams, bool) {
	if !escapesOK(s) {
		return nil, false
	}
	list := make(sip.HeaderParams, 0, 2)
	for s != "" {
		part := s
		if i := strings.IndexByte(s, sep); i >= 0 {
			part, s = s[:i], s[i+1:]
			if s == "" {
				return nil, false
			}
		} else {
			s = ""
		}
		name, value, _ := strings.Cut(part, "=")
		if sep == ';' {
			name = lowerString(name)
		}
		if name == "" || strings.ContainsAny(part, "@,?") {
			return nil, false
		}
		list = append(list, sip.HeaderKV{K: name, V: value})
	}
	return list, len(list) > 0
}

// escapesOK says whether every % begins an escape of two hexadecimal digits.
func escapesOK(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return false
		}
		i += 2
	}
	return true
}

// splitHostPort reads host[:port] where an IPv6 address keeps its brackets. No
// port is 0.
func splitHostPort(s string) (host string, port int, ok bool) {
	rest := ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", 0, false
		}
		host, rest = s[:end+1], strings.TrimLeft(s[end+1:], " \t")
		if rest != "" && rest[0] != ':' {
			return "", 0, false
		}
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		host, rest = strings.TrimRight(s[:i], " \t"), s[i:]
	} else {
		host = s
	}
	if !isHost(host) {
		return "", 0, false
	}
	if rest == "" {
		return host, 0, true
	}
	n, ok := number(strings.Trim(rest[1:], " \t"), 65535)
	return host, int(n), ok && n > 0
}

// isHost allows names, addresses, and the underscore that some phones use.
func isHost(s string) bool {
	if len(s) > 2 && s[0] == '[' {
		for i := 1; i < len(s)-1; i++ {
			if !isHex(s[i]) && s[i] != ':' && s[i] != '.' {
				return false
			}
		}
		return true
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '.' && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return s != "" && len(s) < 256
}

func isScheme(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '+' && s[i] != '-' && s[i] != '.' {
			return false
		}
	}
	return s != "" && (s[0] < '0' || s[0] > '9')
}
