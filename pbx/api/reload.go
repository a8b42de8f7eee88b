package api

import (
	"errors"
	"net/http"

	"dialtone/config"
)

// A refused configuration is the admin's to mend, whatever was wrong with it.
func (a *API) reload(w http.ResponseWriter, _ *http.Request) error {
	result, err := a.server.Reload()
	if err != nil {
		message := err.Error()
		var mistakes config.Errors
		if errors.As(err, &mistakes) {
			message = mistakes.Report()
		}
		return &Error{Status: http.StatusUnprocessableEntity, Code: codeConfig, Message: message}
	}
	result.Changes = list(result.Changes)
	return answer(w, result)
}
