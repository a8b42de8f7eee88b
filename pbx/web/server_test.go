package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/voicemail"
	"dialtone/storage"
)

func TestMain(m *testing.M) {
	// The authority of acme_test.go would wait a while, and cannot be stopped.
	if err := os.Setenv("PEBBLE_VA_NOSLEEP", "1"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks"))
}

// exchange is everything behind the web phone, for tests.
type exchange struct {
	mu       sync.Mutex
	dialogs  map[string][]call.Dialog
	contacts []registrar.Contact
	dnd      map[string]bool
	own      map[string]string
	records  []storage.CDR
	voice    []storage.Message
	texts    []storage.Text
	folder   string
	changed  chan struct{}
	owns     map[string][]call.Own
	wishes   []string
	refusal  error // of wishes
	conns    chan sipedge.MessageConn
	denied   atomic.Bool
	panics   atomic.Bool // who serves WebSockets

	mailboxes atomic.Int32                   // how often one was read
	remote    atomic.Pointer[netip.AddrPort] // of the last WebSocket
}

func (x *exchange) Dialogs(func(string) bool) map[string][]call.Dialog {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.dialogs
}

func (x *exchange) Owns(func(string) bool) map[string][]call.Own {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.owns
}

func (x *exchange) Merge(_ context.Context, extension string, calls []string) error {
	return x.wish(extension, "merge", strings.Join(calls, " "))
}

func (x *exchange) Member(extension, call, member, do string) error {
	return x.wish(extension, call, member, do)
}

func (x *exchange) RecordOwn(_ context.Context, extension, call, do string) error {
	return x.wish(extension, call, do)
}

// wish notes what an extension wants of its calls.
func (x *exchange) wish(words ...string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wishes = append(x.wishes, strings.Join(words, " "))
	return x.refusal
}

func (x *exchange) Watch() (<-chan struct{}, func())            { return x.changed, func() {} }
func (x *exchange) All() []registrar.Contact                    { return x.contacts }
func (x *exchange) Subscribe() (<-chan registrar.Event, func()) { return nil, func() {} }
func (x *exchange) DND(extension string) bool                   { return x.dnd[extension] }
func (x *exchange) Values(string) map[string]string             { return x.own }
func (x *exchange) Set(_, name, value string) error {
	if value == "wrong" {
		return ErrValue
	}
	x.own[name] = value
	return nil
}

func (x *exchange) Path(m *storage.Message) string          { return filepath.Join(x.folder, m.File) }
func (x *exchange) SetHeard(storage.MessageKey, bool) error { return nil }
func (x *exchange) Delete(storage.MessageKey) error         { return voicemail.ErrNotFound }
func (x *exchange) Messages(mailbox string) ([]storage.Message, error) {
	x.mailboxes.Add(1)
	x.mu.Lock()
	defer x.mu.Unlock()
	var own []storage.Message
	for _, m := range x.voice {
		if m.Mailbox == mailbox {
			own = append(own, m)
		}
	}
	return own, nil
}

func (x *exchange) Message(k storage.MessageKey) (storage.Message, error) {
	for _, m := range x.voice {
		if m.MessageKey == k {
			return m, nil
		}
	}
	return storage.Message{}, voicemail.ErrNotFound
}

func (x *exchange) CDRs(_ storage.CDRFilter, yield func(storage.CDR) bool) error {
	for _, c := range x.records {
		if !yield(c) {
			break
		}
	}
	return nil
}

func (x *exchange) Texts(f storage.TextFilter, yield func(storage.Text) bool) error {
	for _, t := range x.texts {
		if f.Fits(&t) && !yield(t) {
			break
		}
	}
	return nil
}

func (x *exchange) Allowed(netip.Addr) bool { return !x.denied.Load() }

// ServeMessages echoes, and tells the test of the connection.
func (x *exchange) ServeMessages(ctx context.Context, c sipedge.MessageConn, _, remote netip.AddrPort, _ bool) error {
	x.remote.Store(&remote)
	if x.panics.Load() {
		panic("as a test wants it")
	}
	select {
	case x.conns <- c:
	default:
	}
	b, err := c.Read(ctx)
	for err == nil && c.Write(ctx, b) == nil {
		b, err = c.Read(ctx)
	}
	return nil
}

// site is a server that runs.
type site struct {
	*testing.T
	*exchange
	cfg    atomic.Pointer[config.Config]
	data   string
	server *Server
	auth   *sipauth.Authenticator
	at     string
	origin string
	roots  *x509.CertPool
	stop   func()
	log    *slog.Logger // nil is none
	relay  Relay
}

func openSite(t *testing.T, change ...func(*config.Config)) *site {
	t.Helper()
	cfg := config.Default()
	cfg.Web.Listen = []string{"127.0.0.1:0"}
	cfg.Extensions = map[string]config.Extension{
		"100": {Password: "kqvt-8mzn-3xwp-r5hc", Name: "Ann"},
		"101": {Password: "b7fd-w2ks-9pte-n4vx", Name: "Ben"},
	}
	for _, f := range change {
		f(&cfg)
	}
	s := &site{T: t, data: t.TempDir()}
	s.cfg.Store(&cfg)
	s.exchange = &exchange{own: map[string]string{}, changed: make(chan struct{}, 1), conns: make(chan sipedge.MessageConn, 1), folder: s.data}
	s.start()
	return s
}

// start starts a server on the same data as before.
func (s *site) start() {
	s.Helper()
	log := s.log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	current := s.cfg.Load
	s.auth = sipauth.New(sipauth.Options{Config: current, Log: log})
	page := fstest.MapFS{
		"index.html":         {Data: []byte("<!doctype html><title>Dialtone</title>" + strings.Repeat(" ", 2000))},
		"assets/app-1234.js": {Data: []byte("export {}\n")},
	}
	server, err := New(Options{
		Config: current, Data: s.data, Page: page, Log: log, Edge: s.exchange, Auth: s.auth, Board: s.exchange, Registrar: s.exchange,
		Settings: s.exchange, Records: s.exchange, Voicemail: s.exchange, Texts: s.exchange, Relay: s.relay,
	})
	if err != nil {
		s.Fatal(err)
	}
	s.auth.Issue(server.Issued)
	server.Listen(s.Context())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Run(ctx); err != nil {
			s.Error(err)
		}
	}()
	s.server, s.at = server, server.Addresses()[0].String()
	s.origin = "https://" + s.at
	s.stop = sync.OnceFunc(func() { cancel(); <-done })
	s.Cleanup(s.stop)
	s.roots = x509.NewCertPool()
	if pem, err := os.ReadFile(filepath.Join(s.data, "web", "ca.pem")); err == nil {
		s.roots.AppendCertsFromPEM(pem)
	}
}

