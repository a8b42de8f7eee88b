package testphone

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// registration is what the phone remembers between its REGISTERs.
type registration struct {
	callID string
	cseq   uint32
	nc     nonceCount
}

// nonceCount counts the uses of nonces (RFC 8760, RFC 7616 §3.4).
type nonceCount struct {
	mu   sync.Mutex
	used map[string]int
}

func (n *nonceCount) next(nonce string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.used == nil {
		n.used = map[string]int{}
	}
	n.used[nonce]++
	return n.used[nonce]
}

// Reply is a response, for tests to look at.
type Reply struct {
	Status int
	Reason string
	res    *sip.Response
}

// Header is the value of the first header of that name, "" when there is none.
func (r Reply) Header(name string) string {
	if r.res == nil {
		return ""
	}
	return headerOf(r.res, name)
}

// Headers are the values of all headers of that name.
func (r Reply) Headers(name string) []string {
	var out []string
	if r.res != nil {
		for _, h := range r.res.GetHeaders(name) {
			out = append(out, h.Value())
		}
	}
	return out
}

// Body is the body of the response.
func (r Reply) Body() string {
	if r.res == nil {
		return ""
	}
	return string(r.res.Body())
}

// String is the status line without the version.
func (r Reply) String() string { return strings.TrimSpace(strconv.Itoa(r.Status) + " " + r.Reason) }

func replyOf(r *sip.Response) Reply { return Reply{Status: r.StatusCode, Reason: r.Reason, res: r} }

func headerOf(m interface{ GetHeader(string) sip.Header }, name string) string {
	if h := m.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

// Registration says how a REGISTER differs from the usual one.
type Registration struct {
	Expires  int               // seconds; 0 unregisters, -1 asks for nothing
	Contacts []string          // instead of the phone's own; "*" for all of them
	Password string            // instead of the phone's own
	NoAuth   bool              // gives no credentials when asked
	Headers  map[string]string // further ones
	Params   string            // behind the contact: `;q=0.5;+sip.instance="<urn:uuid:...>"`
}

// Register registers for an hour. It fails the test unless that is accepted.
func (p *Phone) Register(ctx context.Context) {
	p.t.Helper()
	if r := p.RegisterWith(ctx, Registration{Expires: 3600}); r.Status != 200 {
		p.fail("REGISTER was answered %s, want 200", r)
	}
}

// Unregister removes the phone's contact. It fails the test unless that is
// accepted.
func (p *Phone) Unregister(ctx context.Context) {
	p.t.Helper()
	if r := p.RegisterWith(ctx, Registration{Expires: 0}); r.Status != 200 {
		p.fail("REGISTER with Expires: 0 was answered %s, want 200", r)
	}
}

// RegisterWith sends a REGISTER, with credentials when asked for them, and
// returns the final response. It fails the test when there is none.
func (p *Phone) RegisterWith(ctx context.Context, how Registration) Reply {
	p.t.Helper()
	reply, err := p.exchange(ctx, func() (*sip.Request, error) {
		p.reg.cseq++
		req := p.plain(sip.REGISTER, sip.Uri{Scheme: "sip", Host: p.opt.Domain},
			sip.Uri{Scheme: "sip", User: p.opt.Extension, Host: p.opt.Domain}, p.reg.callID, p.reg.cseq)
		contacts := how.Contacts
		if len(contacts) == 0 {
			contacts = []string{"<" + p.URI() + ">" + how.Params}
		}
		for _, c := range contacts {
			req.AppendHeader(sip.NewHeader("Contact", c))
		}
		if how.Expires >= 0 {
			req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(how.Expires)))
		}
		for name, value := range how.Headers {
			req.AppendHeader(sip.NewHeader(name, value))
		}
		p.describe(req)
		return req, nil
	}, credentials{p.opt.AuthUser, either(how.Password, p.opt.Password), how.NoAuth})
	if err != nil {
		p.fail("REGISTER: no final response: %v", err)
	}
	return reply
}

