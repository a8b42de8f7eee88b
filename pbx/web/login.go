package web

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/crypto/argon2"

	"dialtone/config"
)

const (
	cookieName  = "__Host-dialtone"
	maxPassword = 1024
	// loginsAtOnce bounds the memory that logging in can take, and how many passwords are
	// looked at before the first of them counts.
	loginsAtOnce = 2
	loginsWait   = 64
	loginTime    = 30 * time.Second // that one waits for its turn
)

// login is POST /api/phone/login.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	var in struct{ Extension, Password string }
	if !ask(w, r, &in) {
		return
	}
	// The deadline is for the body: passing while this waits, it would end the request.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	source := remote(r).Addr()
	switch wait, found := s.checkLogin(r.Context(), in.Extension, in.Password, source); found {
	case locked:
		w.Header().Set("Retry-After", seconds(wait))
		fail(w, http.StatusTooManyRequests, "locked")
	case crowded:
		fail(w, http.StatusTooManyRequests, "busy")
	case notChecked:
		fail(w, http.StatusServiceUnavailable, "busy")
	case wrong:
		s.Log.Info("wrong password at the web phone", "extension", clean(in.Extension), "from", source.String())
		fail(w, http.StatusUnauthorized, "wrong")
	case right:
		s.loggedIn(w, r, in.Extension)
		s.Log.Info("logged in at the web phone", "extension", in.Extension, "from", source.String())
	}
}

// loggedIn opens a session, in the place of the one that the browser had.
func (s *Server) loggedIn(w http.ResponseWriter, r *http.Request, extension string) {
	if before, ok := s.sessionOf(r); ok {
		s.sessions.close(before.ID)
		s.events.look()
	}
	setCookie(w, s.sessions.open(extension))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// finding is what became of a password.
type finding int

const (
	notChecked finding = iota // nothing is known of it, and nothing counts
	right
	wrong
	locked  // too many were wrong
	crowded // too many wait
)

// checkLogin looks at a password when it is its turn. Whether it may be looked at is asked
// again then: those before it were wrong, perhaps.
func (s *Server) checkLogin(ctx context.Context, extension, password string, source netip.Addr) (wait time.Duration, f finding) {
	if wait = s.Auth.Wait(extension, source); wait > 0 {
		return wait, locked
	}
	if s.waiting.Add(1) > loginsWait+loginsAtOnce {
		s.waiting.Add(-1)
		return 0, crowded
	}
	defer s.waiting.Add(-1)
	if !s.logins.take(ctx, loginTime) {
		return 0, notChecked
	}
	defer s.logins.give()
	if wait = s.Auth.Wait(extension, source); wait > 0 {
		return wait, locked
	}
	e, known := s.Config().Extensions[extension]
	if !isRight(&e, password) || !known {
		s.Auth.Wrong(extension, source)
		return 0, wrong
	}
	s.Auth.Right(extension, source)
	return 0, right
}

// turns bound how many do something at once.
type turns chan struct{}

// take waits for a turn; false is that it was too long, or that nobody waits any more.
func (t turns) take(ctx context.Context, most time.Duration) bool {
	late := time.NewTimer(most)
	defer late.Stop()
	select {
	case t <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-late.C:
	}
	return false
}

func (t turns) give() { <-t }

// logout is POST /api/phone/logout.
func (s *Server) logout(w http.ResponseWriter, r *http.Request, me session) {
	s.sessions.close(me.ID)
	http.SetCookie(w, cookie("", -1))
	w.WriteHeader(http.StatusNoContent)
	s.events.look() // streams of the session end
	s.Log.Info("logged out at the web phone", "extension", me.Extension, "from", r.RemoteAddr)
}

func cookie(value string, age int) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

func setCookie(w http.ResponseWriter, value string) {
	http.SetCookie(w, cookie(value, int(sessionLife/time.Second)))
}

// isRight says whether a password is that of e: web_password, or the one of its phones. Who
// has none does not log in.
func isRight(e *config.Extension, password string) bool {
	want := e.WebPassword.Reveal()
	if want == "" {
		want = e.Password.Reveal()
	}
	if len(password) > maxPassword {
		return false
	}
	if a, ok := config.ParseArgon(want); ok {
		return rightArgon(a, password)
	}
	same := subtle.ConstantTimeCompare(digest(want), digest(password)) == 1
	return same && want != ""
}

func rightArgon(a config.Argon, password string) bool {
	salt, err1 := base64.RawStdEncoding.DecodeString(a.Salt)
	hash, err2 := base64.RawStdEncoding.DecodeString(a.Hash)
	if err1 != nil || err2 != nil {
		return false
	}
	have := argon2.IDKey([]byte(password), salt, a.Time, a.Memory, a.Threads, uint32(len(hash)))
	return subtle.ConstantTimeCompare(have, hash) == 1
}

// Issued gives the extension and the password of a user name that a session was given for
// SIP, as sipauth.Authenticator.Issue wants it.
func (s *Server) Issued(username string) (extension, password string, ok bool) {
	return s.sessions.issued(username)
}

// seconds is d in whole seconds, rounded up.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// clean is what somebody has typed, for the log.
func clean(text string) string { return strconv.Quote(text[:min(len(text), 64)]) }

// sessionAnswer is GET /api/phone/session.
type sessionAnswer struct {
	Extension string    `json:"extension"`
	Name      string    `json:"name"`
	Domain    string    `json:"domain"`
	Language  string    `json:"language"` // "" when nothing says
	SIP       sipAnswer `json:"sip"`
	ICE       iceAnswer `json:"ice"`
}

type sipAnswer struct {
	URI      string    `json:"uri"`
	Username string    `json:"username"` // for the digest only
	Password string    `json:"password"`
	Realm    string    `json:"realm"`
	Server   string    `json:"server"`
	Expires  time.Time `json:"expires"` // of username and password; ask again before
}

func (s *Server) session(w http.ResponseWriter, r *http.Request, me session) {
	if c, err := r.Cookie(cookieName); err == nil {
		setCookie(w, c.Value) // it lives as long as the session, which has just been used
	}
	cfg := s.Config()
	e := cfg.Extensions[me.Extension]
	username, password, until := me.credential(time.Now())
	s.answer(w, sessionAnswer{
		Extension: me.Extension, Name: e.Name, Domain: cfg.SIP.Domain, Language: e.Language,
		SIP: sipAnswer{
			URI: "sip:" + me.Extension + "@" + cfg.SIP.Domain, Username: username, Password: password,
			Realm: cfg.SIP.Domain, Server: "/ws", Expires: until.UTC(),
		},
		ICE: s.ice(r, me.Extension, until),
	})
}
