package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/pbx/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeServer is a server with one call and one phone.
type fakeServer struct {
	now       time.Time
	records   []api.CDR
	reloadErr error
	alerts    []api.Alert
	stalls    api.Stalls
	zone      string
	filter    api.CDRFilter // asked for last

	differences []config.Difference

	mu   sync.Mutex
	told []string
}

func (f *fakeServer) tell(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, what)
}

func (f *fakeServer) Check() api.Check { return api.Check{} }

func (f *fakeServer) Status() api.Status {
	return api.Status{
		Version: "v1.2.3", Started: f.now.Add(-3*time.Hour - 12*time.Minute), Data: "/var/lib/dialtone",
		Addresses:  []api.Address{{Transport: "udp", Address: "[::]:5060"}, {Transport: "tls", Address: "[::]:5061"}},
		Extensions: 10, Registrations: 2, Calls: 1, CallsMax: 1000, CallsTotal: 17,
		RTPPortsUsed: 4, RTPPorts: 16384, Zone: f.zone, LogLevel: "info", Alerts: f.alerts, Stalls: f.stalls,
	}
}

func (f *fakeServer) Calls() []api.Call {
	return []api.Call{{
		ID: "7f3a9c21", From: "100", To: "101", State: "up",
		Start: f.now.Add(-70 * time.Second), Answer: f.now.Add(-64 * time.Second),
		Legs: []api.Leg{
			{ID: "a", Inbound: true, Party: "100", Codec: "PCMA", RxPackets: 999, RxLost: 1, JitterMS: 1.44},
			{ID: "b", Party: "101", Codec: "PCMA", RxPackets: 1000, JitterMS: 0.3},
		},
	}, {ID: "0b", From: "102", To: "600", State: "ringing", Start: f.now.Add(-2 * time.Second)}}
}

func (f *fakeServer) Registrations() []api.Registration {
	return []api.Registration{{
		Extension: "100", Contact: "sip:100@10.0.0.7:5060", Transport: "udp", Flow: "192.0.2.7:5060",
		UserAgent: "Evil\x1b[2JPhone " + strings.Repeat("x", 60), Expires: f.now.Add(59 * time.Minute), Reachable: "yes", LatencyMS: 8.21,
	}, {
		Extension: "101", Contact: "sip:101@10.0.0.8", Transport: "tls", Flow: "10.0.0.8:4711",
		Expires: f.now.Add(30 * time.Second), Reachable: "no",
	}}
}

func (f *fakeServer) Subscriptions(number string) []api.Subscription {
	if number == "199" {
		return nil
	}
	return []api.Subscription{
		{Event: "dialog", Of: "100", By: "101", Phone: "udp 10.0.0.8:5060", Expires: f.now.Add(59 * time.Minute)},
		{Event: "dialog", Of: "sales", Members: 3, By: "102", Phone: "tcp 10.0.0.9:4711", Expires: f.now.Add(30 * time.Second), Failed: 2},
	}
}

func (f *fakeServer) Trunks() []api.Trunk {
	return []api.Trunk{{
		Name: "backup", State: "down", Since: f.now.Add(-time.Hour), Why: "udp 203.0.113.7:5060: no answer to OPTIONS\x1b[2J", Next: f.now.Add(30 * time.Second),
		Calls: 1, Channels: 4, Servers: []api.TrunkServer{{Transport: "udp", Address: "203.0.113.7:5060", Since: f.now.Add(-time.Hour), Why: "no answer to OPTIONS\x1b[2J"}},
	}, {
		Name: "sipgate", State: "registered", Since: f.now.Add(-2 * time.Minute), Expires: f.now.Add(9 * time.Minute), Next: f.now.Add(time.Minute), Servers: []api.TrunkServer{
			{Transport: "tls", Address: "203.0.113.9:5061", Alive: true, Since: f.now.Add(-2 * time.Minute), LatencyMS: 11.42},
			{Transport: "tls", Address: "[2001:db8::9]:5061", Alive: true},
		},
	}}
}

