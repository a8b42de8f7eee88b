package web

import (
	"crypto/tls"
	"net/http"
	"time"
)

// Certificate is what browsers are shown.
type Certificate struct {
	Source string // "own", "file", "acme"; "" when the web phone is off
	Until  time.Time
	Asked  bool // a public authority is asked
	// Why there is none by it, what to do, and when it is asked again.
	Why, Do string
	Next    time.Time
}

// Certificate says how the certificate stands.
func (s *Server) Certificate() Certificate {
	var c Certificate
	now := s.certs.now.Load()
	if now == nil {
		return c
	}
	c.Source, c.Until = "own", now.Leaf.NotAfter
	if now.authority == nil {
		c.Source = "file"
	}
	web, asked := s.certs.acme.wanted()
	c.Asked = asked
	if have := s.certs.acme.certificate(web.Name); have != nil {
		c.Source, c.Until = "acme", have.Leaf.NotAfter
	}
	if state := s.certs.acme.state.Load(); asked && state != nil {
		c.Why, c.Do, c.Next = state.Why, state.Do, state.Next
	}
	return c
}

// Public is the certificate that a public authority has signed for web.name, for who asks
// for that name, or for none as many phones do; nil when there is none.
func (s *Server) Public(name string) *tls.Certificate {
	if name == "" {
		name = s.Config().Web.Name
	}
	return s.certs.acme.certificate(name)
}

// ICEServer is one of STUN or TURN.
type ICEServer struct {
	URLs                 []string
	Username, Credential string
}

// ICE are the servers that a page is told of which was opened at host, with credentials
// for an extension.
func (s *Server) ICE(host, extension string, until time.Time) (all []ICEServer) {
	for _, one := range s.ice(&http.Request{Host: host}, extension, until).Servers {
		all = append(all, ICEServer(one))
	}
	return all
}
