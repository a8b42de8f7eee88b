package sipauth

import (
	"net/url"
	"strings"
)

// sameTarget compares the URI that the phone has signed with the request's. Only
// who is called has to agree: hosts and parameters are rewritten by proxies and
// NAT helpers on the way, and every host means us.
func sameTarget(signed, requested string) bool {
	a, ok := userOf(signed)
	b, _ := userOf(requested)
	return ok && a == b
}

// userOf is the user part of a SIP URI, unescaped; "" without one.
func userOf(uri string) (user string, ok bool) {
	_, rest, ok := strings.Cut(strings.Trim(uri, "<> "), ":")
	if !ok {
		return "", false
	}
	rest, _, _ = strings.Cut(rest, "?")
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return "", true
	}
	user, _, _ = strings.Cut(rest[:at], ";")
	if plain, err := url.PathUnescape(user); err == nil {
		user = plain
	}
	return user, true
}
