package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"dialtone/storage"
)

// Error is a failure as it goes over the wire.
type Error struct {
	Status  int    `json:"-"`    // of HTTP
	Code    string `json:"code"` // for programs
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// Is makes an Error that came over the wire equal to the sentinel it stands for.
func (e *Error) Is(target error) bool {
	return target == ErrNotFound && e.Code == codeNotFound || target == ErrConfig && e.Code == codeConfig
}

// The codes that a client tells apart.
const (
	codeNotFound = "not_found"
	codeConfig   = "config"
)

type errorBody struct {
	Error *Error `json:"error"`
}

// fail answers with an error. What is not an *Error is put down to the server.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *Error
	switch {
	case errors.As(err, &known):
	case errors.Is(err, ErrNotFound):
		known = &Error{Status: http.StatusNotFound, Code: codeNotFound, Message: err.Error()}
	case errors.Is(err, storage.ErrClosed):
		known = &Error{Status: http.StatusServiceUnavailable, Code: "stopping", Message: "the server is stopping"}
	default:
		a.log.Error("control request failed", "request", r.Method+" "+r.URL.Path, "error", err)
		known = &Error{Status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(known.Status)
	_ = json.NewEncoder(w).Encode(errorBody{known}) // a client that is gone needs no answer
}

// answer sends v.
func answer(w http.ResponseWriter, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(data, '\n')) // a client that is gone needs no answer
	return nil
}

// done says that what was asked is done.
func done(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// send sends a file, as long as it is now.
func (a *API) send(w http.ResponseWriter, r *http.Request, kind string, file *os.File, err error) error {
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	if _, err := io.CopyN(w, file, info.Size()); err != nil { // it may be growing
		a.log.Warn("a file was not sent in full", "request", r.URL.Path, "error", err)
	}
	return nil
}

// read fills v from the body, which must be one JSON object with known keys.
func read(r *http.Request, v any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return invalid("the body is not what this route takes: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return invalid("the body goes on after its JSON object")
	}
	return nil
}

// invalid is a failure that the client can mend.
func invalid(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "invalid", Message: fmt.Sprintf(format, args...)}
}

// list makes an empty answer [] instead of null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
