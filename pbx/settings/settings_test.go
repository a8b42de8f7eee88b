package settings_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/settings"
	"dialtone/storage"
	"dialtone/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// office has a trunk, and an extension 103 that may call nothing outside.
func office() *config.Config {
	cfg := config.Default()
	cfg.Site.Country = "DE"
	cfg.Trunks = map[string]config.Trunk{"line": {Host: "provider.example"}}
	cfg.Numbers = map[string]config.Number{"+4930555001": {To: "101"}}
	cfg.Permissions = map[string]config.Permission{"none": {}}
	cfg.Extensions = map[string]config.Extension{"100": {}, "101": {}, "102": {DND: true}, "103": {Permission: "none"}}
	route := &dialplan.RouteSpec{
		Name: dialplan.Text{Value: "outside"}, To: dialplan.Texts{{Value: "0."}},
		Do: dialplan.Steps{&dialplan.Dial{To: dialplan.Texts{{Value: "${to}"}}, Via: dialplan.Texts{{Value: "line"}}}},
	}
	menu := &dialplan.RouteSpec{
		Name: dialplan.Text{Value: "pin"}, To: dialplan.Texts{{Value: "9."}},
		Do: dialplan.Steps{&dialplan.Gather{Into: dialplan.Text{Value: "choice"}, Digits: 1}, &dialplan.Dial{To: dialplan.Texts{{Value: "101"}}}},
	}
	cfg.Dialplan = map[string][]*dialplan.RouteSpec{"phones": {route, menu}}
	return &cfg
}

// board is one whose extensions a test makes busy; it notes who is rung back.
type board struct {
	mu      sync.Mutex
	busy    map[string]bool
	changed chan struct{}
	rung    []string
}

func (b *board) Busy(extension string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.busy[extension]
}

func (*board) Registered(string) bool { return true }

func (b *board) Watch() (<-chan struct{}, func()) { return b.changed, func() {} }

func (b *board) RingBack(_ context.Context, extension, to string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung = append(b.rung, extension+" for "+to)
	return nil
}

func (b *board) set(extension string, busy bool) {
	b.mu.Lock()
	b.busy[extension] = busy
	b.mu.Unlock()
	b.changed <- struct{}{}
}

func judge(_ *config.Config, extension string, _ dialplan.Outside) error {
	if extension == "103" {
		return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "103 may not"}
	}
	return nil
}

