package api

import (
	"errors"
	"net/http"
	"path/filepath"

	"dialtone/config"
)

// A refused configuration is the admin's to mend, whatever was wrong with it.
func (a *API) reload(w http.ResponseWriter, _ *http.Request) error {
	result, err := a.server.Reload()
	if err != nil {
		return refused(err)
	}
	result.Changes = list(result.Changes)
	return answer(w, result)
}

func refused(err error) *Error {
	message := err.Error()
	var mistakes config.Errors
	if errors.As(err, &mistakes) {
		message = mistakes.Report()
	}
	return &Error{Status: http.StatusUnprocessableEntity, Code: codeConfig, Message: message}
}

func (a *API) compare(w http.ResponseWriter, r *http.Request) error {
	var body Compare
	if err := read(r, &body); err != nil {
		return err
	}
	if body.File != "" && !filepath.IsAbs(body.File) {
		return invalid("file: %q is not an absolute path", body.File)
	}
	result, err := a.server.Compare(body.File)
	if err != nil {
		return refused(err)
	}
	result.Differences = list(result.Differences)
	return answer(w, result)
}
