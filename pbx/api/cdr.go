package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"dialtone/storage"
)

// cdr streams, so that exporting a year of calls takes no more memory than one.
func (a *API) cdr(w http.ResponseWriter, r *http.Request) error {
	filter, err := cdrFilter(r.URL.Query())
	if err != nil {
		return err
	}
	out := &cdrWriter{w: w, control: http.NewResponseController(w)}
	out.buffer = bufio.NewWriterSize(out, 32<<10)
	encoder := json.NewEncoder(out.buffer)
	var sendErr error
	err = a.server.CDRs(filter, func(record storage.CDR) bool {
		sendErr = encoder.Encode(record)
		return sendErr == nil && r.Context().Err() == nil
	})
	switch {
	case err != nil && !out.started:
		return err
	case err != nil:
		a.log.Error("reading call records failed", "error", err)
		fallthrough
	case sendErr != nil, r.Context().Err() != nil, out.buffer.Flush() != nil:
		panic(http.ErrAbortHandler) // only a cut answer tells that it is not whole
	}
	out.start() // also when there were no records
	return nil
}

// cdrWriter gives a client that stops reading some time, then lets go: the
// store keeps old pages for as long as somebody reads.
type cdrWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  *bufio.Writer
	started bool
}

func (c *cdrWriter) start() {
	if !c.started {
		c.started = true
		c.w.Header().Set("Content-Type", "application/jsonl")
		c.w.WriteHeader(http.StatusOK)
	}
}

func (c *cdrWriter) Write(p []byte) (int, error) {
	c.start()
	_ = c.control.SetWriteDeadline(time.Now().Add(stallTimeout)) // none on a test recorder
	return c.w.Write(p)
}

func cdrFilter(query url.Values) (storage.CDRFilter, error) {
	filter := storage.CDRFilter{Party: query.Get("party"), ID: query.Get("id")}
	for name, to := range map[string]*time.Time{"since": &filter.Since, "until": &filter.Until} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return filter, invalid("%s: %q is not a time like 2026-05-04T09:30:00Z", name, text)
		}
		*to = at
	}
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 0 {
			return filter, invalid("limit: %q is not a number of records", text)
		}
		filter.Limit = limit
	}
	if text := query.Get("missed"); text != "" {
		missed, err := strconv.ParseBool(text)
		if err != nil {
			return filter, invalid("missed: %q is neither true nor false", text)
		}
		filter.Missed = missed
	}
	for name := range query {
		switch name {
		case "since", "until", "party", "id", "missed", "limit":
		default:
			return filter, invalid("%q is not something to pick records by; since, until, party, id, missed and limit are", name)
		}
	}
	return filter, nil
}
