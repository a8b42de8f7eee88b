package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/pbx/api"
)

// fakeExchange has calls that end after a while.
type fakeExchange struct {
	calls    int
	last     time.Duration
	reloads  int
	closed   bool
	drainErr error
}

func (f *fakeExchange) Start(context.Context) error  { return nil }
func (*fakeExchange) WebAddresses() []netip.AddrPort { return nil }
func (f *fakeExchange) Addresses() []api.Address     { return nil }
func (f *fakeExchange) Status() api.Status           { return api.Status{Calls: f.calls} }
func (f *fakeExchange) Close() error                 { f.closed = true; return nil }

func (f *fakeExchange) Config() *config.Config {
	cfg := config.Default()
	return &cfg
}

func (f *fakeExchange) Reload() (api.ReloadResult, error) {
	f.reloads++
	return api.ReloadResult{}, nil
}

func (f *fakeExchange) Drain(ctx context.Context) error {
	select {
	case <-time.After(f.last):
	case <-ctx.Done():
		f.drainErr = ctx.Err()
	}
	return f.drainErr
}

func TestSignals(t *testing.T) {
	for name, c := range map[string]struct {
		server  fakeExchange
		signals []os.Signal
		says    string
		takes   time.Duration
		reloads int
	}{
		"no calls":                 {fakeExchange{}, []os.Signal{os.Interrupt}, "", 0, 0},
		"calls end in time":        {fakeExchange{calls: 2, last: time.Minute}, []os.Signal{syscall.SIGTERM}, "Waiting up to 5:00 for 2 calls to end.", time.Minute, 0},
		"calls do not end in time": {fakeExchange{calls: 1, last: time.Hour}, []os.Signal{syscall.SIGTERM}, "Time is up", 5 * time.Minute, 0},
		"second signal":            {fakeExchange{calls: 1, last: time.Hour}, []os.Signal{os.Interrupt, os.Interrupt}, "Ending now.", 0, 0},
		"reload first":             {fakeExchange{calls: 1, last: time.Hour}, []os.Signal{syscall.SIGHUP, os.Interrupt, syscall.SIGHUP, syscall.SIGTERM}, "1 call to end", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signals := make(chan os.Signal, len(c.signals))
				for _, s := range c.signals {
					signals <- s
				}
				var said bytes.Buffer
				begin := time.Now()
				err := attend(t.Context(), &c.server, signals, slog.New(slog.DiscardHandler), terminal{&said, &said})
				if took := time.Since(begin); err != nil || took != c.takes || !c.server.closed || c.server.reloads != c.reloads {
					t.Errorf("took %v, closed %v, %d reloads, %v", took, c.server.closed, c.server.reloads, err)
				}
				if !strings.Contains(said.String(), c.says) || (c.says == "") != (said.Len() == 0) {
					t.Errorf("said %q, want %q", &said, c.says)
				}
			})
		})
	}
}

func TestBanner(t *testing.T) {
	cfg := config.Default()
	cfg.Voicemail.Enabled = true
	for n, password := range map[string]config.Secret{"100": "aaaa-bbbb-cccc-dddd", "101": "eeee-ffff-gggg-hhhh", "102": "iiii", "109": "jjjj"} {
		cfg.Extensions[n] = config.Extension{Password: password}
	}
	b := banner{
		version: "v1", program: "dialtone", hosts: []string{"192.0.2.5", "2001:db8::5"}, cfg: &cfg,
		addresses: []api.Address{
			{Transport: "udp", Address: "127.0.0.1:5060"},
			{Transport: "udp", Address: "192.0.2.5:5060"},
			{Transport: "udp", Address: "[2001:db8::5]:5060"},
			{Transport: "tls", Address: "[::]:5061"},
			{Transport: "tcp", Address: "[::]:5060"},
		},
		web:   []netip.AddrPort{netip.MustParseAddrPort("[::]:8443")},
		setup: setup{data: "dialtone-data", accounts: "dialtone-data/extensions.yaml"},
	}
	var out bytes.Buffer
	if err := b.print(&out); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/banner.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("printed\n%s\nwant\n%s", &out, want)
	}
	out.Reset()
	b.setup = setup{data: "/var/lib/dialtone", file: "other.yaml"}
	if err := b.print(&out); err != nil || strings.Contains(out.String(), "aaaa") || !strings.Contains(out.String(), "dialtone ctl status --config other.yaml\n") {
		t.Errorf("with a configuration, printed\n%s", &out)
	}
}

func TestServerToTypeIntoAPhone(t *testing.T) {
	hosts := []string{"192.0.2.5", "2001:db8::5"}
	for _, c := range []struct{ transport, address, want string }{
		{"udp", "[::]:5060", "192.0.2.5"},
		{"udp", "0.0.0.0:5070", "192.0.2.5:5070"},
		{"udp", "127.0.0.1:5060", "127.0.0.1"},
		{"udp", "[2001:db8::5]:5070", "[2001:db8::5]:5070"},
		{"tls", "192.0.2.5:5061", "192.0.2.5"},
		{"tcp", "192.0.2.5:5061", "192.0.2.5:5061"},
	} {
		b := banner{hosts: hosts, addresses: []api.Address{{Transport: c.transport, Address: c.address}}}
		if got := b.server(); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.transport, c.address, got, c.want)
		}
	}
}

// What people are to type into a browser.
func TestWebPhoneAddress(t *testing.T) {
	for _, tt := range []struct{ listens, name, want string }{
		{"[::]:8443", "", "https://192.0.2.5:8443/"},
		{"[::]:443", "pbx.example.com", "https://pbx.example.com/"},
		{"127.0.0.1:8443", "", "https://127.0.0.1:8443/"},
		{"[2001:db8::5]:443", "", "https://[2001:db8::5]/"},
		{"", "pbx.example.com", ""},
	} {
		b := banner{hosts: []string{"192.0.2.5"}, cfg: &config.Config{Web: config.Web{Name: tt.name}}}
		if tt.listens != "" {
			b.web = []netip.AddrPort{netip.MustParseAddrPort(tt.listens)}
		}
		if got := b.webPhone(); got != tt.want {
			t.Errorf("%s, %q: %s, want %s", tt.listens, tt.name, got, tt.want)
		}
	}
}

func TestFilesAreNotLimitedBelowWhatTheSystemAllows(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur != limit.Max {
		t.Errorf("the limit is %d of %d", limit.Cur, limit.Max)
	}
	var out bytes.Buffer
	warnFileLimit(slog.New(slog.NewTextHandler(&out, nil)), 1<<40)
	if !strings.Contains(out.String(), "calls.max") {
		t.Errorf("a limit that is too low is not told: %s", &out)
	}
}
