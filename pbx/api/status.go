package api

import "net/http"

func (a *API) status(w http.ResponseWriter, _ *http.Request) error {
	status := a.server.Status()
	status.Addresses = list(status.Addresses)
	status.Process = readProcess()
	return answer(w, status)
}

func (a *API) features(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, list(a.server.Features()))
}