// client is a browser, as far as HTTP goes.
type client struct {
	*http.Client
	s *site
}

func (s *site) client() *client {
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}, ForceAttemptHTTP2: true}
	s.Cleanup(transport.CloseIdleConnections)
	return &client{&http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, s}
}

// reply is the head of an answer.
type reply struct {
	StatusCode int
	Header     http.Header
}

// do sends a request as a page of ours does; headers are changed by pairs.
func (c *client) do(method, path, body string, headers ...string) (reply, string) {
	c.s.Helper()
	req, err := http.NewRequestWithContext(c.s.Context(), method, c.s.origin+path, strings.NewReader(body))
	if err != nil {
		c.s.Fatal(err)
	}
	if method != http.MethodGet {
		req.Header.Set("X-Dialtone", "1")
		req.Header.Set("Origin", c.s.origin)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		c.s.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.s.Fatal(err)
	}
	return reply{res.StatusCode, res.Header}, strings.TrimSpace(string(b))
}

func (c *client) login(extension, password string) (int, string) {
	c.s.Helper()
	in, _ := json.Marshal(map[string]string{"extension": extension, "password": password})
	res, body := c.do("POST", "/api/phone/login", string(in))
	return res.StatusCode, body
}

// get gives the answer to GET as JSON.
func get[T any](c *client, path string) (v T) {
	c.s.Helper()
	res, body := c.do("GET", path, "")
	if res.StatusCode != http.StatusOK {
		c.s.Fatalf("%s: %d %s", path, res.StatusCode, body)
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		c.s.Fatalf("%s: %v", path, err)
	}
	return v
}

