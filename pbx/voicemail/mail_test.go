package voicemail

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"dialtone/config"
	"dialtone/media/audio"
	"dialtone/media/record"
	"dialtone/pbx/notify"
	"dialtone/pbx/speech"
	"dialtone/storage"
	"dialtone/storage/memory"
)

// post is a mail server in the test.
type post struct {
	mu     sync.Mutex
	refuse *smtp.SMTPError
	took   chan []byte
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (*post) Reset()                                        {}
func (*post) Logout() error                                 { return nil }
func (*post) Mail(string, *smtp.MailOptions) error          { return nil }
func (p *post) set(e *smtp.SMTPError)                       { p.mu.Lock(); defer p.mu.Unlock(); p.refuse = e }

func (p *post) Rcpt(string, *smtp.RcptOptions) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return p.refuse
	}
	return nil
}

func (p *post) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	p.took <- b
	return err
}

// postOffice listens on address, or on any.
func postOffice(t *testing.T, address string) (p *post, at string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p = &post{took: make(chan []byte, 10)}
	server := smtp.NewServer(p)
	server.Domain, server.AllowInsecureAuth = "localhost", true
	done := make(chan struct{})
	go func() { _ = server.Serve(l); close(done) }()
	return p, l.Addr().String(), func() { _ = l.Close(); _ = server.Close(); <-done }
}

// mailing is a house whose messages for 101 are mailed to a server.
func mailing(t *testing.T, store storage.Store, dir, server string) *house {
	t.Helper()
	h := open(t, store, dir)
	e := h.cfg.Extensions["101"]
	e.Voicemail.Email = "ann@example.net"
	h.cfg.Extensions["101"] = e
	h.cfg.Mail = config.Mail{Server: server, TLS: "off", From: "pbx@example.net"}
	box := notify.New(notify.Options{Config: func() *config.Config { return &h.cfg }, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { box.Close(context.Background()) })
	h.mailer = box
	engine := speech.New(speech.Options{Config: func() *config.Config { return &h.cfg }, Folder: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(engine.Close)
	h.writes = engine
	return h
}

func TestMail(t *testing.T) {
	office, at, stop := postOffice(t, "127.0.0.1:0")
	defer stop()
	h := mailing(t, memory.New(), t.TempDir(), at)
	h.cfg.Voicemail.Transcript.Command = []string{"sh", "-c", "cat >/dev/null; echo Please call me, $0", "{language}."}
	e := h.cfg.Extensions["101"]
	e.Language = "en"
	h.cfg.Extensions["101"] = e
	h.leave(t, "101", &line{talks: 3 * time.Second})
	want := h.messages(t, "101")[0]
	if want.Mail != storage.MailWaits {
		t.Fatalf("%+v", want)
	}
	if next := newPosting(h.Service).round(t.Context()); next != 0 {
		t.Errorf("again in %v\n%s", next, h.log.String())
	}
	text, sound := unpack(t, <-office.took)
	for _, s := range []string{"+4930123456", "3s", "101", "Please call me, en."} {
		if !strings.Contains(text, s) {
			t.Errorf("no %q in\n%s", s, text)
		}
	}
	own, err := os.ReadFile(h.Path(&want))
	if err != nil || !bytes.Equal(own, sound) {
		t.Errorf("%d bytes of audio, want %d, %v", len(sound), len(own), err)
	}
	if r, err := audio.NewClip(bytes.NewReader(sound), record.Rate); err != nil || r.Length() != 3*time.Second {
		t.Error(err)
	}
	if m := h.messages(t, "101")[0]; m.Mail != storage.MailSent || m.Transcript != "Please call me, en." || !m.New() {
		t.Errorf("%+v", m)
	}
}

// A web server writes down what is said as well; when it does not, the mail goes without.
func TestTranscriptByWeb(t *testing.T) {
	office, at, stop := postOffice(t, "127.0.0.1:0")
	defer stop()
	h := mailing(t, memory.New(), t.TempDir(), at)
	var down atomic.Bool
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		clip, bad := audio.NewClip(bytes.NewReader(body), record.Rate)
		switch {
		case err != nil || bad != nil || clip.Length() != 3*time.Second || r.Header.Get("Content-Type") != "audio/wav" || r.URL.RawQuery != "to=fr-CA":
			t.Errorf("%s, %v: %v, %v", r.URL, r.Header, err, bad)
		case down.Load():
			w.WriteHeader(http.StatusBadGateway)
		default:
			_, _ = io.WriteString(w, "  Rappelez-moi.\nÀ bientôt.\x07\n")
		}
	}))
	defer engine.Close()
	h.cfg.Voicemail.Transcript.URL = engine.URL + "/?to={language}"
	e := h.cfg.Extensions["101"]
	e.Language = "fr-CA"
	h.cfg.Extensions["101"] = e
	h.leave(t, "101", &line{talks: 3 * time.Second})
	newPosting(h.Service).round(t.Context())
	const want = "Rappelez-moi.\nÀ bientôt."
	if text, _ := unpack(t, <-office.took); !strings.Contains(strings.ReplaceAll(text, "\r", ""), want) {
		t.Errorf("no %q in\n%s", want, text)
	}
	if m := h.messages(t, "101")[0]; m.Transcript != want {
		t.Errorf("%q", m.Transcript)
	}
	down.Store(true)
	h.leave(t, "101", &line{talks: 3 * time.Second})
	newPosting(h.Service).round(t.Context())
	if _, audio := unpack(t, <-office.took); len(audio) == 0 {
		t.Error("no audio")
	}
	if m := h.messages(t, "101")[1]; m.Transcript != "" || m.Mail != storage.MailSent || !strings.Contains(h.log.String(), "502") {
		t.Errorf("%+v\n%s", m, h.log.String())
	}
}