// Request sends a request outside of calls, such as OPTIONS, to the user to at
// the server and returns the final response. It fails the test when there is none.
func (p *Phone) Request(ctx context.Context, method, to string, headers map[string]string, body string) Reply {
	p.t.Helper()
	callID, cseq := sip.GenerateTagN(20), uint32(0)
	reply, err := p.exchange(ctx, func() (*sip.Request, error) {
		cseq++
		uri, err := p.target(to)
		if err != nil {
			return nil, err
		}
		req := p.plain(sip.RequestMethod(method), uri, uri, callID, cseq)
		contact := p.contact()
		req.AppendHeader(&sip.ContactHeader{Address: contact})
		for name, value := range headers {
			req.AppendHeader(sip.NewHeader(name, value))
		}
		req.SetBody([]byte(body))
		return req, nil
	}, credentials{p.opt.AuthUser, p.opt.Password, false})
	if err != nil {
		p.fail("%s: no final response: %v", method, err)
	}
	return reply
}

// plain is a request from the phone, outside of any dialog.
func (p *Phone) plain(method sip.RequestMethod, uri, whom sip.Uri, callID string, cseq uint32) *sip.Request {
	from := &sip.FromHeader{DisplayName: p.opt.Name, Address: sip.Uri{Scheme: "sip", User: p.opt.Extension, Host: p.opt.Domain}}
	from.Params.Add("tag", sip.GenerateTagN(10))
	req := p.newRequest(method, uri, from, &sip.ToHeader{Address: whom}, callID, cseq)
	req.SetBody(nil)
	return req
}

// target is the address of a number at the server, or of a whole URI.
func (p *Phone) target(to string) (sip.Uri, error) {
	var uri sip.Uri
	if strings.HasPrefix(to, "sip:") || strings.HasPrefix(to, "sips:") || strings.HasPrefix(to, "tel:") {
		return uri, sip.ParseUri(to, &uri)
	}
	return sip.Uri{Scheme: "sip", User: to, Host: p.opt.Domain}, nil
}

type credentials struct {
	user, password string
	withheld       bool
}

// exchange sends what build makes, once more with credentials when the answer
// asks for them, and once more again when only the nonce was stale.
func (p *Phone) exchange(ctx context.Context, build func() (*sip.Request, error), cred credentials) (Reply, error) {
	var challenge *sip.Response
	for try := 0; ; try++ {
		var final *sip.Response
		err := p.under(func() error {
			req, err := build()
			if err != nil {
				return err
			}
			if challenge != nil {
				if err := p.authorize(req, challenge, cred); err != nil {
					return err
				}
			}
			f, err := p.flowTo(req.Recipient)
			if err != nil {
				return err
			}
			return p.send(f, req, func(r *sip.Response) {
				if !r.IsProvisional() {
					final = r
				}
			})
		})
		if err != nil {
			return Reply{}, err
		}
		if err := p.wait(ctx, func() bool { return final != nil }); err != nil {
			return Reply{}, err
		}
		if cred.withheld || (final.StatusCode != 401 && final.StatusCode != 407) || (try > 0 && !stale(final)) || try > 2 {
			return replyOf(final), nil
		}
		challenge = final
	}
}

func (p *Phone) under(f func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return f()
}

func stale(r *sip.Response) bool {
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		if strings.Contains(strings.ToLower(headerOf(r, name)), "stale=true") {
			return true
		}
	}
	return false
}

// authorize adds credentials for the first challenge that the phone can and
// wants to answer.
func (p *Phone) authorize(req *sip.Request, res *sip.Response, cred credentials) error {
	ask, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	for _, h := range res.GetHeaders(ask) {
		challenge, err := digest.ParseChallenge(h.Value())
		if err != nil || !digest.CanDigest(challenge) || (p.opt.Algorithm != "" && !strings.EqualFold(challenge.Algorithm, p.opt.Algorithm)) {
			continue
		}
		c, err := digest.Digest(challenge, digest.Options{
			Method: string(req.Method), URI: req.Recipient.String(),
			Username: cred.user, Password: cred.password, Count: p.reg.nc.next(challenge.Nonce),
		})
		if err != nil {
			return err
		}
		req.RemoveHeader(answer)
		req.AppendHeader(sip.NewHeader(answer, c.String()))
		return nil
	}
	return fmt.Errorf("%d without a challenge that the phone can answer", res.StatusCode)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