func TestThePageIsServedOverHTTPS(t *testing.T) {
	s := openSite(t)
	c := s.client() // trusts nothing but our authority
	res, body := c.do("GET", "/", "")
	if res.StatusCode != 200 || !strings.Contains(body, "<title>Dialtone") {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	h := res.Header
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Permissions-Policy": "microphone=(self)", "Cache-Control": "no-cache", "Vary": "Accept-Encoding",
	} {
		if !strings.Contains(h.Get(name), want) {
			t.Errorf("%s is %q, want %q in it", name, h.Get(name), want)
		}
	}
	if h.Get("Strict-Transport-Security") != "" {
		t.Error("who has not imported our authority yet could never go on")
	}
	if res, _ := c.do("GET", "/", "", "If-None-Match", h.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("what the browser has is sent again: %d", res.StatusCode)
	}
	if res, _ := c.do("GET", "/assets/app-1234.js", ""); !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("Cache-Control of an asset is %q", res.Header.Get("Cache-Control"))
	}
	if res, _ := c.do("GET", "/nothing", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("what is not there: %d", res.StatusCode)
	}
}

func TestPlainHTTPIsSentToHTTPS(t *testing.T) {
	s := openSite(t)
	c := s.client()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.at+"/certificate?x=1", nil)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if want := s.origin + "/certificate?x=1"; res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != want {
		t.Errorf("%d to %q, want %q", res.StatusCode, res.Header.Get("Location"), want)
	}
}

// A thousand connections that say nothing, more than one address may have: they take
// nothing from others.
func TestSilentConnectionsAreBounded(t *testing.T) {
	s := openSite(t)
	silent := make([]net.Conn, 0, maxPerSource+50)
	defer func() {
		for _, c := range silent {
			_ = c.Close()
		}
	}()
	for range maxPerSource + 50 {
		c, err := net.Dial("tcp", s.at)
		if err != nil {
			t.Fatal(err)
		}
		silent = append(silent, c)
	}
	last := silent[len(silent)-1]
	_ = last.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := last.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("one more than an address may have stays: %v", err)
	}
	other := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	c := s.client()
	c.Transport.(*http.Transport).DialContext = other.DialContext
	if res, _ := c.do("GET", "/", ""); res.StatusCode != 200 {
		t.Errorf("another address: %d", res.StatusCode)
	}
}

func TestLogIn(t *testing.T) {
	s := openSite(t, func(cfg *config.Config) {
		cfg.Extensions["102"] = config.Extension{Password: "of-its-phones", WebPassword: "of-its-owner"}
		cfg.Extensions["103"] = config.Extension{ // "wordpass", by the program argon2
			Password: "of-its-phones", WebPassword: config.Secret("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + argonOf("wordpass")),
		}
		cfg.Extensions["104"] = config.Extension{}
	})
	for _, tt := range []struct {
		extension, password string
		status              int
	}{
		{"100", "kqvt-8mzn-3xwp-r5hc", 204},
		{"100", "wrong", 401},
		{"100", "", 401},
		{"102", "of-its-owner", 204},
		{"102", "of-its-phones", 401},
		{"103", "wordpass", 204},
		{"103", "of-its-phones", 401},
		{"104", "", 401},
		{"999", "", 401},
	} {
		c := s.client()
		status, body := c.login(tt.extension, tt.password)
		if status != tt.status || status == 401 && body != `{"code":"wrong"}` {
			t.Errorf("%s with %q: %d %s, want %d", tt.extension, tt.password, status, body, tt.status)
		}
		if res, body := c.do("GET", "/api/phone/session", ""); (res.StatusCode == 200) != (tt.status == 204) {
			t.Errorf("%s with %q: then the session is %d %s", tt.extension, tt.password, res.StatusCode, body)
		}
	}
}

func TestCookieCannotBeReadOrSentByOthers(t *testing.T) {
	c := openSite(t).client()
	res, _ := c.do("POST", "/api/phone/login", `{"extension":"100","password":"kqvt-8mzn-3xwp-r5hc"}`)
	set := res.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, want) {
			t.Errorf("the cookie lacks %s: %s", want, set)
		}
	}
}

