package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func (f *fakeServer) Recordings(filter RecordingFilter, yield func(Recording) bool) error {
	f.picked = filter
	for range 3 {
		if !yield(exampleRecording()) {
			break
		}
	}
	return nil
}

func (*fakeServer) OpenRecording(id string) (*os.File, error) {
	if id != exampleRecording().ID {
		return nil, fmt.Errorf("recording %s: %w", id, ErrNotFound)
	}
	return os.Open("recordings_test.go")
}

func (*fakeServer) DeleteRecording(id string) error {
	if id != exampleRecording().ID {
		return fmt.Errorf("recording %s: %w", id, ErrNotFound)
	}
	return nil
}

func (f *fakeServer) VerifyRecordings(context.Context) (Verification, error) {
	if f.verifying != nil {
		<-f.verifying
		<-f.verifying
	}
	return Verification{Good: 2}, nil
}

func (f *fakeServer) Record(_ context.Context, call, do string) error {
	if call != "x" {
		return ErrNotFound
	}
	f.did = do
	return nil
}

func TestVerifyingMayTakeLong(t *testing.T) {
	server := &fakeServer{verifying: make(chan struct{})}
	client := serve(t, server)
	client.http.Transport.(*http.Transport).ResponseHeaderTimeout = time.Millisecond
	verified := make(chan error)
	go func() {
		_, err := client.VerifyRecordings(t.Context())
		verified <- err
	}()
	server.verifying <- struct{}{} // it has begun
	if err := client.do(t.Context(), "POST", "/v1/recordings/verify", nil, nil); err == nil {
		t.Error("nobody was impatient")
	}
	close(server.verifying)
	if err := <-verified; err != nil {
		t.Error(err)
	}
}

// What came of a copy that was cut off does not keep the next one from being made.
func TestHalfACopyIsNone(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = w.Write([]byte("half"))
	})}
	served := make(chan error)
	go func() { served <- server.Serve(ln) }()
	file := filepath.Join(t.TempDir(), "a.wav")
	if err := NewClient(socket).RecordingAudio(t.Context(), "x", file); err == nil {
		t.Error("half of it was enough")
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half of it is there: %v", err)
	}
	_ = server.Close()
	<-served
}

func TestRecordings(t *testing.T) {
	server := &fakeServer{}
	client := serve(t, server)
	want := RecordingFilter{Since: exampleStart(), Until: exampleStart().Add(1), Party: "101", Call: "c", ID: exampleRecording().ID, Limit: 2}
	n := 0
	err := client.Recordings(t.Context(), want, func(r Recording) bool {
		n++
		if !reflect.DeepEqual(r, exampleRecording()) {
			t.Errorf("got %+v", r)
		}
		return true
	})
	if err != nil || n != 3 || !reflect.DeepEqual(server.picked, want) {
		t.Errorf("%d came with %+v, %v", n, server.picked, err)
	}
	id := exampleRecording().ID
	file := filepath.Join(t.TempDir(), "a.wav")
	if err := client.RecordingAudio(t.Context(), id, file); err != nil {
		t.Error(err)
	}
	if err := client.RecordingAudio(t.Context(), id, file); err == nil {
		t.Error("a file was overwritten")
	}
	if v, err := client.VerifyRecordings(t.Context()); err != nil || v.Good != 2 {
		t.Errorf("verified %+v, %v", v, err)
	}
	if err := client.Record(t.Context(), "x", "pause"); err != nil || server.did != "pause" {
		t.Errorf("did %q, %v", server.did, err)
	}
	for name, err := range map[string]error{
		"delete": client.DeleteRecording(t.Context(), "../../etc/passwd"), "audio": client.RecordingAudio(t.Context(), "..%2f", file+"2"), "record": client.Record(t.Context(), "y", "stop"),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := client.DeleteRecording(t.Context(), id); err != nil {
		t.Error(err)
	}
}
