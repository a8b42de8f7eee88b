package notify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
)

// lines is a log that tests read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func outbox(t *testing.T, c config.Config) (*Outbox, *lines) {
	t.Helper()
	l := &lines{}
	b := New(Options{Config: func() *config.Config { return &c }, Log: slog.New(slog.NewTextHandler(l, nil))})
	return b, l
}

func closeSoon(t *testing.T, b *Outbox) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	b.Close(ctx)
}

const secret = "n8kq-wz4r-tm2x-7vbd"

func TestWebhook(t *testing.T) {
	got := make(chan Body, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get(SignatureHeader) != Signature(secret, raw) {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		var b Body
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Error(err)
		}
		got <- b
	}))
	defer server.Close()
	b, log := outbox(t, config.Config{Webhooks: map[string]config.Webhook{"crm": {URL: server.URL, Secret: secret}}})
	at := time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC)
	n := dialplan.Notice{Webhook: "crm", Event: "missed", At: at, Call: map[string]string{"from": "101"}, Values: map[string]string{"why": "busy"}}
	if err := b.Webhook(n); err != nil {
		t.Fatal(err)
	}
	if x := <-got; x.Event != "missed" || !x.At.Equal(at) || x.Call["from"] != "101" || x.Values["why"] != "busy" || x.ID == "" {
		t.Errorf("%+v", x)
	}
	if err := b.Webhook(dialplan.Notice{Webhook: "other"}); err == nil {
		t.Error("took a message to nobody")
	}
	closeSoon(t, b)
	if err := b.Webhook(n); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
	if log.String() != "" {
		t.Error(log)
	}
}

// The signature is that of RFC 2104 and FIPS 180-4, by their well-known example.
func TestSignature(t *testing.T) {
	if got := Signature("key", []byte("The quick brown fox jumps over the lazy dog")); got != "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8" {
		t.Error(got)
	}
}

// What statuses mean, by how often a message is tried.
func TestTries(t *testing.T) {
	for _, test := range []struct {
		errs  []error // of the tries
		tries int
		after time.Duration
		lost  string
	}{
		{errs: []error{nil}, tries: 1},
		{errs: []error{judge(500), nil}, tries: 2, after: 2 * time.Second},
		{errs: []error{judge(429), errors.New("no route"), nil}, tries: 3, after: 10 * time.Second},
		{errs: []error{judge(404)}, tries: 1, lost: "404 Not Found"},
		{errs: []error{judge(301)}, tries: 1, lost: "301"},
		{errs: []error{judge(503), judge(503), judge(503), judge(503), judge(503)}, tries: 5, after: 230 * time.Second, lost: "503"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, log := outbox(t, config.Config{})
			start, tries := time.Now(), 0
			if err := b.post(message{to: "x", send: func(context.Context) error { tries++; return test.errs[tries-1] }}); err != nil {
				t.Fatal(err)
			}
			b.tasks.Wait()
			if tries != test.tries || time.Since(start) != test.after {
				t.Errorf("%v: %d tries in %v", test.errs, tries, time.Since(start))
			}
			if !strings.Contains(log.String(), test.lost) || (test.lost == "") != (log.String() == "") {
				t.Errorf("%v: %s", test.errs, log)
			}
			b.Close(t.Context())
		})
	}
}

// A stop gives messages that wait one more try, and has no patience with those
// that hang.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, log := outbox(t, config.Config{})
		tries := 0
		_ = b.post(message{to: "late", send: func(context.Context) error {
			if tries++; tries == 1 {
				return errors.New("not yet")
			}
			return nil
		}})
		_ = b.post(message{to: "dead", send: func(context.Context) error { return errors.New("dead") }})
		_ = b.post(message{to: "hangs", send: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		b.Close(ctx)
		if tries != 2 || time.Since(start) != 5*time.Second {
			t.Errorf("%d tries, took %v", tries, time.Since(start))
		}
		for _, who := range []string{"dead", "hangs"} {
			if strings.Count(log.String(), "to="+who) != 1 {
				t.Errorf("lost of %s:\n%s", who, log)
			}
		}
	})
}

