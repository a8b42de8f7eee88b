package web

import "net/http"

// routes is everything that is served here.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", s.serveSIP)
	mux.HandleFunc("GET /ca.pem", s.caFile)
	mux.HandleFunc("GET /certificate", s.trustPage)
	mux.HandleFunc("GET /certificate.css", s.trustStyle)
	mux.HandleFunc("POST /api/phone/login", s.login)
	mux.HandleFunc("GET /api/phone/check", s.about)
	mux.HandleFunc("GET /files/{id}", s.file)
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request, session){
		"POST /api/phone/logout":              s.logout,
		"GET /api/phone/session":              s.session,
		"GET /api/phone/directory":            s.directory,
		"GET /api/phone/calls":                s.calls,
		"GET /api/phone/calls/now":            s.callsNow,
		"POST /api/phone/calls/record":        s.recordOwn,
		"POST /api/phone/calls/merge":         s.mergeOwn,
		"POST /api/phone/calls/member":        s.memberOfOwn,
		"GET /api/phone/voicemail":            s.messages,
		"GET /api/phone/voicemail/{id}/audio": s.messageAudio,
		"PUT /api/phone/voicemail/{id}/heard": s.messageHeard,
		"DELETE /api/phone/voicemail/{id}":    s.deleteMessage,
		"GET /api/phone/settings":             s.ownSettings,
		"PUT /api/phone/settings":             s.setSettings,
		"GET /api/phone/chats":                s.chats,
		"GET /api/phone/chats/{with}":         s.chat,
		"GET /api/phone/events":               s.stream,

		"POST /api/phone/files":               s.takeFile,
		"PUT /api/phone/files/{id}/thumb":     s.setThumb,
		"DELETE /api/phone/files/{id}":        s.deleteFile,
		"GET /files/{id}/thumb":               s.thumb,
		"GET /api/phone/own":                  s.own,
		"PUT /api/phone/own/status":           s.setStatus,
		"PUT /api/phone/own/seen":             s.setSeen,
		"PUT /api/phone/favourites/{whom}":    s.favour,
		"DELETE /api/phone/favourites/{whom}": s.favour,
		"POST /api/phone/contacts":            s.addContacts,
		"PUT /api/phone/contacts/{id}":        s.putContact,
		"DELETE /api/phone/contacts/{id}":     s.deleteContact,
		"PUT /api/phone/picture":              s.setPicture,
		"DELETE /api/phone/picture":           s.setPicture,
		"GET /api/phone/pictures/{extension}": s.picture,
	} {
		mux.HandleFunc(pattern, s.known(serve))
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "unknown") })
	mux.Handle("/", s.page)
	return mux
}

// known has serve called for who is logged in.
func (s *Server) known(serve func(http.ResponseWriter, *http.Request, session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		me, ok := s.sessionOf(r)
		if !ok {
			fail(w, http.StatusUnauthorized, "login")
			return
		}
		serve(w, r, me)
	}
}

// sessionOf is the session of the cookie that a request carries.
func (s *Server) sessionOf(r *http.Request) (session, bool) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return session{}, false
	}
	return s.sessions.of(c.Value)
}
