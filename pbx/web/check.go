package web

import (
	"net/http"

	"dialtone/pbx/call"
)

// aboutAnswer is GET /api/phone/check: what a page needs to find out why it cannot be used.
// Who is not logged in learns nothing that connecting does not tell.
type aboutAnswer struct {
	Certificate string `json:"certificate"` // "own", "file", "acme"
	Target      string `json:"target"`      // where a phone hears itself; "" for who is not logged in
}

func (s *Server) about(w http.ResponseWriter, r *http.Request) {
	a := aboutAnswer{Certificate: s.Certificate().Source}
	if !s.certs.known(serverName(r)) {
		a.Certificate = "own"
	}
	if _, ok := s.sessionOf(r); ok {
		a.Target = call.CheckLine
	}
	s.answer(w, a)
}