// One destination that is dead keeps neither the caller nor others waiting, and
// cannot fill the memory.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, log := outbox(t, config.Config{})
		stuck := message{to: "dead", send: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		for i := range maxWaiting + 10 {
			if err := b.post(stuck); (err == nil) != (i < maxWaiting) {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		done := false
		if err := b.post(message{to: "well", send: func(context.Context) error { done = true; return nil }}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !done || strings.Count(log.String(), "too many wait") != 1 {
			t.Errorf("done %v\n%s", done, log)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		b.Close(ctx)
	})
}

// smtp is a server that takes mail as RFC 5321 says, and gives what it took. refuse
// is its answer to all recipients, or with NAME= before it to one of them.
func smtp(t *testing.T, refuse string) (address string, took chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	took = make(chan string, 4)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { defer c.Close(); converse(c, refuse, took) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return l.Addr().String(), took
}

func converse(c net.Conn, refuse string, took chan<- string) {
	say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
	in := bufio.NewScanner(c)
	say("220 here")
	var seen, data strings.Builder
	for in.Scan() {
		verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " ")
		fmt.Fprintln(&seen, in.Text())
		switch verb {
		case "EHLO":
			say("250-here\r\n250 AUTH PLAIN")
		case "AUTH":
			say("235 well")
		case "RCPT":
			who, reply, only := strings.Cut(refuse, "=")
			if only && strings.Contains(in.Text(), who) {
				say(reply)
				continue
			}
			if refuse != "" && !only {
				say(refuse)
				continue
			}
			say("250 well")
		case "DATA":
			say("354 go on")
			for in.Scan() && in.Text() != "." {
				fmt.Fprintln(&data, in.Text())
			}
			say("250 taken")
		case "QUIT":
			say("221 bye")
			took <- seen.String() + data.String()
			return
		default:
			say("250 well")
		}
	}
}

func TestEmail(t *testing.T) {
	address, took := smtp(t, "")
	b, log := outbox(t, config.Config{Mail: config.Mail{Server: address, TLS: "off", From: "pbx@example.net", User: "pbx", Password: "pw"}})
	err := b.Email(dialplan.Mail{To: []string{"ann@example.net", "ben@example.net"}, Subject: "Missed: Zoë\r\nBcc: x@example.net", Text: "Call\n.\nBack"})
	if err != nil {
		t.Fatal(err)
	}
	closeSoon(t, b)
	if log.String() != "" {
		t.Fatal(log)
	}
	got := <-took + <-took
	for _, want := range []string{
		"AUTH PLAIN", "MAIL FROM:<pbx@example.net>", "RCPT TO:<ann@example.net>", "RCPT TO:<ben@example.net>",
		"Auto-Submitted: auto-generated", "Subject: =?UTF-8?", "Call",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "\nBcc:") {
		t.Errorf("a header came in by the subject:\n%s", got)
	}
	if strings.Contains(got, "User-Agent") || strings.Contains(got, "X-Mailer") {
		t.Errorf("the mail says which library sent it:\n%s", got)
	}
}

// A mailbox that is gone is nobody else's loss.
func TestEmailReachesTheOthers(t *testing.T) {
	address, took := smtp(t, "ben=550 no such mailbox")
	b, log := outbox(t, config.Config{Mail: config.Mail{Server: address, TLS: "off", From: "pbx@example.net"}})
	if err := b.Email(dialplan.Mail{To: []string{"ann@example.net", "ben@example.net"}, Subject: "Missed", Text: "Call"}); err != nil {
		t.Fatal(err)
	}
	closeSoon(t, b)
	if got := <-took + <-took; strings.Count(got, "Subject: Missed") != 1 || strings.Count(log.String(), "message lost") != 1 {
		t.Errorf("the server took\n%s\nlog:\n%s", got, log)
	}
}

// Encryption that was asked for is not given up because the server has none, and
// what is refused for good is not sent again.
func TestEmailIsLost(t *testing.T) {
	plain, _ := smtp(t, "")
	none, _ := smtp(t, "550 no such mailbox")
	for _, test := range []struct{ server, tls, want string }{{plain, "", "STARTTLS"}, {none, "off", "550"}} {
		b, log := outbox(t, config.Config{Mail: config.Mail{Server: test.server, TLS: test.tls, From: "pbx@example.net"}})
		if err := b.Email(dialplan.Mail{To: []string{"ann@example.net"}}); err != nil {
			t.Fatal(err)
		}
		closeSoon(t, b)
		if !strings.Contains(log.String(), test.want) {
			t.Errorf("%v: %s", test, log)
		}
	}
}

func TestWeb(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	defer away.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(201)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Header.Get("Authorization"), r.Header.Get("X-Key"), body)
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, dialplan.MaxReply+1)) })
	mux.Handle("/there", http.RedirectHandler("/echo", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(away.URL, http.StatusFound))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()
	secure := httptest.NewTLSServer(mux)
	defer secure.Close()
	w := NewWeb()
	defer w.Close()
	for _, test := range []struct {
		url   string
		q     dialplan.Request
		want  string
		final bool
	}{
		{url: server.URL + "/echo", q: dialplan.Request{Method: "POST", Body: []byte("hello"), Login: dialplan.Login{Bearer: secret}}, want: "201 POST Bearer " + secret + "  hello"},
		{url: server.URL + "/echo", q: dialplan.Request{Method: "GET", Login: dialplan.Login{User: "u", Password: "p"}}, want: "201 GET Basic dTpw"},
		{url: server.URL + "/echo", q: dialplan.Request{Method: "GET", Login: dialplan.Login{Header: "X-Key", Secret: "k"}}, want: "201 GET  k"},
		{url: server.URL + "/there", q: dialplan.Request{Method: "GET"}, want: "201 GET"},
		{url: server.URL + "/nothing", q: dialplan.Request{Method: "GET"}, want: "404"},
		{url: server.URL + "/away", q: dialplan.Request{Method: "GET"}, want: "it redirects to another host", final: true},
		{url: server.URL + "/round", q: dialplan.Request{Method: "GET"}, want: "it redirects again and again", final: true},
		{url: server.URL + "/big", q: dialplan.Request{Method: "GET"}, want: "the answer is longer than 64 KiB", final: true},
		{url: secure.URL + "/echo", q: dialplan.Request{Method: "GET"}, want: "certificate"},
		{url: server.URL + "/echo", q: dialplan.Request{Method: "GET", Header: map[string]string{"X-Key": "a\r\nb"}}, want: "invalid header"},
	} {
		test.q.URL = test.url
		reply, err := w.Fetch(t.Context(), test.q)
		got := strings.TrimSpace(fmt.Sprint(reply.Status, " ", string(reply.Body)))
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, test.want) || errors.Is(err, dialplan.ErrFinal) != test.final {
			t.Errorf("%s: %s; want %s", test.url, got, test.want)
		}
	}
}

