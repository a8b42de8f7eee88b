package sipevents_test

import (
	"cmp"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/sipevents"
	"dialtone/pbx/sipreg"
	"dialtone/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server has a registrar and lamps on a real socket.
type server struct {
	cfg   config.Config
	lamps *sipevents.Messages
	subs  *sipevents.Service
	store *memory.Store
	fresh atomic.Int64 // messages that are new
	at    string
	board board
	own   own
}

func start(t *testing.T) *server {
	t.Helper()
	s := prepare(t)
	s.run(t, s.subs.Run)
	return s
}

// prepare is start without telling anybody.
func prepare(t *testing.T) *server {
	t.Helper()
	s := &server{cfg: config.Default(), store: memory.New()}
	s.cfg.SIP.UDP, s.cfg.SIP.TCP, s.cfg.SIP.TLS = []string{"127.0.0.1:0"}, nil, nil
	s.cfg.Registrar.Qualify = 0
	s.cfg.Voicemail.Enabled = true
	s.cfg.Extensions = map[string]config.Extension{
		"101": {Password: "secret", Voicemail: config.Mailbox{}}, "102": {Password: "secret", Name: "Bob & Co", Voicemail: config.Mailbox{Enabled: "false"}},
		"103": {Password: "secret", Watchers: []string{}},
	}
	s.cfg.Lamps.Lists = map[string]config.LampList{"desk": {Members: []string{"101", "102", "103"}}}
	current := func() *config.Config { return &s.cfg }
	log := slog.New(slog.DiscardHandler)
	reg, err := registrar.New(registrar.Options{Store: s.store, Config: current, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	edge, err := sipedge.New(sipedge.Options{Config: current, Log: log, Registered: reg.ByFlow})
	if err != nil {
		t.Fatal(err)
	}
	auth := sipauth.New(sipauth.Options{Config: current, Log: log})
	sipreg.New(sipreg.Options{Edge: edge, Auth: auth, Registrar: reg, Config: current, Log: log})
	s.subs = sipevents.New(sipevents.Options{Edge: edge, Auth: auth, Registrar: reg, Store: s.store, Config: current, Log: log})
	s.lamps = s.subs.Messages(func(string) (sipevents.Counts, error) {
		return sipevents.Counts{New: int(s.fresh.Load()), Old: 3}, nil
	})
	s.subs.Registrations()
	s.subs.Lamps(&s.board, func(e string) bool { return s.own.Of(e).DND })
	s.own.changed = s.subs.Features(&s.own)
	if err := edge.Listen(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.at = edge.Addresses()[0].AddrPort.String()
	s.run(t, edge.Run)
	return s
}

// run runs f until the test is over.
func (s *server) run(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// phone speaks SIP as text, so that what is tested is what is on the wire.
type phone struct {
	t      *testing.T
	conn   net.Conn
	user   string
	nonce  string
	cseq   int
	silent bool // does not answer NOTIFY

	notified []string // the Vias of NOTIFYs that were looked at

	watches string // the number that it subscribes to, "" for its own
	body    string
	kind    string // of body
}

func (s *server) phone(t *testing.T, user string) *phone {
	t.Helper()
	conn, err := net.Dial("udp", s.at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &phone{t: t, conn: conn, user: user}
}

var nonceIn = regexp.MustCompile(`nonce="([^"]+)"`)

// ask sends a request, answers a challenge, and gives the final answer; NOTIFYs that come
// before it are answered and given too.
func (p *phone) ask(method, to, callID string, lines ...string) (answer string, notified []string) {
	p.t.Helper()
	for range 2 {
		p.cseq++
		uri := "sip:dialtone"
		if method != "REGISTER" {
			uri = "sip:" + cmp.Or(p.watches, p.user) + "@dialtone"
		}
		h := func(parts ...string) string { return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":")))) }
		auth, all := "", lines
		if p.body != "" {
			all = append(slices.Clone(lines), "Content-Type: "+p.kind)
		}
		if p.nonce != "" {
			nc := fmt.Sprintf("%08x", p.cseq)
			auth = fmt.Sprintf("Authorization: Digest username=%q, realm=\"dialtone\", nonce=%q, uri=%q, algorithm=MD5, qop=auth, nc=%s, cnonce=\"c\", response=%q\r\n",
				p.user, p.nonce, uri, nc, h(h(p.user, "dialtone", "secret"), p.nonce, nc, "c", "auth", h(method, uri)))
		}
		text := fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%d%s\r\nMax-Forwards: 70\r\nFrom: <sip:%s@dialtone>;tag=mine\r\nTo: %s\r\n"+
			"Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\n%s%s\r\nContent-Length: %d\r\n\r\n%s",
			method, uri, p.conn.LocalAddr(), p.cseq, callID, p.user, to, callID, p.cseq, method, p.user, p.conn.LocalAddr(), auth, strings.Join(all, "\r\n"), len(p.body), p.body)
		if _, err := io.WriteString(p.conn, text); err != nil {
			p.t.Fatal(err)
		}
		for {
			m := p.read()
			if strings.HasPrefix(m, "NOTIFY") {
				notified = append(notified, m)
				continue
			}
			answer = m
			break
		}
		if found := nonceIn.FindStringSubmatch(answer); found != nil {
			p.nonce = found[1]
			continue
		}
		return answer, notified
	}
	return answer, notified
}

func header(m, name string) string {
	for l := range strings.SplitSeq(m, "\r\n") {
		if v, ok := strings.CutPrefix(l, name+": "); ok {
			return v
		}
	}
	return ""
}

// read gives the next message, and answers a NOTIFY.
func (p *phone) read() string {
	p.t.Helper()
	buf := make([]byte, 65536)
	p.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := p.conn.Read(buf)
	if err != nil {
		p.t.Fatal(err)
	}
	m := string(buf[:n])
	if strings.HasPrefix(m, "NOTIFY") && !p.silent {
		var b strings.Builder
		b.WriteString("SIP/2.0 200 OK\r\n")
		for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
			fmt.Fprintf(&b, "%s: %s\r\n", name, header(m, name))
		}
		b.WriteString("Content-Length: 0\r\n\r\n")
		_, _ = io.WriteString(p.conn, b.String())
	}
	return m
}

