package web

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// Relay is one for browsers whose network lets hardly anything through (TURN).
type Relay interface {
	// ServeConn serves a connection that speaks STUN until it closes; it closes it.
	ServeConn(conn net.Conn) error
	// Credential is for an extension, good until then.
	Credential(extension string, until time.Time) (username, password string)
}

// iceAnswer is what a page needs to know of relays.
type iceAnswer struct {
	Servers []iceServer `json:"servers"`
}

// iceServer is as RTCPeerConnection takes it.
type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// ice are our relay, and those that were configured.
func (s *Server) ice(r *http.Request, extension string, until time.Time) iceAnswer {
	a := iceAnswer{Servers: []iceServer{}}
	t := &s.Config().Web.TURN
	username, password := "", ""
	if s.Relay != nil {
		username, password = s.Relay.Credential(extension, until)
	}
	if own := s.ownRelay(r); len(own) > 0 {
		a.Servers = append(a.Servers, iceServer{own, username, password})
	}
	if t.Username != "" {
		username, password = t.Username, t.Password.Reveal()
	}
	for _, u := range t.Servers {
		if strings.HasPrefix(u, "stun") {
			a.Servers = append(a.Servers, iceServer{URLs: []string{u}})
			continue
		}
		a.Servers = append(a.Servers, iceServer{[]string{u}, username, password})
	}
	return a
}

// ownRelay is where this page reaches our relay: where it has come from itself. Through a
// web server that passes it on nothing but HTTP comes: then the port that we listen on
// has to be open as well.
func (s *Server) ownRelay(r *http.Request) []string {
	cfg := s.Config()
	if s.Relay == nil || !cfg.Web.TURN.Relay || !plainHost.MatchString(r.Host) {
		return nil
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = strings.Trim(r.Host, "[]"), "443"
	}
	if proxied(r) {
		port = ownPort(r)
	}
	at := net.JoinHostPort(host, port)
	urls := []string{"turns:" + at + "?transport=tcp", "turn:" + at + "?transport=tcp"}
	if cfg.Web.TURN.UDP {
		urls = append(urls, "turn:"+at+"?transport=udp")
	}
	return urls
}

func ownPort(r *http.Request) string {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return "443"
	}
	_, port, _ := net.SplitHostPort(local.String())
	return port
}