func TestTooManyWrongPasswordsLockTheExtension(t *testing.T) {
	s := openSite(t, func(cfg *config.Config) { cfg.SIP.MaxFailures = 3 })
	c := s.client()
	for range 3 {
		c.login("100", "guess")
	}
	res, body := c.do("POST", "/api/phone/login", `{"extension":"100","password":"kqvt-8mzn-3xwp-r5hc"}`)
	if res.StatusCode != 429 || body != `{"code":"locked"}` || res.Header.Get("Retry-After") != "600" {
		t.Errorf("%d %s, Retry-After %q", res.StatusCode, body, res.Header.Get("Retry-After"))
	}
	if status, _ := c.login("101", "b7fd-w2ks-9pte-n4vx"); status != 204 {
		t.Errorf("another extension: %d", status)
	}
	for i := range 12 { // one guess for each of many extensions
		c.login("2"+string(rune('a'+i)), "guess")
	}
	if status, _ := c.login("101", "b7fd-w2ks-9pte-n4vx"); status != 429 {
		t.Errorf("an address that guesses at many extensions: %d, want 429", status)
	}
}

// Pages of others cannot change anything, though browsers would send the cookie to
// another port of the same host.
func TestOtherSitesCannotChangeAnything(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", ""}, {"X-Dialtone", ""}, {"Origin", "http://" + s.at}, {"Origin", "https://127.0.0.1:1"}, {"Origin", "null"},
	} {
		if res, body := c.do("PUT", "/api/phone/settings", `{"dnd":"on"}`, headers...); res.StatusCode != 403 || body != `{"code":"origin"}` {
			t.Errorf("with %q: %d %s", headers, res.StatusCode, body)
		}
	}
	if res, body := c.do("PUT", "/api/phone/settings", `{"dnd":"on"}`); res.StatusCode != 200 {
		t.Errorf("our own page: %d %s", res.StatusCode, body)
	}
}

func TestLargeAndBrokenRequestsAreRefused(t *testing.T) {
	c := openSite(t).client()
	for _, body := range []string{"", "{", `"text"`, `{"extension":"` + strings.Repeat("1", maxBody) + `"}`} {
		if res, got := c.do("POST", "/api/phone/login", body); res.StatusCode != 400 || got != `{"code":"invalid"}` {
			t.Errorf("%.20q: %d %s", body, res.StatusCode, got)
		}
	}
	for _, path := range []string{"/api/phone/session", "/api/phone/directory", "/api/phone/calls", "/api/phone/voicemail", "/api/phone/events", "/api/phone/chats/101"} {
		if res, body := c.do("GET", path, ""); res.StatusCode != 401 || body != `{"code":"login"}` {
			t.Errorf("%s without logging in: %d %s", path, res.StatusCode, body)
		}
	}
}

// A session outlives a restart of the server, and ends when its password is another.
func TestSessionsOutliveARestart(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	s.stop()
	s.start()
	if v := get[sessionAnswer](c, "/api/phone/session"); v.Extension != "100" {
		t.Errorf("after a restart it is the session of %q", v.Extension)
	}
	other := *s.cfg.Load()
	other.Extensions = map[string]config.Extension{"100": {Password: "another-one"}}
	s.cfg.Store(&other)
	if res, _ := c.do("GET", "/api/phone/session", ""); res.StatusCode != 401 {
		t.Errorf("with another password the session is %d", res.StatusCode)
	}
	if b, err := os.ReadFile(filepath.Join(s.data, "web", "sessions.json")); err != nil || bytes.Contains(b, []byte("kqvt")) {
		t.Errorf("the file holds a password, or is not there: %v", err)
	}
}
