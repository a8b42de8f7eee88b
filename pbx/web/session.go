package web

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dialtone/config"
)

const (
	sessionLife     = 30 * 24 * time.Hour // without being used
	sessionsEach    = 20                  // of one extension; the one used longest ago goes
	credentialLife  = 2 * time.Hour
	credentialSlack = 15 * time.Minute // a page that sleeps notices late
	saveAfter       = time.Second
	saveAgain       = 30 * time.Second // when it failed
	usedStep        = time.Hour        // more often, using a session is not worth writing
)

// session is a page that is logged in. It is not changed once it is in sessions.
type session struct {
	ID        string    `json:"id"`     // part of the user name that its page registers with
	Token     []byte    `json:"token"`  // SHA-256 of the cookie
	Secret    []byte    `json:"secret"` // that passwords for SIP are made from
	Proof     []byte    `json:"proof"`  // of the password; it has to be the same still
	Extension string    `json:"extension"`
	Used      time.Time `json:"used"`
}

// sessions are all that are logged in. They outlive a restart: the file holds no cookie.
type sessions struct {
	file string
	cfg  func() *config.Config
	log  *slog.Logger
	news chan struct{} // capacity 1: the file has to be written

	mu    sync.Mutex
	byID  map[string]session
	links map[string]map[*link]struct{} // what ends with a session, by its ID

	writing sync.Mutex // held while the file is written: the newer one comes last
}

// link is a connection of a session.
type link struct{ end func() }

// openSessions reads the file. One that cannot be read costs logging in again, no more.
func openSessions(file string, cfg func() *config.Config, log *slog.Logger) *sessions {
	s := &sessions{file: file, cfg: cfg, log: log, news: make(chan struct{}, 1), byID: map[string]session{}, links: map[string]map[*link]struct{}{}}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s
	}
	var kept []session
	if err == nil {
		err = json.Unmarshal(b, &kept)
	}
	if err != nil {
		log.Error("sessions of the web phone cannot be read; everybody logs in again", "file", file, "error", err)
		return s
	}
	for _, one := range kept {
		s.byID[one.ID] = one
	}
	return s
}

// open logs an extension in and gives the cookie.
func (s *sessions) open(extension string) (cookie string) {
	now := time.Now()
	one := session{ID: strings.ToLower(rand.Text()[:12]), Secret: random(32), Extension: extension, Used: now}
	token := rand.Text()
	one.Token = digest(token)
	one.Proof = one.proof(s.cfg())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[one.ID] = one
	s.makeRoom(extension)
	s.changed()
	return one.ID + "." + token
}

// makeRoom closes the sessions of an extension that are too many; mu is held.
func (s *sessions) makeRoom(extension string) {
	var own []session
	for _, one := range s.byID {
		if one.Extension == extension {
			own = append(own, one)
		}
	}
	if len(own) <= sessionsEach {
		return
	}
	slices.SortFunc(own, func(a, b session) int { return cmp.Or(a.Used.Compare(b.Used), cmp.Compare(a.ID, b.ID)) })
	for _, old := range own[:len(own)-sessionsEach] {
		s.forget(old.ID)
	}
}

// forget ends a session and what belongs to it; mu is held.
func (s *sessions) forget(id string) {
	delete(s.byID, id)
	for l := range s.links[id] {
		l.end()
	}
	delete(s.links, id)
}

// attach has end called when a session ends, unless detach was called. It must not wait.
func (s *sessions) attach(id string, end func()) (detach func()) {
	l := &link{end}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, live := s.byID[id]; !live {
		end()
		return func() {}
	}
	if s.links[id] == nil {
		s.links[id] = map[*link]struct{}{}
	}
	s.links[id][l] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if delete(s.links[id], l); len(s.links[id]) == 0 {
			delete(s.links, id)
		}
	}
}

