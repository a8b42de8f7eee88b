package web

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"dialtone/dialplan"
)

// ownSettings is GET /api/phone/settings: every setting as the control program shows it,
// {"dnd": "off", "forward-no-answer": "voicemail after 20s"}.
func (s *Server) ownSettings(w http.ResponseWriter, _ *http.Request, me session) {
	s.answer(w, s.Settings.Values(me.Extension))
}

// setSettings is PUT with those to change. They are changed in order of name, until one
// cannot be: the answer then names it.
func (s *Server) setSettings(w http.ResponseWriter, r *http.Request, me session) {
	var in map[string]string
	if !ask(w, r, &in) {
		return
	}
	names := slices.Sorted(maps.Keys(in))
	for _, name := range names {
		if !slices.Contains(dialplan.SettingNames(), name) {
			fail(w, http.StatusBadRequest, "setting")
			return
		}
	}
	defer s.events.look()
	for _, name := range names {
		err := s.Settings.Set(me.Extension, name, in[name])
		switch {
		case errors.Is(err, ErrValue):
			s.Log.Info("a setting cannot be so", "extension", me.Extension, "error", err)
			fail(w, http.StatusBadRequest, "value-"+name)
			return
		case err != nil:
			s.broken(w, err)
			return
		}
	}
	s.ownSettings(w, r, me)
}
