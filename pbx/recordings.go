package pbx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"dialtone/pbx/api"
	"dialtone/pbx/call"
	"dialtone/pbx/recording"
)

// Recordings implements api.Server.
func (s *Server) Recordings(f api.RecordingFilter, yield func(api.Recording) bool) error {
	return s.recordings.Recordings(f, yield)
}

// OpenRecording implements api.Server.
func (s *Server) OpenRecording(id string) (*os.File, error) {
	file, err := s.recordings.Audio(id)
	return file, unrecorded(id, err)
}

// DeleteRecording implements api.Server.
func (s *Server) DeleteRecording(id string) error {
	err := s.recordings.Delete(id)
	if err == nil {
		s.Log.Info("recording deleted by the operator", "recording", id)
	}
	return unrecorded(id, err)
}

// VerifyRecordings implements api.Server.
func (s *Server) VerifyRecordings(ctx context.Context) (api.Verification, error) {
	good, faults, err := s.recordings.Verify(func() bool { return ctx.Err() != nil })
	out := api.Verification{Good: good}
	for _, f := range faults {
		out.Faults = append(out.Faults, api.RecordingFault(f))
	}
	return out, err
}

// Record implements api.Server.
func (s *Server) Record(ctx context.Context, id, do string) error {
	found, err := s.board.Record(ctx, id, do)
	var refused *call.OrderError
	switch {
	case !found:
		return fmt.Errorf("call %q: %w", id, api.ErrNotFound)
	case errors.As(err, &refused):
		return &api.Error{Status: http.StatusConflict, Code: "refused", Message: refused.Why}
	}
	return err
}

func unrecorded(id string, err error) error {
	switch {
	case errors.Is(err, recording.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("recording %q: %w", id, api.ErrNotFound)
	case errors.Is(err, recording.ErrBeingMade):
		return &api.Error{Status: http.StatusConflict, Code: "busy", Message: "recording " + id + ": " + err.Error()}
	}
	return err
}
