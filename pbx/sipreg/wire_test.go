package sipreg_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/sipreg"
	"dialtone/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a registrar on real sockets.
type server struct {
	cfg  config.Config
	reg  *registrar.Registrar
	edge *sipedge.Edge
}

func startServer(tb testing.TB, spoil ...func(*config.Config)) *server {
	tb.Helper()
	s := &server{cfg: config.Default()}
	s.cfg.SIP.Digest = "both"
	s.cfg.SIP.UDP, s.cfg.SIP.TCP, s.cfg.SIP.TLS = []string{"127.0.0.1:0"}, []string{"127.0.0.1:0"}, nil
	s.cfg.SIP.MaxFailures = 3
	s.cfg.SIP.RatePerSource = 1_000_000
	s.cfg.Registrar.Qualify = 0
	s.cfg.Extensions = map[string]config.Extension{"100": {Password: "secret"}, "101": {Password: "other"}}
	for _, f := range spoil {
		f(&s.cfg)
	}
	current := func() *config.Config { return &s.cfg }
	log := slog.New(slog.DiscardHandler)
	var err error
	if s.reg, err = registrar.New(registrar.Options{Store: memory.New(), Config: current, Log: log}); err != nil {
		tb.Fatal(err)
	}
	if s.edge, err = sipedge.New(sipedge.Options{Config: current, Log: log, Registered: s.reg.ByFlow}); err != nil {
		tb.Fatal(err)
	}
	auth := sipauth.New(sipauth.Options{Config: current, Log: log})
	auth.Issue(func(username string) (extension, password string, ok bool) {
		return "100", "for a while", username == "100~issued"
	})
	service := sipreg.New(sipreg.Options{
		Edge: s.edge, Auth: auth, Registrar: s.reg, Config: current, Log: log,
	})
	ctx, cancel := context.WithCancel(context.Background())
	if err := s.edge.Listen(ctx); err != nil {
		tb.Fatal(err)
	}
	edge, rest := make(chan struct{}), make(chan struct{})
	go func() { _ = s.edge.Run(ctx); close(edge) }()
	go func() { service.Run(ctx); close(rest) }()
	tb.Cleanup(func() { cancel(); <-edge; <-rest })
	return s
}

func (s *server) address(transport string) string {
	for _, a := range s.edge.Addresses() {
		if a.Transport == transport {
			return a.AddrPort.String()
		}
	}
	return ""
}

// phone speaks SIP as text, so that what is tested is what is on the wire.
type phone struct {
	t         testing.TB
	conn      net.Conn
	in        *bufio.Reader // for TCP
	buf       []byte
	transport string
	user      string
	password  string
	cseq      int
	sent      int
	nonce     string
	nc        int
}

func (s *server) phone(tb testing.TB, transport string) *phone {
	tb.Helper()
	conn, err := net.Dial(transport, s.address(transport))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	p := &phone{t: tb, conn: conn, transport: strings.ToUpper(transport), user: "100", password: "secret"}
	if transport == "tcp" {
		p.in = bufio.NewReader(conn)
	}
	return p
}

// contact is the phone's own address as a Contact value.
func (p *phone) contact(params string) string {
	return "Contact: <sip:100@" + p.conn.LocalAddr().String() + ">" + params
}

// send writes one REGISTER with these header lines.
func (p *phone) send(lines ...string) {
	p.t.Helper()
	p.cseq++
	p.sent++
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "To:") }) {
		lines = append(lines, "To: <sip:"+p.user+"@dialtone>")
	}
	if p.nonce != "" {
		lines = append(lines, "Authorization: "+p.authorization())
	}
	text := fmt.Sprintf("REGISTER sip:dialtone SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=z9hG4bK%d-%p\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%s@dialtone>;tag=t\r\nCall-ID: call-%p\r\nCSeq: %d REGISTER\r\n%s\r\nContent-Length: 0\r\n\r\n",
		p.transport, p.conn.LocalAddr(), p.sent, p, p.user, p, p.cseq, strings.Join(lines, "\r\n"))
	if _, err := io.WriteString(p.conn, text); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) authorization() string {
	p.nc++
	h := func(parts ...string) string {
		return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":"))))
	}
	nc := fmt.Sprintf("%08x", p.nc)
	return fmt.Sprintf(`Digest username="%s", realm="dialtone", nonce="%s", uri="sip:dialtone", algorithm=MD5, qop=auth, nc=%s, cnonce="c", response="%s"`,
		p.user, p.nonce, nc, h(h(p.user, "dialtone", p.password), p.nonce, nc, "c", "auth", h("REGISTER", "sip:dialtone")))
}

// receive gives the next message, or "" when none comes within wait.
func (p *phone) receive(wait time.Duration) string {
	p.t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(wait))
	if p.in == nil {
		if p.buf == nil {
			p.buf = make([]byte, 65536)
		}
		n, _ := p.conn.Read(p.buf)
		return string(p.buf[:n])
	}
	var text strings.Builder
	for {
		line, err := p.in.ReadString('\n')
		text.WriteString(line)
		if err != nil || line == "\r\n" {
			return text.String()
		}
	}
}

var nonceIn = regexp.MustCompile(`nonce="([^"]+)"`)

// register sends a REGISTER, answers a challenge and gives the final response.
func (p *phone) register(lines ...string) string {
	p.t.Helper()
	p.send(lines...)
	res := p.receive(5 * time.Second)
	if found := nonceIn.FindStringSubmatch(res); found != nil {
		p.nonce, p.nc = found[1], 0
		p.send(lines...)
		res = p.receive(5 * time.Second)
	}
	return res
}

func status(res string) string {
	line, _, _ := strings.Cut(res, "\r\n")
	return strings.TrimPrefix(line, "SIP/2.0 ")
}

// lines are the header lines of a message that begin so.
func lines(res, prefix string) []string {
	var found []string
	for l := range strings.SplitSeq(res, "\r\n") {
		if strings.HasPrefix(l, prefix) {
			found = append(found, strings.TrimPrefix(l, prefix))
		}
	}
	return found
}
