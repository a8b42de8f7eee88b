package peers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/internal/callscript"
)

// sipp is one run of sipp as a phone of the server.
type sipp struct {
	scenario  string // testdata/sipp/NAME.xml
	extension string
	password  string // the right one when empty
	callee    string
	port      int    // its own; it is where calls for it arrive
	transport string // "udp" when empty, "tcp", "tls"
	expires   int
	calls     int // 1 when 0
	rate      int // calls a second, 10 when 0
	talk      time.Duration
}

// command gives sipp's arguments. Each run writes its files into a folder of its own.
func (s sipp) command(ctx context.Context, t *testing.T, server *callscript.Server) *exec.Cmd {
	t.Helper()
	scenario, err := filepath.Abs(filepath.Join("../../testdata/sipp", s.scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	transport, mode := s.transport, "t1"
	if transport == "" || transport == "udp" {
		transport, mode = "udp", "u1"
	}
	port := server.Port(transport)
	if transport == "tls" {
		port = tlsFront(t, fmt.Sprintf("127.0.0.1:%d", port))
	}
	at := fmt.Sprintf("127.0.0.1:%d", port)
	password := s.password
	if password == "" {
		password = server.Password(s.extension)
	}
	args := []string{
		at, "-sf", scenario, "-t", mode, "-i", "127.0.0.1", "-p", strconv.Itoa(s.port),
		"-au", s.extension, "-ap", password, "-key", "user", s.extension, "-key", "expires", strconv.Itoa(s.expires),
		"-key", "proto", strings.ToUpper(transport),
		"-m", strconv.Itoa(max(s.calls, 1)), "-r", strconv.Itoa(max(s.rate, 10)), "-d", strconv.FormatInt(s.talk.Milliseconds(), 10),
		"-nostdin", "-timeout", "60", "-timeout_error", "-trace_err", "-trace_msg",
	}
	if s.callee != "" {
		args = append(args, "-key", "callee", s.callee, "-auth_uri", s.callee+"@"+at)
	}
	cmd := exec.CommandContext(ctx, "sipp", args...)
	cmd.Dir = t.TempDir()
	return cmd
}

// run lets sipp do its scenario to the end. Anything but success fails the test.
func (s sipp) run(ctx context.Context, t *testing.T, server *callscript.Server) {
	t.Helper()
	s.start(ctx, t, server)()
}

// start begins the scenario; the result waits for its end.
func (s sipp) start(ctx context.Context, t *testing.T, server *callscript.Server) func() {
	t.Helper()
	_, end := s.begin(ctx, t, server)
	return end
}

// begin does so, and says in which folder sipp's logs are.
func (s sipp) begin(ctx context.Context, t *testing.T, server *callscript.Server) (dir string, end func()) {
	t.Helper()
	cmd := s.command(ctx, t, server)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("sipp: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd.Dir, func() {
		t.Helper()
		if err := cmd.Wait(); err != nil {
			t.Fatalf("sipp %s: %v\n%s\n%s", strings.Join(cmd.Args[1:], " "), err, callscript.Tail(out.String(), 30), logs(cmd.Dir))
		}
	}
}

// register is a REGISTER of s's extension from its port.
func (s sipp) register(ctx context.Context, t *testing.T, server *callscript.Server) {
	t.Helper()
	sipp{scenario: "register", extension: s.extension, port: s.port, expires: 3600, transport: s.transport}.run(ctx, t, server)
}

// logs are the files that sipp wrote about errors and messages.
func logs(dir string) string {
	names, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	var all strings.Builder
	for _, name := range names {
		data, _ := os.ReadFile(name)
		fmt.Fprintf(&all, "%s:\n%s\n", filepath.Base(name), callscript.Tail(string(data), 150))
	}
	return all.String()
}

func TestSIPpRegisters(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	server := serve(t, "registrar:\n  qualify: 0\n")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			phone := sipp{extension: "100", port: freePort(t), transport: transport}
			phone.register(ctx, t, server)
			registered(ctx, t, server, 1)
			phone.scenario = "register" // and gone again, with Expires: 0
			phone.run(ctx, t, server)
			registered(ctx, t, server, 0)
			phone.scenario = "register_refresh"
			phone.run(ctx, t, server)
			registered(ctx, t, server, 0)
			phone.scenario, phone.password, phone.expires = "register_refused", "guessed", 3600
			phone.run(ctx, t, server)
			registered(ctx, t, server, 0)
		})
	}
}

// registered waits until so many phones are registered.
func registered(ctx context.Context, t *testing.T, server *callscript.Server, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var list []struct{ Contact string }
	if !callscript.Until(ctx, func() bool {
		return server.Ctl(ctx, &list, "registrations") == nil && len(list) == want
	}) {
		t.Fatalf("expected %d registrations, there are %v", want, list)
	}
}

func TestSIPpCalls(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	// sipp takes OPTIONS for a call. The caller waits 20 s for who does not answer; the others
	// have to answer in time, on a machine that is busy too.
	server := serve(t, `calls:
  ring_timeout: 12s
registrar:
  qualify: 0
extensions:
  "100": {password: phone-100-key, max_calls: 50}
  "101": {password: phone-101-key, max_calls: 50}
`)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for _, c := range []struct {
		name           string
		caller, callee string // scenarios
		transport      string // of the caller
		cause          string
		calls          int
	}{
		{name: "answered", caller: "call", callee: "answer", cause: "normal"},
		{name: "answered, caller over TCP", caller: "call", callee: "answer", transport: "tcp", cause: "normal"},
		{name: "answered, caller over TLS", caller: "call", callee: "answer", transport: "tls", cause: "normal"},
		{name: "many", caller: "call", callee: "answer", cause: "normal", calls: 50},
		{name: "cancelled", caller: "call_cancelled", callee: "ring", cause: "cancelled"},
		{name: "busy", caller: "call_refused_486", callee: "busy", cause: "busy"},
		{name: "not answered", caller: "call_refused_480", callee: "ring", cause: "no-answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := ended(ctx, t, server, c.cause)
			callee := sipp{scenario: c.callee, extension: "101", port: freePort(t), calls: c.calls}
			callee.register(ctx, t, server)
			waiting := callee.start(ctx, t, server)
			caller := sipp{
				scenario: c.caller, extension: "100", callee: "101", port: freePort(t),
				transport: c.transport, calls: c.calls, talk: 300 * time.Millisecond,
			}
			caller.run(ctx, t, server)
			waiting()
			callee.scenario, callee.calls = "register", 1 // Expires: 0
			callee.run(ctx, t, server)
			records(ctx, t, server, c.cause, before+max(c.calls, 1))
			var calls []struct{ ID string }
			if !callscript.Until(ctx, func() bool { return server.Ctl(ctx, &calls, "calls") == nil && len(calls) == 0 }) {
				t.Errorf("calls are left over: %v", calls)
			}
		})
	}
}

// ended is how many records there are with that cause.
func ended(ctx context.Context, t *testing.T, server *callscript.Server, cause string) int {
	t.Helper()
	var cdrs []struct{ Cause string }
	if err := server.Ctl(ctx, &cdrs, "cdr"); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range cdrs {
		if c.Cause == cause {
			n++
		}
	}
	return n
}
