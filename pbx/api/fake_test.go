package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeServer has the calls and records it is given and notes what it is told.
type fakeServer struct {
	mu        sync.Mutex
	calls     []Call
	records   []storage.CDR
	failAfter int // records; 0 never fails
	reloadErr error
	level     string
	trace     bool
	filter    storage.CDRFilter
	entries   []ListEntry
	told      []string // of conferences
	picked    RecordingFilter
	read      ChatFilter
	did       string        // to a recording
	verifying chan struct{} // gets two for each verification, which lasts until then; nil: none
}

func (f *fakeServer) Check() Check                  { return exampleCheck() }
func (f *fakeServer) Status() Status                { return exampleStatus() }
func (f *fakeServer) Registrations() []Registration { return []Registration{exampleRegistration()} }
func (f *fakeServer) Subscriptions(number string) []Subscription {
	if number != "" && number != "101" {
		return nil
	}
	return []Subscription{exampleSubscription()}
}
func (f *fakeServer) Features() []Feature { return nil }
func (f *fakeServer) Trunks() []Trunk     { return []Trunk{{Name: "p", State: "new"}} }

func (f *fakeServer) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

func (f *fakeServer) Hangup(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, call := range f.calls {
		if call.ID == id {
			f.calls = append(f.calls[:i], f.calls[i+1:]...)
			return nil
		}
	}
	return fmt.Errorf("call %q: %w", id, ErrNotFound)
}

func (f *fakeServer) Reload() (ReloadResult, error) {
	return ReloadResult{}, f.reloadErr
}

func (f *fakeServer) Compare(file string) (Comparison, error) {
	return Comparison{File: file, Version: "v2"}, f.reloadErr
}

func (f *fakeServer) SetLogLevel(level string) error {
	if level != "debug" {
		return fmt.Errorf("level %q is not known", level)
	}
	f.level = level
	return nil
}

func (f *fakeServer) SetTrace(on bool) { f.trace = on }

func (*fakeServer) Menus() Menus { return exampleMenus() }
func (*fakeServer) ResetMenus()  {}

func (*fakeServer) Music() []Music { return []Music{{Class: "default", Source: "built-in"}} }

func (f *fakeServer) Lists() []List { return []List{{Name: "block", Entries: len(f.entries)}} }

func (f *fakeServer) ListEntries(list string) ([]ListEntry, error) {
	if list != "block" {
		return nil, fmt.Errorf("list %q: %w", list, ErrNotFound)
	}
	return f.entries, nil
}

func (f *fakeServer) AddToList(list, number, note string) (ListEntry, error) {
	e := ListEntry{ListKey: storage.ListKey{List: list, Number: number}, Note: note, Since: exampleStart()}
	f.entries = append(f.entries, e)
	return e, nil
}

func (f *fakeServer) RemoveFromList(list, number string) error {
	for i, e := range f.entries {
		if e.List == list && e.Number == number {
			f.entries = append(f.entries[:i], f.entries[i+1:]...)
			return nil
		}
	}
	return fmt.Errorf("%s on list %s: %w", number, list, ErrNotFound)
}

func (f *fakeServer) CDRs(filter storage.CDRFilter, yield func(storage.CDR) bool) error {
	f.filter = filter
	for i, record := range f.records {
		if f.failAfter > 0 && i == f.failAfter {
			return errors.New("page 7 is damaged")
		}
		if !yield(record) {
			return nil
		}
	}
	return nil
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// serve runs the API on a socket of its own until the test ends.
func serve(t *testing.T, server Server) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), SocketName)
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, ln, server)
	return NewClient(path)
}

func serveOn(t *testing.T, ln net.Listener, server Server) {
	t.Helper()
	served := make(chan error, 1)
	ctx := t.Context() // ends just before the clean-up
	go func() { served <- New(server, discard()).Serve(ctx, ln) }()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func (f *fakeServer) Quality(_ context.Context, id string, _ time.Duration) ([]Quality, error) {
	if id != "x" {
		return nil, ErrNotFound
	}
	return []Quality{{
		Leg: "a", Party: "100", Codec: "PCMA/8000", From: Flow{Packets: 150, JitterMS: 2.1}, To: Flow{Packets: 148, Lost: 9, LossPercent: 5.7},
		RTTMS: 31, Level: &Level{RMS: -21.4, Peak: -6.9, SilentPercent: 20}, Verdict: []string{"5.7 % of the audio to 100 is lost: words are missing"},
	}}, nil
}

func (*fakeServer) Mailboxes() ([]Mailbox, error) {
	return []Mailbox{{Mailbox: "101", New: 1, Old: 2}}, nil
}

func (*fakeServer) Messages(mailbox string) ([]Message, error) {
	if mailbox != "101" {
		return nil, fmt.Errorf("mailbox %s: %w", mailbox, ErrNotFound)
	}
	at := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	return []Message{{MessageKey: storage.MessageKey{Mailbox: "101", ID: "m1"}, State: storage.MessageKept, From: "100", At: at, Length: 5 * time.Second, Urgent: true}}, nil
}

func (*fakeServer) DeleteMessage(k storage.MessageKey) error {
	if k.Mailbox != "101" || k.ID != "m1" {
		return fmt.Errorf("message %s: %w", k.ID, ErrNotFound)
	}
	return nil
}

func (*fakeServer) OpenMessage(k storage.MessageKey) (*os.File, error) {
	if k.ID != "m1" {
		return nil, fmt.Errorf("message %s: %w", k.ID, ErrNotFound)
	}
	return os.Open("testdata/message.wav")
}

func (*fakeServer) Extensions(bool) []Extension {
	e, _ := (*fakeServer)(nil).Extension("101")
	return []Extension{e}
}

func (*fakeServer) Extension(extension string) (Extension, error) {
	if extension != "101" {
		return Extension{}, fmt.Errorf("extension %q: %w", extension, ErrNotFound)
	}
	return Extension{Extension: "101", Name: "Anna", Settings: map[string]string{
		"dnd": "on", "forward": "off", "forward-busy": "voicemail", "forward-no-answer": "102 after 15s",
		"forward-not-registered": "off", "follow-me": "off", "call-waiting": "on", "hide-number": "off",
	}}, nil
}

func (f *fakeServer) SetSetting(extension, setting, value string) (Extension, error) {
	e, err := f.Extension(extension)
	if err == nil {
		e.Settings[setting] = value
	}
	return e, err
}

func (f *fakeServer) Parked() []Parked {
	return []Parked{{Slot: "701", Call: "7hq2kw4xj3na", From: "+4930123456", FromName: "Anna", By: "101", Since: time.Now().Add(-90 * time.Second)}}
}
