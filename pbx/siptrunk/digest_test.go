package siptrunk

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
)

func invite() *sip.Request {
	req := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", User: "+4930123456", Host: "203.0.113.9"})
	req.AppendHeader(&sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: "UDP", Host: "192.0.2.1", Params: sip.HeaderParams{{K: "branch", V: "z9hG4bKold"}}})
	req.AppendHeader(&sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: "user", Host: "203.0.113.9"}, Params: sip.HeaderParams{{K: "tag", V: "t"}}})
	req.AppendHeader(&sip.ToHeader{Address: req.Recipient})
	id := sip.CallIDHeader("call")
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 7, MethodName: sip.INVITE})
	req.SetBody([]byte("v=0"))
	return req
}

// holds checks a proof by computing it anew (RFC 7616 §3.4).
func holds(t *testing.T, header, method string, h func() hash.Hash) {
	t.Helper()
	p := map[string]string{}
	for _, m := range param.FindAllStringSubmatch(strings.TrimPrefix(header, "Digest "), -1) {
		p[m[1]] = m[2]
	}
	sum := func(parts ...string) string {
		d := h()
		d.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(d.Sum(nil))
	}
	parts := []string{sum(p["username"], p["realm"], "secret"), p["nonce"]}
	if p["qop"] != "" {
		parts = append(parts, p["nc"], p["cnonce"], p["qop"])
	}
	if want := sum(append(parts, sum(method, p["uri"]))...); p["response"] != want || p["uri"] != "sip:+4930123456@203.0.113.9" {
		t.Errorf("%s\nwant the response %s", header, want)
	}
}

func TestAuthorize(t *testing.T) {
	const www, proxy = "WWW-Authenticate: ", "Proxy-Authenticate: "
	for _, test := range []struct {
		name       string
		code       int
		challenges []string
		answer     string // the header that is added
		hash       func() hash.Hash
		has        string
		err        error
		words      string
	}{
		{name: "MD5, no qop", code: 401, challenges: []string{www + `Digest realm="p", nonce="n"`}, answer: "Authorization", hash: md5.New, has: `username="user"`},
		{
			name: "proxy, qop auth, opaque", code: 407, challenges: []string{proxy + `Digest realm="p", nonce="n", qop="auth-int, auth", opaque="o"`},
			answer: "Proxy-Authorization", hash: md5.New, has: `opaque="o"`,
		},
		{
			name: "the first that is known", code: 401, challenges: []string{
				www + `Digest realm="p", nonce="n", algorithm=FUTURE`,
				www + `Digest realm="p", nonce="n2", algorithm=SHA-256, qop="auth"`, www + `Digest realm="p", nonce="n3", algorithm=MD5`,
			},
			answer: "Authorization", hash: sha256.New, has: `nonce="n2"`,
		},
		{name: "auth-int only", code: 401, challenges: []string{www + `Digest realm="p", nonce="n", qop="auth-int"`}, err: ErrChallenge, words: "auth-int"},
		{name: "unknown algorithm", code: 401, challenges: []string{www + `Digest realm="p", nonce="n", algorithm=FUTURE`}, err: ErrChallenge, words: "FUTURE"},
		{name: "basic", code: 401, challenges: []string{www + `Basic realm="p"`}, err: ErrChallenge, words: "Basic"},
		{name: "nothing", code: 401, err: ErrChallenge, words: "there is no WWW-Authenticate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := prepare(t, &network{}, map[string]config.Trunk{"p": provider()})
			req := invite()
			next, err := b.Authorize("p", req, respond(req, test.code, "Prove it", test.challenges...))
			if test.err != nil {
				if !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.words) || strings.Contains(err.Error(), "secret") {
					t.Errorf("error %v, want %q", err, test.words)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			all := next.GetHeaders(test.answer)
			if len(all) != 1 || !strings.Contains(all[0].Value(), test.has) {
				t.Fatalf("%s %v, want %s", test.answer, all, test.has)
			}
			holds(t, all[0].Value(), "INVITE", test.hash)
			if next.CSeq().SeqNo != 8 || next.Via() != nil || next.CallID().Value() != "call" || string(next.Body()) != "v=0" || req.CSeq().SeqNo != 7 {
				t.Errorf("next request:\n%s", next)
			}
		})
	}
}

func TestAuthorizeStops(t *testing.T) {
	type step struct {
		challenge string
		err       error
	}
	const same, fresh = `Digest realm="p", nonce="n", qop="auth"`, `Digest realm="p", nonce="n%d", qop="auth"`
	stale := fresh + `, stale=true`
	for name, steps := range map[string][]step{
		"same nonce":                {{same, nil}, {same, ErrPassword}},
		"same nonce, stale":         {{same, nil}, {same + ", stale=true", nil}, {same, ErrPassword}},
		"without qop":               {{`Digest realm="p", nonce="n"`, nil}, {`Digest realm="p", nonce="n%d"`, ErrPassword}},
		"without qop, stale":        {{`Digest realm="p", nonce="n"`, nil}, {`Digest realm="p", nonce="n%d", stale=true`, nil}, {`Digest realm="p", nonce="n%d"`, ErrPassword}},
		"without qop, still stale":  {{`Digest realm="p", nonce="n"`, nil}, {`Digest realm="p", nonce="n", stale=true`, ErrChallenge}},
		"fresh nonces":              {{fresh, nil}, {fresh, nil}, {fresh, ErrPassword}},
		"stale nonces":              {{stale, nil}, {stale, nil}, {stale, nil}, {stale, nil}, {stale, ErrChallenge}},
		"another realm has its own": {{same, nil}, {`Digest realm="q", nonce="n", qop="auth"`, nil}, {same, ErrPassword}},
	} {
		t.Run(name, func(t *testing.T) {
			b := prepare(t, &network{}, map[string]config.Trunk{"p": provider()})
			req := invite()
			for i, s := range steps {
				challenge := s.challenge
				if strings.Contains(challenge, "%d") {
					challenge = fmt.Sprintf(challenge, i)
				}
				next, err := b.Authorize("p", req, respond(req, 401, "Unauthorized", "WWW-Authenticate: "+challenge))
				if !errors.Is(err, s.err) || (err == nil) != (s.err == nil) {
					t.Fatalf("challenge %d: error %v, want %v", i, err, s.err)
				}
				if err == nil {
					req = next
				}
			}
		})
	}
}

func TestAuthorizeKeepsWhatAProxyWasTold(t *testing.T) {
	b := prepare(t, &network{}, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Login = "login" })})
	req := invite()
	first, err := b.Authorize("p", req, respond(req, 407, "Proxy", `Proxy-Authenticate: Digest realm="edge", nonce="n"`))
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.Authorize("p", first, respond(first, 401, "Unauthorized", `WWW-Authenticate: Digest realm="core", nonce="n"`))
	if err != nil {
		t.Fatal(err)
	}
	if len(second.GetHeaders("Proxy-Authorization")) != 1 || len(second.GetHeaders("Authorization")) != 1 ||
		!strings.Contains(second.GetHeader("Authorization").Value(), `username="login"`) || second.CSeq().SeqNo != 9 {
		t.Errorf("second request:\n%s", second)
	}
	none := prepare(t, &network{}, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Username, c.Password = "", "" })})
	if _, err := none.Authorize("p", req, respond(req, 401, "Unauthorized", `WWW-Authenticate: Digest realm="core", nonce="n"`)); !errors.Is(err, ErrPassword) ||
		!strings.Contains(err.Error(), "the trunk has no username and password") {
		t.Errorf("error %v", err)
	}
}
