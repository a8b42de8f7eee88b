package peers

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"dialtone/internal/callscript"
	"dialtone/internal/testbaresip"
	"dialtone/internal/testphone"
	"dialtone/internal/testwav"
)

// postOffice is a mail server.
type postOffice struct {
	at   string
	took chan []byte
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (*postOffice) Reset()                                        {}
func (*postOffice) Logout() error                                 { return nil }
func (*postOffice) Mail(string, *smtp.MailOptions) error          { return nil }
func (*postOffice) Rcpt(string, *smtp.RcptOptions) error          { return nil }

func (p *postOffice) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err == nil { // else its sender was killed, and nothing was taken
		p.took <- b
	}
	return err
}

// openPost opens a post office at an address, or at any, until shut is called. What it takes
// goes to took.
func openPost(t *testing.T, address string, took chan []byte) (p *postOffice, shut func()) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p = &postOffice{at: l.Addr().String(), took: took}
	server := smtp.NewServer(p)
	server.Domain = "localhost"
	done := make(chan struct{})
	go func() { _ = server.Serve(l); close(done) }()
	return p, func() { _ = server.Close(); <-done }
}

// letter gives the next mail: what it says, and the WAV file in it.
func (p *postOffice) letter(ctx context.Context, t *testing.T) (text string, audio []byte) {
	t.Helper()
	select {
	case raw := <-p.took:
		return openLetter(t, raw)
	case <-ctx.Done():
		t.Fatal("no mail comes")
	}
	return "", nil
}

func openLetter(t *testing.T, raw []byte) (text string, audio []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	text = "To: " + m.Header.Get("To") + "\nSubject: " + m.Header.Get("Subject") + "\n"
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return text, audio
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(part.Header.Get("Content-Type"), "audio/wav") {
			text += string(body)
			continue
		}
		if audio, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(string(body), "\r\n", "")); err != nil {
			t.Fatal(err)
		}
	}
}

const mailboxes = `registrar:
  qualify: 0
voicemail:
  enabled: true
  delay: 2s
  minimum: 1s
  transcript: {command: [sh, -c, "cat >/dev/null; echo Please call me."]}
mail: {server: %q, tls: "off", from: pbx@example.net}
extensions:
  "100": {password: phone-100-key, voicemail: {email: alice@example.net}}
  "101": {password: phone-101-key, voicemail: {email: bob@example.net}}
`

// inMail fails the test unless the mail is to somebody and from somebody, and its audio
// is that tone, for at least two seconds.
func (p *postOffice) inMail(ctx context.Context, t *testing.T, to, from string, hz float64) {
	t.Helper()
	text, audio := p.letter(ctx, t)
	for _, want := range []string{to, "Message from", from, "Please call me."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the mail:\n%s", want, text)
		}
	}
	format, channels, err := testwav.Read(audio)
	if err != nil || format.Rate != 8000 || len(channels) != 1 {
		t.Fatalf("the mail has %d channels at %d Hz: %v", len(channels), format.Rate, err)
	}
	if pcm := channels[0]; len(pcm) < 2*8000 || !testphone.Sounds(pcm[8000:], hz, lasting) {
		t.Errorf("the mail has %d samples without %v Hz", len(pcm), hz)
	}
}

// Two phones of different makers leave each other a message. The lamp goes on and off, the
// mail has the audio, and the messages are fetched by keys. A lamp that was asked for does
// the same as one that was not.
func TestPhonesUseVoicemail(t *testing.T) {
	t.Parallel()
	need(t, "twinkle-console")
	office, shut := openPost(t, "127.0.0.1:0", make(chan []byte, 1000))
	defer shut()
	server := serve(t, fmt.Sprintf(mailboxes, office.at))
	t.Run("told", func(t *testing.T) {
		p := startPair(t, server, office, false)
		p.lamp(p.alice.Log, "no", "0/0")
		p.messageForBob(0)
		records(p.ctx, t, server, "normal", 2)
		p.messageForAlice()
		records(p.ctx, t, server, "normal", 4)
	})
	t.Run("subscribed", func(t *testing.T) {
		p := startPair(t, server, office, true)
		p.messageForBob(1)
		records(p.ctx, t, server, "normal", 6)
	})
}

