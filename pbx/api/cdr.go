package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/storage"
)

// cdr streams, so that exporting a year of calls takes no more memory than one.
func (a *API) cdr(w http.ResponseWriter, r *http.Request) error {
	filter, err := cdrFilter(r.URL.Query())
	if err != nil {
		return err
	}
	return a.stream(w, r, func(send func(any) bool) error {
		return a.server.CDRs(filter, func(record storage.CDR) bool { return send(record) })
	})
}

// stream sends what read gives, a line each.
func (a *API) stream(w http.ResponseWriter, r *http.Request, read func(send func(any) bool) error) error {
	out := &lineWriter{w: w, control: http.NewResponseController(w)}
	out.buffer = bufio.NewWriterSize(out, 32<<10)
	encoder := json.NewEncoder(out.buffer)
	var sendErr error
	err := read(func(v any) bool {
		sendErr = encoder.Encode(v)
		return sendErr == nil && r.Context().Err() == nil
	})
	switch {
	case err != nil && !out.started:
		return err
	case err != nil:
		a.log.Error("reading records failed", "request", r.URL.Path, "error", err)
		fallthrough
	case sendErr != nil, r.Context().Err() != nil, out.buffer.Flush() != nil:
		panic(http.ErrAbortHandler) // only a cut answer tells that it is not whole
	}
	out.start() // also when there were no records
	return nil
}

// lineWriter gives a client that stops reading some time, then lets go: the
// store keeps old pages for as long as somebody reads.
type lineWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  *bufio.Writer
	started bool
}

func (c *lineWriter) start() {
	if !c.started {
		c.started = true
		c.w.Header().Set("Content-Type", "application/jsonl")
		c.w.WriteHeader(http.StatusOK)
	}
}

func (c *lineWriter) Write(p []byte) (int, error) {
	c.start()
	_ = c.control.SetWriteDeadline(time.Now().Add(stallTimeout)) // none on a test recorder
	return c.w.Write(p)
}

func cdrFilter(query url.Values) (storage.CDRFilter, error) {
	filter := storage.CDRFilter{Party: query.Get("party"), ID: query.Get("id")}
	if err := within(query, &filter.Since, &filter.Until, &filter.Limit); err != nil {
		return filter, err
	}
	if text := query.Get("missed"); text != "" {
		missed, err := strconv.ParseBool(text)
		if err != nil {
			return filter, invalid("missed: %q is neither true nor false", text)
		}
		filter.Missed = missed
	}
	return filter, only(query, "since", "until", "party", "id", "missed", "limit")
}

// within reads since, until and limit.
func within(query url.Values, since, until *time.Time, limit *int) error {
	for name, to := range map[string]*time.Time{"since": since, "until": until} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return invalid("%s: %q is not a time like 2026-05-04T09:30:00Z", name, text)
		}
		*to = at
	}
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return invalid("limit: %q is not a number of records", text)
		}
		*limit = n
	}
	return nil
}

// only refuses what is none of names.
func only(query url.Values, names ...string) error {
	for name := range query {
		if !slices.Contains(names, name) {
			last := len(names) - 1
			return invalid("%q is not something to pick records by; %s and %s are", name, strings.Join(names[:last], ", "), names[last])
		}
	}
	return nil
}
