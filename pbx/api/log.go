package api

import "net/http"

func (a *API) setLogLevel(w http.ResponseWriter, r *http.Request) error {
	var body LogLevel
	if err := read(r, &body); err != nil {
		return err
	}
	if err := a.server.SetLogLevel(body.Level); err != nil {
		return invalid("%v", err)
	}
	return done(w)
}

func (a *API) setTrace(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		On *bool `json:"on"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	if body.On == nil {
		return invalid(`the body needs "on": true or false`)
	}
	a.server.SetTrace(*body.On)
	return done(w)
}
