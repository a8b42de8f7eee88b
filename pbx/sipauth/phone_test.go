package sipauth_test

import (
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"dialtone/config"
	"dialtone/pbx/sipauth"
)

const registerURI = "sip:dialtone"

// phone answers challenges as RFC 7616 has it.
type phone struct {
	user, password string
	algorithm      string // MD5, SHA-256, or "" for MD5 without saying so
	noQop          bool
	uri            string // signed; "" means the request's
	source         netip.Addr
	nonce          string
	nc             uint32
}

func newPhone(user, password string) *phone {
	return &phone{user: user, password: password, algorithm: "SHA-256", source: netip.MustParseAddr("192.0.2.7")}
}

func (p *phone) hash(parts ...string) string {
	text := []byte(strings.Join(parts, ":"))
	if p.algorithm == "SHA-256" {
		return fmt.Sprintf("%x", sha256.Sum256(text))
	}
	return fmt.Sprintf("%x", md5.Sum(text))
}

// answer is an Authorization value for the nonce that the phone has.
func (p *phone) answer(method, uri string) string {
	p.nc++
	if p.uri != "" {
		uri = p.uri
	}
	head := fmt.Sprintf(`Digest username="%s", realm="dialtone", nonce="%s", uri="%s"`, p.user, p.nonce, uri)
	if p.algorithm != "" {
		head += ", algorithm=" + p.algorithm
	}
	ha1, ha2 := p.hash(p.user, "dialtone", p.password), p.hash(method, uri)
	if p.noQop {
		return head + fmt.Sprintf(`, response="%s"`, p.hash(ha1, p.nonce, ha2))
	}
	nc := fmt.Sprintf("%08x", p.nc)
	return head + fmt.Sprintf(`, qop=auth, nc=%s, cnonce="c0ffee", response="%s"`, nc, p.hash(ha1, p.nonce, nc, "c0ffee", "auth", ha2))
}

var nonceIn = regexp.MustCompile(`nonce="([^"]+)"`)

// take keeps the nonce of a challenge.
func (p *phone) take(tb testing.TB, v sipauth.Verdict) {
	tb.Helper()
	if v.Kind != sipauth.Challenge || len(v.Challenges) == 0 {
		tb.Fatalf("no challenge but %+v", v)
	}
	p.nonce, p.nc = nonceIn.FindStringSubmatch(v.Challenges[0])[1], 0
}

// login sends a REGISTER with nothing, then one with the answer.
func (p *phone) login(tb testing.TB, a *sipauth.Authenticator) sipauth.Verdict {
	tb.Helper()
	p.take(tb, a.Check("REGISTER", registerURI, nil, p.source))
	return p.send(a)
}

// send is a REGISTER with the nonce that the phone has.
func (p *phone) send(a *sipauth.Authenticator) sipauth.Verdict {
	return a.Check("REGISTER", registerURI, []string{p.answer("REGISTER", registerURI)}, p.source)
}

func testConfig() *config.Config {
	cfg := config.Default()
	cfg.SIP.Digest = "both"
	cfg.SIP.MaxFailures = 3
	cfg.Extensions = map[string]config.Extension{
		"100": {Password: "secret-100"},
		"101": {Password: "secret-101"},
		"102": {},
	}
	return &cfg
}

func start(cfg *config.Config) *sipauth.Authenticator {
	return sipauth.New(sipauth.Options{Config: func() *config.Config { return cfg }, Log: slog.New(slog.DiscardHandler)})
}
