package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxHead    = 32 << 10
	maxBody    = 64 << 10
	headTime   = 10 * time.Second
	bodyTime   = 15 * time.Second
	answerTime = time.Minute
	audioTime  = 10 * time.Minute
	idleTime   = 2 * time.Minute
)

// policy is what the page may do: nothing but what comes from here. %s is /ws, which not
// every browser takes for 'self'.
const policy = "default-src 'self'; connect-src 'self'%s; img-src 'self' data: blob:; media-src 'self' blob:; " +
	"worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"

// plainHost is a Host that means nothing else in a policy.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9._:\[\]-]+$`)

func policyFor(host string) string {
	if !plainHost.MatchString(host) {
		return fmt.Sprintf(policy, "")
	}
	return fmt.Sprintf(policy, " wss://"+host)
}

const hardened = 365 * 24 * time.Hour

// guard puts the headers on every answer and bounds every request.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyFor(r.Host))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "microphone=(self), camera=(self), display-capture=(self), geolocation=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.certs.known(serverName(r)) {
			// With our own authority, a browser that does not know it yet could not be
			// told to go on.
			h.Set("Strict-Transport-Security", "max-age="+seconds(hardened))
		}
		var welcome bool
		if r, welcome = s.attribute(w, r); !welcome {
			return
		}
		control := http.NewResponseController(w)
		now := time.Now()
		_ = control.SetReadDeadline(now.Add(bodyTime))
		_ = control.SetWriteDeadline(now.Add(answerTime))
		if !isFile(r) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		if changes(r.Method) && (r.Header.Get("X-Dialtone") != "1" || !sameOrigin(r)) {
			s.Log.Debug("web request refused: it does not come from our own page", "from", r.RemoteAddr, "origin", clip(r.Header.Get("Origin")), "path", clip(r.URL.Path))
			fail(w, http.StatusForbidden, "origin")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serverName is the name that a client has asked for before it saw our certificate.
func serverName(r *http.Request) string {
	if r.TLS == nil {
		return ""
	}
	return r.TLS.ServerName
}

// isFile says whether the body of a request is a file or a picture, whose size is bounded
// where it is read.
func isFile(r *http.Request) bool {
	return r.URL.Path == "/api/phone/files" || r.URL.Path == "/api/phone/picture" || strings.HasPrefix(r.URL.Path, "/api/phone/files/")
}

func changes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// sameOrigin says whether a page of ours asks, as browsers tell.
func sameOrigin(r *http.Request) bool {
	o, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && o.Scheme == "https" && strings.EqualFold(hostOf(o.Host), hostOf(r.Host))
}

// hostOf is host without the port that https has by itself.
func hostOf(host string) string { return strings.TrimSuffix(host, ":443") }

// welcomeHere says whether a page may open /ws: ours, those of web.origins, and programs that
// are no browsers.
func (s *Server) welcomeHere(r *http.Request) bool {
	origin, origins := r.Header.Get("Origin"), s.Config().Web.Origins
	return origin == "" || sameOrigin(r) || slices.Contains(origins, "*") ||
		slices.ContainsFunc(origins, func(o string) bool { return strings.EqualFold(o, origin) })
}

// rarely lets one line of a source into the log per minute: who is not logged in does not
// fill it. The zero value is ready.
type rarely struct {
	mu   sync.Mutex
	last map[netip.Addr]time.Time
}

const (
	rarelyEvery   = time.Minute
	rarelySources = 1024
)

func (q *rarely) now(source netip.Addr) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if at, known := q.last[source]; known && now.Sub(at) < rarelyEvery {
		return false
	}
	maps.DeleteFunc(q.last, func(_ netip.Addr, at time.Time) bool { return now.Sub(at) >= rarelyEvery })
	if len(q.last) >= rarelySources {
		return false
	}
	if q.last == nil {
		q.last = map[netip.Addr]time.Time{}
	}
	q.last[source] = now
	return true
}

// clip is what somebody unknown has sent, short enough for the log.
func clip(text string) string { return strings.ToValidUTF8(text[:min(len(text), 200)], "?") }

// fail answers with what went wrong, as a code.
func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"code":"` + code + "\"}\n"))
}

// answer answers with v as JSON.
func (s *Server) answer(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		s.broken(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, '\n'))
}

// broken answers that something is wrong here, which the log is told of.
func (s *Server) broken(w http.ResponseWriter, err error) {
	s.Log.Error("a web request could not be answered", "error", err)
	fail(w, http.StatusInternalServerError, "internal")
}

// ask reads the JSON of a request into v; what cannot be read is refused.
func ask(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		fail(w, http.StatusBadRequest, "invalid")
		return false
	}
	return true
}

func remote(r *http.Request) netip.AddrPort {
	ap, _ := netip.ParseAddrPort(r.RemoteAddr)
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