// pair are two phones that leave each other messages.
type pair struct {
	t      *testing.T
	ctx    context.Context
	server *callscript.Server
	office *postOffice
	alice  *testbaresip.Phone
	bob    *twinkle
}

func startPair(t *testing.T, server *callscript.Server, office *postOffice, subscribe bool) *pair {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return &pair{
		t, ctx, server, office,
		testbaresip.Start(ctx, t, server, testbaresip.Options{Extension: "100", Hz: 440, Modules: "mwi.so"}),
		startTwinkle(ctx, t, server, "101", 700, subscribe),
	}
}

// dials lets alice call a number, and waits for the answer, the nth.
func (p *pair) dials(number string, n int) {
	p.t.Helper()
	p.alice.Dial(number)
	p.alice.WaitEvent(p.ctx, "CALL_ESTABLISHED", n)
}

// messageForBob has alice leave a message, and bob, who has saved some, fetch it.
func (p *pair) messageForBob(saved int) {
	p.t.Helper()
	p.lamp(p.bob.log, "no", fmt.Sprintf("0/%d", saved))
	p.dials("101", 1)
	p.alice.Hears(p.ctx, 1000, 0)
	says(p.ctx, p.t, p.server, 3*time.Second)
	p.alice.Do("hangup", "")
	p.office.inMail(p.ctx, p.t, "bob@example.net", "100", 440)
	p.lamp(p.bob.log, "yes", fmt.Sprintf("1/%d", saved))

	p.bob.calls(p.ctx, "*97", 1)
	p.bob.waitHeard(p.ctx, 8000)
	p.bob.does("dtmf 1")
	p.bob.hears(p.ctx, 440)
	p.bob.does("dtmf 9")
	p.lamp(p.bob.log, "no", fmt.Sprintf("0/%d", saved+1))
	p.bob.does("bye")
}

// messageForAlice is the other way round, afterwards.
func (p *pair) messageForAlice() {
	p.t.Helper()
	p.bob.calls(p.ctx, "100", 2)
	p.bob.hears(p.ctx, 1000)
	says(p.ctx, p.t, p.server, 3*time.Second)
	p.bob.does("bye")
	p.office.inMail(p.ctx, p.t, "alice@example.net", "101", 700)
	p.lamp(p.alice.Log, "yes", "1/0")

	before := len(p.alice.Heard())
	p.dials("*97", 2)
	p.alice.WaitHeard(p.ctx, before+8000)
	p.alice.Do("sndcode", "1")
	p.alice.Hears(p.ctx, 700, before)
	p.alice.Do("sndcode", "9")
	p.lamp(p.alice.Log, "no", "0/1")
	p.alice.Do("hangup", "")
}

// says waits until so much audio has come from the caller of the one call that there is.
func says(ctx context.Context, t *testing.T, server *callscript.Server, d time.Duration) {
	t.Helper()
	packets := func() int {
		var calls []struct {
			Legs []struct {
				Rx int `json:"rx_packets"`
			}
		}
		if err := server.Ctl(ctx, &calls, "calls"); err != nil || len(calls) != 1 || len(calls[0].Legs) == 0 {
			t.Fatalf("expected one call: %v, %v", calls, err)
		}
		return calls[0].Legs[0].Rx
	}
	before := packets()
	if !callscript.Until(ctx, func() bool { return packets() >= before+int(d/(20*time.Millisecond)) }) {
		t.Fatalf("the caller does not speak: %d packets, before %d", packets(), before)
	}
}

// lamp waits until the last message-summary in the log of a phone says that messages wait, or
// that none do.
func (p *pair) lamp(log func() string, waiting, counts string) {
	p.t.Helper()
	if !callscript.Until(p.ctx, func() bool {
		all := log()
		at := strings.LastIndex(all, "Messages-Waiting:")
		if at < 0 {
			return false
		}
		body := all[at:min(len(all), at+200)]
		return strings.HasPrefix(body, "Messages-Waiting: "+waiting) && strings.Contains(body, "Voice-Message: "+counts+" ")
	}) {
		p.t.Fatalf("the phone was not told that messages wait: %s, %s", waiting, counts)
	}
}