func (f *fakeServer) Features() []api.Feature {
	return []api.Feature{{Number: "600", Name: "echo", Text: "sends back what it hears"}}
}

func (f *fakeServer) Hangup(id string) error {
	if id != "7f3a9c21" {
		return api.ErrNotFound
	}
	f.tell("hangup " + id)
	return nil
}

func (f *fakeServer) Reload() (api.ReloadResult, error) {
	return api.ReloadResult{Changes: []config.Change{{Path: "extensions.104.dnd", Old: "false", New: "true"}}}, f.reloadErr
}

func (f *fakeServer) Compare(file string) (api.Comparison, error) {
	if f.reloadErr != nil {
		return api.Comparison{}, f.reloadErr
	}
	return api.Comparison{Running: "v1", File: file, Version: "v2", Differences: f.differences}, nil
}

func (f *fakeServer) SetLogLevel(level string) error { f.tell("level " + level); return nil }
func (f *fakeServer) SetTrace(on bool)               { f.tell("trace " + onOff(on)) }

func (f *fakeServer) Conferences() []api.Conference {
	return []api.Conference{{
		Room: "team", Conference: "team", Opened: f.now, Locked: true,
		Members: []api.ConferenceMember{
			{ID: "a1", Party: "100", Name: "Reception\x1b[2J", Joined: f.now, Leader: true, Speaking: true, Level: -21.4},
			{ID: "b2", Party: "101", Joined: f.now, Muted: true, Waiting: true},
		},
	}}
}

func (f *fakeServer) ControlConference(room, member string, a api.ConferenceAction) error {
	if member == "nobody" {
		return fmt.Errorf("%q is not in conference %q: %w", member, room, api.ErrNotFound)
	}
	what := room + " " + a.Do + " " + member + a.Prompt + a.Number
	if a.As != "" {
		what += " as " + a.As
	}
	f.tell(strings.TrimSpace(what))
	return nil
}

func (f *fakeServer) ResetMenus() { f.tell("reset menus") }

func (f *fakeServer) Menus() api.Menus {
	return api.Menus{Since: f.now, Menus: []api.Menu{
		{Menu: "main", Entered: 9, Keys: map[string]uint64{"1": 4, "*": 0}, Extensions: 2, Timeouts: 3, Invalid: 1, Failed: 1, HungUp: 2},
		{Menu: "unused", Keys: map[string]uint64{"1": 0}},
	}}
}

func (*fakeServer) Music() []api.Music {
	return []api.Music{
		{Class: "default", Source: "built-in", Playing: "built-in", Listeners: 2, Encodings: []string{"PCMA/8000 20ms"}},
		{Class: "shop", Source: "/srv/music", Problem: "there is no music in /srv/music", Credits: "Evening, by K. Nobody"},
	}
}

func (f *fakeServer) Lists() []api.List {
	return []api.List{{Name: "block", Text: "Callers who are refused.", Entries: 1}, {Name: "vip"}}
}

func (f *fakeServer) ListEntries(list string) ([]api.ListEntry, error) {
	switch list {
	case "block":
		e := api.ListEntry{Note: "sells\x1b[2J windows", By: "101", Since: f.now}
		e.List, e.Number = "block", "+4930123456"
		return []api.ListEntry{e}, nil
	case "vip":
		return nil, nil
	}
	return nil, &api.Error{Status: 404, Code: "not_found", Message: "list " + list + ": not found"}
}

func (f *fakeServer) AddToList(list, number, note string) (api.ListEntry, error) {
	if number == "alice" {
		return api.ListEntry{}, &api.Error{Status: 400, Code: "invalid", Message: "alice: not a number"}
	}
	f.tell("add " + list + " " + number + " " + note)
	e := api.ListEntry{Note: note}
	e.List, e.Number = list, number
	return e, nil
}

func (f *fakeServer) RemoveFromList(list, number string) error {
	if number == "+49" {
		return &api.Error{Status: 404, Code: "not_found", Message: "+49 on list block: not found"}
	}
	f.tell("remove " + list + " " + number)
	return nil
}

