package api

import (
	"context"
	"net/http"
	"net/url"

	"dialtone/storage"
)

// Recording is what is known of one, as storage keeps it.
type Recording = storage.Recording

// Pause is a part of a call that is not in its recording.
type Pause = storage.Pause

// RecordingFilter picks recordings.
type RecordingFilter = storage.RecordingFilter

// RecordAction is what is done with the recording of a call.
type RecordAction struct {
	Do string `json:"do"` // start, stop, pause or resume
}

// Verification is what came of reading all recordings again.
type Verification struct {
	Good   int              `json:"good"`
	Faults []RecordingFault `json:"faults,omitempty"`
}

// RecordingFault is a recording that is not as it was made.
type RecordingFault struct {
	ID   string `json:"id"`
	File string `json:"file"`
	Why  string `json:"why"`
}

func (a *API) recordings(w http.ResponseWriter, r *http.Request) error {
	filter, err := recordingFilter(r.URL.Query())
	if err != nil {
		return err
	}
	return a.stream(w, r, func(send func(any) bool) error {
		return a.server.Recordings(filter, func(rec Recording) bool { return send(rec) })
	})
}

func recordingFilter(q url.Values) (f RecordingFilter, err error) {
	f = RecordingFilter{Party: q.Get("party"), Call: q.Get("call"), ID: q.Get("id")}
	if err := within(q, &f.Since, &f.Until, &f.Limit); err != nil {
		return f, err
	}
	return f, only(q, "since", "until", "party", "call", "id", "limit")
}

func (a *API) recordingAudio(w http.ResponseWriter, r *http.Request) error {
	file, err := a.server.OpenRecording(r.PathValue("id"))
	return a.send(w, r, "application/octet-stream", file, err)
}

func (a *API) deleteRecording(w http.ResponseWriter, r *http.Request) error {
	if err := a.server.DeleteRecording(r.PathValue("id")); err != nil {
		return err
	}
	return done(w)
}

func (a *API) verifyRecordings(w http.ResponseWriter, r *http.Request) error {
	v, err := a.server.VerifyRecordings(r.Context())
	if err != nil {
		return err
	}
	return answer(w, v)
}

func (a *API) record(w http.ResponseWriter, r *http.Request) error {
	var action RecordAction
	if err := read(r, &action); err != nil {
		return err
	}
	if err := a.server.Record(r.Context(), r.PathValue("id"), action.Do); err != nil {
		return err
	}
	return done(w)
}

// Recordings calls yield for each that f picks, newest first, until yield says false.
func (c *Client) Recordings(ctx context.Context, f RecordingFilter, yield func(Recording) bool) error {
	q := withinQuery(f.Since, f.Until, f.Limit)
	for name, value := range map[string]string{"party": f.Party, "call": f.Call, "id": f.ID} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return readLines(ctx, c, "/v1/recordings?"+q.Encode(), yield)
}

// RecordingAudio writes the file of a recording to one that must not exist.
func (c *Client) RecordingAudio(ctx context.Context, id, path string) error {
	return c.save(ctx, "/v1/recordings/"+url.PathEscape(id)+"/audio", path)
}

// DeleteRecording deletes a recording; the error is ErrNotFound when it is not there.
func (c *Client) DeleteRecording(ctx context.Context, id string) error {
	return c.do(ctx, "DELETE", "/v1/recordings/"+url.PathEscape(id), nil, nil)
}

// VerifyRecordings has all files read again.
func (c *Client) VerifyRecordings(ctx context.Context) (v Verification, err error) {
	return v, c.patient().do(ctx, "POST", "/v1/recordings/verify", nil, &v)
}

// Record starts, stops, pauses or resumes the recording of a call; the error is ErrNotFound
// when there is no such call. To start takes as long as the parties are told.
func (c *Client) Record(ctx context.Context, call, do string) error {
	return c.patient().do(ctx, "POST", "/v1/calls/"+url.PathEscape(call)+"/recording", RecordAction{Do: do}, nil)
}
