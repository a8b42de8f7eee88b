package web

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

const maxHops = 32 // of proxies, one behind the other

// sender is who has sent a request: the far end of its connection, or who a proxy of
// web.proxies says. ok is false when the proxy says two things, of which one is not its own.
func (s *Server) sender(r *http.Request) (at netip.AddrPort, ok bool) {
	at = remote(r)
	if !s.isProxy(at.Addr()) {
		return at, true
	}
	forwardedFor, forwarded := r.Header.Values("X-Forwarded-For"), r.Header.Values("Forwarded")
	if len(forwardedFor) > 0 && len(forwarded) > 0 {
		return at, false
	}
	hops := listed(forwardedFor)
	if len(forwarded) > 0 {
		hops = forElements(forwarded)
	}
	// The last was added by the proxy that we talk with, the one before by the one that
	// that talked with, and so on: who is no proxy of ours is where it came from.
	for i, hop := range slices.Backward(hops) {
		a, valid := hopAddr(hop)
		if !valid || len(hops)-i > maxHops {
			break
		}
		at = netip.AddrPortFrom(a, at.Port())
		if !s.isProxy(a) {
			break
		}
	}
	return at, true
}

// isProxy says whether an address is that of a proxy of ours.
func (s *Server) isProxy(a netip.Addr) bool {
	return slices.ContainsFunc(s.Config().Web.ProxyPrefixes(), func(n netip.Prefix) bool { return n.Contains(a) })
}

// attribute makes a request one of its sender, or refuses it.
func (s *Server) attribute(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
	by := remote(r)
	at, ok := s.sender(r)
	switch {
	case !ok:
		if s.refusals.now(sourceOf(r.RemoteAddr)) {
			s.Log.Error("a proxy passes both X-Forwarded-For and Forwarded on; have it remove the one that it does not set itself", "proxy", by.Addr().String())
		}
		fail(w, http.StatusBadRequest, "proxy")
		return r, false
	case at != by && !s.Edge.Allowed(at.Addr()):
		fail(w, http.StatusForbidden, "denied")
		return r, false
	case !s.isProxy(by.Addr()):
		return r, true
	}
	r = r.WithContext(context.WithValue(r.Context(), proxiedKey{}, true))
	r.RemoteAddr = at.String()
	return r, true
}

// proxied says whether a proxy has passed a request on. The guard has made RemoteAddr that
// of its sender.
func proxied(r *http.Request) bool { return r.Context().Value(proxiedKey{}) != nil }

type proxiedKey struct{}

// listed are the elements of headers that are lists.
func listed(headers []string) []string {
	var out []string
	for _, h := range headers {
		out = append(out, strings.Split(h, ",")...)
	}
	return out
}

// forElements are what Forwarded says of who was the client (RFC 7239 §5.2); "" is nothing.
func forElements(headers []string) []string {
	var out []string
	for _, element := range listed(headers) {
		who := ""
		for pair := range strings.SplitSeq(element, ";") {
			if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(name, "for") {
				who = strings.Trim(value, `"`)
			}
		}
		out = append(out, who)
	}
	return out
}

// hopAddr reads an address, with or without a port.
func hopAddr(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap(), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return a.Unmap().WithZone(""), err == nil
}