// A caller who hangs up ends the request.
func TestWebEndsWithTheCall(t *testing.T) {
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { close(asked); <-r.Context().Done() }))
	defer server.Close()
	w := NewWeb()
	defer w.Close()
	ctx, hangup := context.WithCancel(t.Context())
	go func() { <-asked; hangup() }()
	if _, err := w.Fetch(ctx, dialplan.Request{Method: "GET", URL: server.URL}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A redirection after which the body is gone has told nobody anything, even when the
// answer looks well.
func TestWebhookThatLosesItsBodyIsNotDelivered(t *testing.T) {
	for code, arrives := range map[int]bool{301: false, 302: false, 303: false, 307: true, 308: true} {
		got := make(chan string, 2)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/hook" {
				http.Redirect(w, r, "/hook/", code)
				return
			}
			raw, _ := io.ReadAll(r.Body)
			got <- r.Method + " " + string(raw)
		}))
		b, log := outbox(t, config.Config{Webhooks: map[string]config.Webhook{"crm": {URL: server.URL + "/hook"}}})
		if err := b.Webhook(dialplan.Notice{Webhook: "crm", Event: "missed"}); err != nil {
			t.Fatal(err)
		}
		closeSoon(t, b)
		server.Close()
		if body := <-got; strings.Contains(body, "missed") != arrives || (log.String() == "") != arrives {
			t.Errorf("%d: the server got %q, log:\n%s", code, body, log)
		}
	}
}

// Every message that was not taken is in some line of the log.
func TestLossesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, log := outbox(t, config.Config{})
		for range maxWaiting + 3 {
			_ = b.post(message{to: "slow", send: func(context.Context) error { time.Sleep(time.Second); return nil }})
		}
		b.tasks.Wait()
		if s := log.String(); !strings.Contains(s, "messages=1") || !strings.Contains(s, "messages=2") || len(b.to) != 0 {
			t.Errorf("%d destinations are kept, log:\n%s", len(b.to), s)
		}
		b.Close(t.Context())
	})
}