// lamp reads NOTIFYs until one says that.
func (p *phone) lamp(want string, before ...string) string {
	p.t.Helper()
	for range 10 {
		var m string
		if len(before) > 0 {
			m, before = before[0], before[1:]
		} else {
			m = p.read()
		}
		if strings.HasPrefix(m, "NOTIFY") && strings.Contains(m, want) {
			return m
		}
	}
	p.t.Fatalf("no NOTIFY says %q", want)
	return ""
}

func TestRegisteredPhonesAreToldUnasked(t *testing.T) {
	s := start(t)
	p := s.phone(t, "101")
	answer, before := p.ask("REGISTER", "<sip:101@dialtone>", "r", "Expires: 300")
	if !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Fatal(answer)
	}
	m := p.lamp("Messages-Waiting: no\r\nMessage-Account: sip:*97@dialtone\r\nVoice-Message: 0/3 (0/0)\r\n", before...)
	if header(m, "Event") != "message-summary" || header(m, "Content-Type") != "application/simple-message-summary" || !strings.HasPrefix(header(m, "Subscription-State"), "terminated") {
		t.Error(m)
	}
	s.fresh.Store(2)
	s.lamps.Changed("101")
	p.lamp("Messages-Waiting: yes")
}

func TestPhonesThatRegisterEarlyAreTold(t *testing.T) {
	s := prepare(t)
	p := s.phone(t, "101")
	if answer, _ := p.ask("REGISTER", "<sip:101@dialtone>", "r", "Expires: 300"); !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Fatal(answer)
	}
	s.run(t, s.subs.Run)
	p.lamp("Messages-Waiting: no")
}