// unpack gives the text and the attachment of a mail.
func unpack(t *testing.T, raw []byte) (text string, audio []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return m.Header.Get("Subject") + "\n" + text, audio
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "audio/wav") {
			if audio, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(string(body), "\r\n", "")); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text += string(body)
	}
}

// A server that is down loses nothing, not even over a restart; one that refuses for good
// is told of, and the message stays.
func TestMailServerIsDown(t *testing.T) {
	_, at, stop := postOffice(t, "127.0.0.1:0")
	stop()
	store, dir := memory.New(), t.TempDir()
	h := mailing(t, store, dir, at)
	h.leave(t, "101", &line{talks: 3 * time.Second})
	p := newPosting(h.Service)
	if next := p.round(t.Context()); next < 50*time.Second || next > time.Minute {
		t.Errorf("again in %v", next)
	}
	if m := h.messages(t, "101")[0]; m.Mail != storage.MailWaits {
		t.Fatalf("%+v", m)
	}
	h = mailing(t, store, dir, at)
	office, _, stop := postOffice(t, at)
	defer stop()
	newPosting(h.Service).round(t.Context())
	<-office.took
	if m := h.messages(t, "101")[0]; m.Mail != storage.MailSent {
		t.Errorf("%+v", m)
	}
	office.set(&smtp.SMTPError{Code: 451, Message: "not now"})
	h.leave(t, "101", &line{talks: 3 * time.Second})
	if newPosting(h.Service).round(t.Context()) == 0 || h.messages(t, "101")[1].Mail != storage.MailWaits {
		t.Errorf("what was put off: %+v", h.messages(t, "101"))
	}
	office.set(&smtp.SMTPError{Code: 550, Message: "no such user"})
	if newPosting(h.Service).round(t.Context()) != 0 || h.messages(t, "101")[1].Mail != storage.MailLost || !strings.Contains(h.log.String(), "cannot be mailed") {
		t.Errorf("what was refused: %+v", h.messages(t, "101"))
	}
}

func TestDeletedWhenMailed(t *testing.T) {
	office, at, stop := postOffice(t, "127.0.0.1:0")
	defer stop()
	h := mailing(t, memory.New(), t.TempDir(), at)
	e := h.cfg.Extensions["101"]
	e.Voicemail.Delete = true
	h.cfg.Extensions["101"] = e
	h.leave(t, "101", &line{talks: 3 * time.Second})
	newPosting(h.Service).round(t.Context())
	<-office.took
	if len(h.messages(t, "101")) != 0 || h.audio(t) != 0 {
		t.Error("it is still there")
	}
}
