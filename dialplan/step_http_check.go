package dialplan

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	jsonPath   = regexp.MustCompile(`^(\.|[^.\s]+(\.[^.\s]+)*)$`)
	tokenText  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")
	serverPart = regexp.MustCompile(`^https?://[^/?#]*`)
)

func (s *HTTP) check(c *checker) {
	c.text(&s.URL)
	c.url(s.URL)
	body := len(s.JSON) > 0 || s.Body.Value != ""
	if len(s.JSON) > 0 && s.Body.Value != "" {
		c.fail(s.Body.At, "json and body are both written", "keep one of them")
	}
	if body && s.verb() == "GET" {
		c.fail(s.Where(), "a GET carries no body", "write method: POST, or remove method")
	}
	c.text(&s.Body)
	for i := range s.JSON {
		c.text(&s.JSON[i].Text)
	}
	for i := range s.Headers {
		c.httpHeader(s.Headers[i].Name, s.Headers[i].At)
		c.text(&s.Headers[i].Text)
	}
	s.checkAuth(c)
	for _, v := range s.Into {
		c.settable(v.Name, v.At)
		if !jsonPath.MatchString(v.Text.Value) {
			c.fail(v.Text.At, quote(v.Text.Value)+" is no path into an answer", "write one like customer.name or items.0.id")
		}
	}
	c.within("on.failed", s.On.Failed)
}

func (s *HTTP) checkAuth(c *checker) {
	a := &s.Auth
	c.text(&a.User)
	ways := 0
	for _, given := range [...]bool{a.Bearer != "", a.User.Value != "" || a.Password != "", a.Header.Value != "" || a.Secret != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		c.fail(s.Where(), "auth says in more than one way who asks", "keep bearer, or user and password, or header and secret")
	case a.User.Value == "" != (a.Password == ""):
		c.fail(s.Where(), "auth needs user and password together", "write both")
	case a.Header.Value == "" != (a.Secret == ""):
		c.fail(s.Where(), "auth needs header and secret together", "write both")
	case a.Header.Value != "":
		c.httpHeader(a.Header.Value, a.Header.At)
	}
	if ways > 0 && strings.HasPrefix(s.URL.Value, "http://") && !loopback(s.URL.Value) {
		c.warn(s.Where(), "the secrets of auth go over the net unencrypted", "write https://")
	}
}

// url checks the address that a step or webhook asks.
func (c *checker) url(t Text) {
	if t.Value == "" {
		return
	}
	const remedy = "write one like https://crm.example.net/callers?number=${from}"
	server := serverPart.FindString(t.Value)
	switch u, err := url.Parse(server); {
	case server == "":
		c.fail(t.At, quote(t.Value)+" is no URL of a web server", remedy)
	case strings.Contains(server, "${"):
		at := t.At
		at.Column += len([]rune(server[:strings.Index(server, "${")]))
		c.fail(at, "a variable in the name of the server: a caller could choose who is asked", "write the name, and use switch when there are several")
	case err != nil || u.Hostname() == "":
		c.fail(t.At, quote(t.Value)+" is no URL of a web server", remedy)
	case u.User != nil:
		c.fail(t.At, "a password in the URL ends up in logs", "write auth: {user: ..., password: file:PATH}")
	}
}

// loopback reports whether a URL is of this machine.
func loopback(address string) bool {
	u, err := url.Parse(serverPart.FindString(address))
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// httpHeader checks the name of a header of a request.
func (c *checker) httpHeader(name string, at Pos) {
	own := []string{"host", "content-length", "transfer-encoding", "connection", "upgrade", "trailer", "te", "expect", "proxy-authorization"}
	switch lower := strings.ToLower(name); {
	case !tokenText.MatchString(name):
		c.fail(at, quote(name)+" is not the name of a header", "write one like X-Request-Source")
	case slices.Contains(own, lower):
		c.fail(at, "the header "+name+" is made by Dialtone itself", "remove it")
	case lower == "authorization":
		c.fail(at, "a secret in headers would be shown", "write auth: {bearer: file:PATH}, or user and password")
	}
}