func TestSubscription(t *testing.T) {
	s := start(t)
	p := s.phone(t, "101")
	answer, before := p.ask("SUBSCRIBE", "<sip:101@dialtone>", "s", "Event: message-summary", "Expires: 600")
	if !strings.HasPrefix(answer, "SIP/2.0 200") || header(answer, "Expires") != "600" || header(answer, "Contact") == "" {
		t.Fatal(answer)
	}
	to := header(answer, "To")
	m := p.lamp("Messages-Waiting: no", before...)
	if header(m, "Call-ID") != "s" || header(m, "From") != to || !strings.HasPrefix(header(m, "Subscription-State"), "active;expires=") {
		t.Errorf("To was %s\n%s", to, m)
	}
	s.fresh.Store(1)
	s.lamps.Changed("101")
	again := p.lamp("Messages-Waiting: yes")
	if header(again, "CSeq") <= header(m, "CSeq") {
		t.Errorf("CSeq %s after %s", header(again, "CSeq"), header(m, "CSeq"))
	}
	answer, before = p.ask("SUBSCRIBE", to, "s", "Event: message-summary", "Expires: 0")
	if !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Fatal(answer)
	}
	p.lamp("Subscription-State: terminated", before...)
	if answer, _ = p.ask("SUBSCRIBE", to, "s", "Event: message-summary", "Expires: 600"); !strings.HasPrefix(answer, "SIP/2.0 481") {
		t.Errorf("after its end: %s", answer)
	}
}

func TestARefreshWaitsForNoNotify(t *testing.T) {
	p := start(t).phone(t, "101")
	p.silent = true
	answer, before := p.ask("SUBSCRIBE", "<sip:101@dialtone>", "s", "Event: message-summary", "Expires: 600")
	p.lamp("Messages-Waiting: no", before...) // which is under way from now on
	if answer, _ = p.ask("SUBSCRIBE", header(answer, "To"), "s", "Event: message-summary", "Expires: 600"); !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Error(answer)
	}
}

func TestPollIsToldOnce(t *testing.T) {
	p := start(t).phone(t, "101")
	answer, before := p.ask("SUBSCRIBE", "<sip:101@dialtone>", "p", "Event: message-summary", "Expires: 0")
	if !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Fatal(answer)
	}
	p.lamp("Subscription-State: terminated", before...)
}

func TestWhatIsRefused(t *testing.T) {
	s := start(t)
	for i, test := range []struct {
		user  string
		lines []string
		want  string
	}{
		{"101", []string{"Event: refer"}, "489"},
		{"101", []string{"Event: message-summary", "Expires: 5"}, "423"},
		{"101", []string{"Event: message-summary", "Expires: x"}, "400"},
		{"102", []string{"Event: message-summary"}, "404"},
		{"109", []string{"Event: message-summary"}, "401"},
	} {
		p := s.phone(t, test.user)
		if answer, _ := p.ask("SUBSCRIBE", "<sip:"+test.user+"@dialtone>", fmt.Sprint("x", i), test.lines...); !strings.HasPrefix(answer, "SIP/2.0 "+test.want) {
			t.Errorf("%s %v: %s", test.user, test.lines, answer)
		}
	}
}

func TestAnExtensionIsToldOfItsPhones(t *testing.T) {
	s := start(t)
	watcher, other := s.phone(t, "101"), s.phone(t, "101")
	answer, before := watcher.ask("SUBSCRIBE", "<sip:101@dialtone>", "w", "Event: reg", "Accept: application/reginfo+xml")
	if !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Fatal(answer)
	}
	watcher.lamp(`state="init"`, before...)
	other.ask("REGISTER", "<sip:101@dialtone>", "r", "Expires: 300")
	watcher.lamp(`event="registered"`)
	other.ask("REGISTER", "<sip:101@dialtone>", "r", "Expires: 0")
	watcher.lamp(`state="terminated"`)
	if answer, _ = watcher.ask("SUBSCRIBE", "<sip:101@dialtone>", "v", "Event: reg", "Accept: text/plain"); !strings.HasPrefix(answer, "SIP/2.0 406") {
		t.Error(answer)
	}
}