func open(t *testing.T, store settings.Store, b *board) *settings.Settings {
	t.Helper()
	cfg := office()
	plan, errs := config.PlanOf(cfg)
	if plan == nil {
		t.Fatal(errs)
	}
	o := settings.Fixed(cfg, plan, judge)
	o.Store, o.Log, o.Board = store, slog.New(slog.DiscardHandler), func() settings.Board { return b }
	s, err := settings.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSet(t *testing.T) {
	for _, tt := range []struct {
		extension, name, value string
		want                   string // what it is then, or a part of why it is not
		refused                error
	}{
		{"100", "dnd", "on", "dnd on", nil},
		{"100", "dnd", "yes", "write on or off", settings.ErrValue},
		{"102", "dnd", "off", "the configuration says dnd: true", settings.ErrValue},
		{"100", "call-waiting", "off", "call-waiting off", nil},
		{"100", "hide-number", "on", "hide-number on", nil},
		{"100", "forward", "101", "forward 101", nil},
		{"100", "forward", "on", "never given a number", settings.ErrValue},
		{"100", "forward", "100", "that is the extension itself", settings.ErrValue},
		{"100", "forward", "777", "neither an extension nor a feature", settings.ErrValue},
		{"100", "forward", "600", "the step echo", settings.ErrValue},
		{"100", "forward", "91", "the step gather", settings.ErrValue},
		{"100", "forward", "112", "emergency", settings.ErrValue},
		{"100", "forward", "030 123456", "forward 030123456", nil},
		{"103", "forward", "030123456", "103 may not", settings.ErrValue},
		{"103", "follow-me", "030123456", "103 may not", settings.ErrValue},
		{"100", "forward", "030555001", "a number of ours", settings.ErrValue},
		{"100", "forward", "voicemail", "no mailbox", settings.ErrValue},
		{"100", "forward", "101 after 5s", "after is for forward-no-answer", settings.ErrValue},
		{"100", "forward", "", "write a number", settings.ErrValue},
		{"100", "forward", strings.Repeat("1", 50), "too long", settings.ErrValue},
		{"100", "forward-no-answer", "101 after 15s", "forward-no-answer 101 after 15s", nil},
		{"100", "forward-no-answer", "101 after 15h", "no time from 1s to 5m", settings.ErrValue},
		{"100", "forward-busy", "off", "forward-busy off", nil},
		{"100", "follow-me", "on", "no numbers yet", settings.ErrValue},
		{"100", "follow-me", "101 after 5s, 030123456", "follow-me 101 after 5s, 030123456 with confirm", nil},
		{"100", "follow-me", "101 with confirm, 030123456 without confirm", "follow-me 101 with confirm, 030123456", nil},
		{"100", "follow-me", "101,101,101,101,101,101", "at most 5", settings.ErrValue},
		{"100", "follow-me", "voicemail", "does not ring", settings.ErrValue},
		{"100", "dmd", "on", `did you mean "dnd"?`, settings.ErrNotFound},
		{"199", "dnd", "on", `extension "199"`, settings.ErrNotFound},
	} {
		store := memory.New()
		s := open(t, store, &board{})
		now, err := s.Set(tt.extension, tt.name, tt.value)
		kept, _ := store.Settings()
		switch {
		case tt.refused == nil && (err != nil || now != tt.want):
			t.Errorf("%s %s %q: %q, %v, want %q", tt.extension, tt.name, tt.value, now, err, tt.want)
		case tt.refused != nil && (!errors.Is(err, tt.refused) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s %s %q: %v, want %q", tt.extension, tt.name, tt.value, err, tt.want)
		case tt.refused != nil && len(kept) > 0:
			t.Errorf("%s %s %q: refused, but kept %+v", tt.extension, tt.name, tt.value, kept)
		}
	}
}

func TestForwardKeepsItsNumberWhileItIsOff(t *testing.T) {
	store := memory.New()
	s := open(t, store, &board{})
	for _, value := range []string{"101", "off", "on"} {
		if _, err := s.Set("100", "forward", value); err != nil {
			t.Fatal(err)
		}
		s = open(t, store, &board{}) // as after a restart
	}
	if f := s.Of("100").Forward; !f.On || f.To != "101" {
		t.Errorf("forwards %+v", f)
	}
}

// call is the record of a call to a phone.
func call(from, to string, at time.Time, change func(*storage.CDR)) storage.CDR {
	c := storage.CDR{
		ID: from + to + at.String(), From: from, To: to, Start: at,
		Legs: []storage.CDRLeg{{Inbound: true, Party: from}, {Party: to}},
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestLast(t *testing.T) {
	now := time.Now()
	for name, tt := range map[string]struct {
		records []storage.CDR
		caller  bool
		want    string
	}{
		"dialled":               {[]storage.CDR{call("100", "101", now, nil)}, false, "101"},
		"nothing":               {nil, false, "no such call"},
		"not what sets things":  {[]storage.CDR{call("100", "101", now.Add(-time.Minute), nil), call("100", "*78", now, nil), call("100", "*72102", now, nil)}, false, "101"},
		"hidden, as dialled":    {[]storage.CDR{call("100", "*67101", now, nil)}, false, "*67101"},
		"not what others did":   {[]storage.CDR{call("102", "101", now, nil)}, false, "no such call"},
		"who called":            {[]storage.CDR{call("101", "100", now, nil)}, true, "101"},
		"who called and hid it": {[]storage.CDR{call("101", "100", now, func(c *storage.CDR) { c.Hidden = true })}, true, "hid the number"},
		"long ago":              {[]storage.CDR{call("101", "100", now.Add(-8*24*time.Hour), nil)}, true, "no such call"},
		"from outside, whoever says that it is 100": {
			[]storage.CDR{call("100", "101", now, func(c *storage.CDR) { c.Legs[0].Trunk = "line" })}, false, "no such call",
		},
	} {
		store := memory.New()
		for _, c := range tt.records {
			if err := store.AddCDR(c); err != nil {
				t.Fatal(err)
			}
		}
		got, err := open(t, store, &board{}).Last("100", tt.caller)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestRingBack has 100 wait for 101 in its several ways.
func TestRingBack(t *testing.T) {
	for name, tt := range map[string]struct {
		busy bool // when 100 asks
		then func(*settings.Settings, *board)
		want string
	}{
		"when it is free":                     {true, func(_ *settings.Settings, b *board) { b.set("101", false) }, "100 for 101"},
		"not while it is busy":                {true, func(_ *settings.Settings, b *board) { b.set("102", false) }, ""},
		"not after 45 minutes":                {true, func(_ *settings.Settings, b *board) { time.Sleep(46 * time.Minute); b.set("101", false) }, ""},
		"not when it does not want to be":     {true, func(s *settings.Settings, b *board) { _, _ = s.Set("101", "dnd", "on"); b.set("101", false) }, ""},
		"not when 100 waits no more":          {true, func(s *settings.Settings, b *board) { _, _ = s.RingBack("100", true); b.set("101", false) }, ""},
		"not while 100 is busy itself":        {true, func(_ *settings.Settings, b *board) { b.set("100", true); b.set("101", false) }, ""},
		"who did not answer uses it first":    {false, func(_ *settings.Settings, b *board) { b.set("102", false) }, ""},
		"who did not answer has used it then": {false, func(_ *settings.Settings, b *board) { b.set("101", true); time.Sleep(time.Minute); b.set("101", false) }, "100 for 101"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, b := memory.New(), &board{busy: map[string]bool{"101": tt.busy}, changed: make(chan struct{}, 4)}
				if err := store.AddCDR(call("100", "101", time.Now(), nil)); err != nil {
					t.Fatal(err)
				}
				s := open(t, store, b)
				ctx, stop := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() { _ = s.Run(ctx) })
				if whom, err := s.RingBack("100", false); err != nil || whom != "101" {
					t.Fatal(whom, err)
				}
				synctest.Wait()
				tt.then(s, b)
				time.Sleep(time.Minute)
				stop()
				running.Wait()
				if got := strings.Join(b.rung, ", "); got != tt.want {
					t.Errorf("rung %q, want %q", got, tt.want)
				}
				if waits := len(s.Of("100").RingBacks); tt.want != "" && waits != 0 {
					t.Errorf("%d still wait", waits)
				}
			})
		})
	}
}
