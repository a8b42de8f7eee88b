package api

import "net/http"

func (a *API) calls(w http.ResponseWriter, _ *http.Request) error {
	calls := list(a.server.Calls())
	for i := range calls {
		calls[i].Legs = list(calls[i].Legs)
	}
	return answer(w, calls)
}

func (a *API) hangup(w http.ResponseWriter, r *http.Request) error {
	if err := a.server.Hangup(r.PathValue("id")); err != nil {
		return err
	}
	return done(w)
}

func (a *API) registrations(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, list(a.server.Registrations()))
}
