package siptrunk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

var (
	// ErrPassword means that the provider does not accept the username and password.
	ErrPassword = errors.New("wrong username or password")
	// ErrChallenge means that the provider asks for a proof that we cannot give.
	ErrChallenge = errors.New("no challenge that can be answered")
)

const (
	maxFresh = 2 // tries, when each challenge has another nonce
	maxStale = 4 // tries, when the nonce had only become too old
)

// Authorize is req once more, with the proof that res (401 or 407) asks for. req
// must be as Edge.Request has left it. When req had proved itself already, and not
// too late, the password is wrong: ErrPassword.
func (t *Trunks) Authorize(name string, req *sip.Request, res *sip.Response) (*sip.Request, error) {
	l := t.line(name)
	if l == nil {
		return nil, fmt.Errorf("trunk %s: %w", name, ErrUnknown)
	}
	next, err := authorize(l.settings(), req, res)
	if err != nil {
		return nil, fmt.Errorf("trunk %s: %w", name, err)
	}
	return next, nil
}

func authorize(s *settings, req *sip.Request, res *sip.Response) (*sip.Request, error) {
	ask, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == sip.StatusProxyAuthRequired {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	challenges, err := challengesOf(res, ask)
	if err != nil {
		return nil, err
	}
	if s.conf.Password == "" || s.login() == "" {
		return nil, fmt.Errorf("%w: it asks for a password (%d, realm %q), and the trunk has no username and password",
			ErrPassword, res.StatusCode, clean(challenges[0].Realm))
	}
	given := credentialsOf(req, answer)
	next := req.Clone()
	for next.RemoveHeader("Via") { // the next transaction has its own
	}
	for next.RemoveHeader(answer) {
	}
	for _, c := range challenges {
		try, err := tries(c, given[c.Realm])
		if err != nil {
			return nil, err
		}
		proof, err := digest.Digest(c, digest.Options{
			Method: string(req.Method), URI: req.Recipient.String(), Count: 1,
			Username: s.login(), Password: s.conf.Password.Reveal(), Cnonce: cnonce(try),
		})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrChallenge, err)
		}
		next.AppendHeader(sip.NewHeader(answer, proof.String()))
		delete(given, c.Realm)
	}
	for _, c := range given { // what other realms have been told stays valid
		next.AppendHeader(sip.NewHeader(answer, c.String()))
	}
	next.CSeq().SeqNo++
	return next, nil
}

// challengesOf are the challenges of a response, of each realm the first that we
// can answer: the far side puts the one that it likes best first (RFC 8760 §2.4).
func challengesOf(res *sip.Response, header string) ([]*digest.Challenge, error) {
	var list []*digest.Challenge
	var why []string
	for _, h := range res.GetHeaders(header) {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil {
			why = append(why, clean(h.Value())+" cannot be read")
			continue
		}
		for i := range c.QOP {
			c.QOP[i] = strings.ToLower(strings.TrimSpace(c.QOP[i]))
		}
		switch {
		case !digest.CanDigest(c):
			why = append(why, "algorithm "+clean(c.Algorithm)+" is not known")
		case len(c.QOP) > 0 && !c.SupportsQOP("auth"):
			why = append(why, "only qop "+clean(strings.Join(c.QOP, ","))+" is offered, and we have auth")
		case !slices.ContainsFunc(list, func(o *digest.Challenge) bool { return o.Realm == c.Realm }):
			list = append(list, c)
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	if len(why) == 0 {
		why = []string{"there is no " + header}
	}
	return nil, fmt.Errorf("%w in %d: %s", ErrChallenge, res.StatusCode, strings.Join(why, "; "))
}

// credentialsOf are those that a request had, by realm.
func credentialsOf(req *sip.Request, header string) map[string]*digest.Credentials {
	given := map[string]*digest.Credentials{}
	for _, h := range req.GetHeaders(header) {
		if c, err := digest.ParseCredentials(h.Value()); err == nil {
			given[c.Realm] = c
		}
	}
	return given
}

// tries is the number of the next try at a challenge, given what the last one
// said; an error when there is none.
func tries(c *digest.Challenge, last *digest.Credentials) (int, error) {
	if last == nil {
		return 1, nil
	}
	n, err := strconv.Atoi(last.Cnonce[:min(1, len(last.Cnonce))])
	counted := err == nil
	if !counted {
		n = maxFresh // without qop there is no count: those who ask have one of their own
	}
	switch {
	case c.Stale && n < maxStale && (counted || c.Nonce != last.Nonce):
		return n + 1, nil
	case !c.Stale && c.Nonce != last.Nonce && n < maxFresh:
		return n + 1, nil
	case c.Stale:
		return 0, fmt.Errorf("%w: %d times in a row it says that the nonce is stale", ErrChallenge, n)
	}
	return 0, fmt.Errorf("%w (realm %q, user %q)", ErrPassword, clean(c.Realm), clean(last.Username))
}

// cnonce is a random one that begins with the number of the try, so that a request
// alone tells how often it was tried.
func cnonce(try int) string { return strconv.Itoa(try) + rand.Text() }