func (f *fakeServer) CDRs(filter api.CDRFilter, yield func(api.CDR) bool) error {
	f.mu.Lock()
	f.filter = filter
	f.mu.Unlock()
	given := 0
	for _, record := range f.records {
		if filter.ID != "" && record.ID != filter.ID {
			continue
		}
		if filter.Limit > 0 && given >= filter.Limit || record.ID == "damaged" {
			break
		}
		given++
		if !yield(record) {
			return nil
		}
	}
	if n := len(f.records); n > 0 && f.records[n-1].ID == "damaged" {
		return errors.New("page 7 is damaged")
	}
	return nil
}

// start runs the fake on a control socket and gives its data folder.
func start(t *testing.T, server *fakeServer) string {
	t.Helper()
	server.now = time.Now()
	data := t.TempDir()
	ln, err := api.Listen(filepath.Join(data, api.SocketName))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	served := make(chan error, 1)
	go func() { served <- api.New(server, slog.New(slog.DiscardHandler)).Serve(ctx, ln) }()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return data
}

// dialtone runs a command line.
func dialtone(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func (f *fakeServer) Quality(_ context.Context, id string, _ time.Duration) ([]api.Quality, error) {
	if id != "7f3a9c21" {
		return nil, api.ErrNotFound
	}
	return []api.Quality{{
		Leg: "a", Party: "100", Codec: "PCMA/8000", From: api.Flow{Packets: 150, JitterMS: 2.1}, To: api.Flow{Packets: 148, Lost: 9, LossPercent: 5.7},
		RTTMS: 31, Level: &api.Level{RMS: -21.4, Peak: -6.9, SilentPercent: 20}, Verdict: []string{"5.7 % of the audio to 100 is lost: words are missing"},
	}}, nil
}

func (*fakeServer) Mailboxes() ([]api.Mailbox, error) {
	return []api.Mailbox{{Mailbox: "101", New: 1, Old: 2}}, nil
}

func (*fakeServer) Messages(mailbox string) ([]api.Message, error) {
	if mailbox != "101" {
		return nil, fmt.Errorf("mailbox %s: %w", mailbox, api.ErrNotFound)
	}
	at := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	return []api.Message{{MessageKey: api.MessageKey{Mailbox: "101", ID: "m1"}, State: "kept", From: "100", At: at, Length: 5 * time.Second, Urgent: true}}, nil
}

func (*fakeServer) DeleteMessage(k api.MessageKey) error {
	if k.Mailbox != "101" || k.ID != "m1" {
		return fmt.Errorf("message %s: %w", k.ID, api.ErrNotFound)
	}
	return nil
}

func (*fakeServer) OpenMessage(k api.MessageKey) (*os.File, error) {
	if k.ID != "m1" {
		return nil, fmt.Errorf("message %s: %w", k.ID, api.ErrNotFound)
	}
	return os.Open("testdata/message.wav")
}

func (*fakeServer) Extensions(bool) []api.Extension {
	e, _ := (*fakeServer)(nil).Extension("101")
	return []api.Extension{e}
}

func (*fakeServer) Extension(extension string) (api.Extension, error) {
	if extension != "101" {
		return api.Extension{}, fmt.Errorf("extension %q: %w", extension, api.ErrNotFound)
	}
	return api.Extension{Extension: "101", Name: "Anna", Settings: map[string]string{
		"dnd": "on", "forward": "off", "forward-busy": "voicemail", "forward-no-answer": "102 after 15s",
		"forward-not-registered": "off", "follow-me": "off", "call-waiting": "on", "hide-number": "off",
	}}, nil
}

func (f *fakeServer) SetSetting(extension, setting, value string) (api.Extension, error) {
	e, err := f.Extension(extension)
	if err == nil {
		e.Settings[setting] = value
	}
	return e, err
}

func (f *fakeServer) Parked() []api.Parked {
	return []api.Parked{{Slot: "701", Call: "7hq2kw4xj3na", From: "+4930123456", FromName: "Anna", By: "101", Since: time.Now().Add(-90 * time.Second)}}
}
