package pbx

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"dialtone/pbx/api"
	"dialtone/pbx/call"
)

const checkLife = 3 * time.Minute

// checker gives credentials to who checks the server, and knows them again. Nobody gets
// them but over the control socket, and they reach call.CheckLine only.
type checker struct{ secret []byte }

func newChecker() *checker {
	k := &checker{secret: make([]byte, 32)}
	_, _ = rand.Read(k.secret) // never fails, see its documentation
	return k
}

func (k *checker) issue(now time.Time) (username, password string, until time.Time) {
	until = now.Add(checkLife).Truncate(time.Second)
	username = call.CheckCaller + "~" + strconv.FormatInt(until.Unix(), 10)
	return username, k.password(username), until
}

func (k *checker) password(username string) string {
	m := hmac.New(sha256.New, k.secret)
	_, _ = m.Write([]byte(username))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// issued gives the password of a user name that issue has made.
func (k *checker) issued(username string) (extension, password string, ok bool) {
	text, ours := strings.CutPrefix(username, call.CheckCaller+"~")
	until, err := strconv.ParseInt(text, 10, 64)
	if !ours || err != nil || time.Now().After(time.Unix(until, 0)) {
		return "", "", false
	}
	return call.CheckCaller, k.password(username), true
}

// issued gives the extension and password of a user name that somebody was given for a
// while: a page, or who checks the server.
func (s *Server) issued(username string) (extension, password string, ok bool) {
	if extension, password, ok = s.checker.issued(username); ok {
		return extension, password, true
	}
	return s.browser.Issued(username)
}

// Check implements api.Server.
func (s *Server) Check() api.Check {
	cfg := s.Config()
	k := api.Check{Domain: cfg.SIP.Domain, Target: call.CheckLine, Name: cfg.Web.Name}
	k.Username, k.Password, k.Expires = s.checker.issue(time.Now())
	for _, a := range s.browser.Addresses() {
		k.Web = append(k.Web, a.String())
	}
	if len(k.Web) > 0 {
		for _, one := range s.browser.ICE(hostAt(s.browser.Addresses()[0]), call.CheckCaller, k.Expires) {
			k.ICE = append(k.ICE, api.ICEServer(one))
		}
	}
	c := s.browser.Certificate()
	k.Certificate = api.Certificate{Source: c.Source, Until: c.Until, Asked: c.Asked, Why: c.Why, Do: c.Do, Next: c.Next}
	return k
}

// hostAt is how this machine itself reaches what is bound at an address.
func hostAt(at netip.AddrPort) string {
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return at.String()
}