// of is the session of a cookie.
func (s *sessions) of(cookie string) (session, bool) {
	id, token, _ := strings.Cut(cookie, ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.byID[id]
	if !ok || !hmac.Equal(one.Token, digest(token)) || !one.good(s.cfg(), time.Now()) {
		return session{}, false
	}
	if now := time.Now(); now.Sub(one.Used) > usedStep {
		one.Used = now
		s.byID[id] = one
		s.changed()
	}
	return one, true
}

// close logs a session out; what it was given to register with is void. That is on the disk
// at once: a session that somebody has ended does not come back with a restart.
func (s *sessions) close(id string) {
	s.mu.Lock()
	s.forget(id)
	s.mu.Unlock()
	if s.save() != nil {
		s.changed() // run tries again
	}
}

// live says whether a session is logged in still.
func (s *sessions) live(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.byID[id]
	return ok && one.good(s.cfg(), time.Now())
}

// recheck closes the sessions of extensions that are no more, or have another password.
func (s *sessions) recheck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg, now := s.cfg(), time.Now()
	for id, one := range s.byID {
		if !one.good(cfg, now) {
			s.forget(id)
			s.changed()
		}
	}
}

func (one *session) good(cfg *config.Config, now time.Time) bool {
	_, known := cfg.Extensions[one.Extension]
	return known && now.Sub(one.Used) < sessionLife && hmac.Equal(one.Proof, one.proof(cfg))
}

// proof stands for the passwords that an extension has.
func (one *session) proof(cfg *config.Config) []byte {
	e := cfg.Extensions[one.Extension]
	return one.mac(e.Password.Reveal() + "\x00" + e.WebPassword.Reveal())
}

func (one *session) mac(text string) []byte {
	m := hmac.New(sha256.New, one.Secret)
	_, _ = m.Write([]byte(text))
	return m.Sum(nil)
}

// credential is what a page registers with until then: "100~1790000000~SESSION" and what
// only this server can make of it.
func (one *session) credential(now time.Time) (username, password string, until time.Time) {
	until = now.Add(credentialLife).Truncate(time.Second)
	username = one.Extension + "~" + strconv.FormatInt(until.Unix(), 10) + "~" + one.ID
	return username, one.password(username), until
}

func (one *session) password(username string) string {
	return base64.RawURLEncoding.EncodeToString(one.mac("sip " + username))
}

// issued gives the extension and password of a user name that credential has made.
func (s *sessions) issued(username string) (extension, password string, ok bool) {
	parts := strings.Split(username, "~")
	if len(parts) != 3 {
		return "", "", false
	}
	until, err := strconv.ParseInt(parts[1], 10, 64)
	now := time.Now()
	if err != nil || now.After(time.Unix(until, 0).Add(credentialSlack)) {
		return "", "", false
	}
	s.mu.Lock()
	one, ok := s.byID[parts[2]]
	s.mu.Unlock()
	if !ok || one.Extension != parts[0] || !one.good(s.cfg(), now) {
		return "", "", false
	}
	return one.Extension, one.password(username), true
}

func (s *sessions) changed() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// run writes the file a moment after sessions have changed, and once more when ctx ends.
func (s *sessions) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			_ = s.save() // the log has been told
			return
		case <-s.news:
		}
		after := saveAfter
		for saved := false; !saved; {
			select {
			case <-ctx.Done():
				saved = true // or is in a moment, above
			case <-time.After(after):
				saved = s.save() == nil
			}
			after = saveAgain
		}
	}
}

// save writes the file; the log is told when that fails.
func (s *sessions) save() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	now, list := time.Now(), []session{}
	s.mu.Lock()
	for id, one := range s.byID {
		if now.Sub(one.Used) >= sessionLife {
			s.forget(id)
			continue
		}
		list = append(list, one)
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b session) int { return cmp.Compare(a.ID, b.ID) })
	b, err := json.Marshal(list)
	if err == nil {
		err = writePrivate(s.file, b)
	}
	if err != nil {
		s.log.Error("sessions of the web phone are not kept; it is tried again", "error", err)
	}
	return err
}

func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see its documentation
	return b
}
