package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dialtone/pbx/api"
)

// output is what a command prints while it runs.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	printed chan struct{} // has a token when there is more
}

func newOutput() *output { return &output{printed: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.printed <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await returns when want is printed, or fails.
func (o *output) await(t *testing.T, want string) {
	t.Helper()
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	for !strings.Contains(o.String(), want) {
		select {
		case <-o.printed:
		case <-patience.C:
			t.Fatalf("%q was not printed, but\n%s", want, o)
		}
	}
}

// running is a server in this process.
type running struct {
	out, log *output
	code     chan int
}

func serveReal(ctx context.Context, t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{out: newOutput(), log: newOutput(), code: make(chan int, 1)}
	go func() { r.code <- run(ctx, append([]string{"serve"}, args...), r.out, r.log) }()
	return r
}

func (r *running) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case code := <-r.code:
		return code
	case <-time.After(20 * time.Second):
		t.Fatalf("serve does not end:\n%s%s", r.out, r.log)
		return 0
	}
}

// writeConfig writes a configuration on ports that are free, and gives its path
// and its data folder.
func writeConfig(t *testing.T, udp string) (file, data string) {
	t.Helper()
	dir := t.TempDir()
	file, data = filepath.Join(dir, "dialtone.yaml"), filepath.Join(dir, "data")
	text := fmt.Sprintf("data: data\nsip: {udp: [%q], tcp: [\"127.0.0.1:0\"], tls: [\"127.0.0.1:0\"]}\nmedia: {ports: 40000-40100}\nextensions:\n  \"100\": {password: aaaa-bbbb-cccc-dddd}\n", udp)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, data
}

func TestServeFromStartToEnd(t *testing.T) {
	file, data := writeConfig(t, "127.0.0.1:0")
	server := serveReal(t.Context(), t, "--config", file)
	server.out.await(t, "is ready for phones.")

	code, out, errOut := dialtone(t, "ctl", "status", "--config", file)
	if code != 0 || !strings.Contains(out, "listens on  udp port ") || !strings.Contains(out, "0 registered, 1 extension\n") {
		t.Errorf("status: exit code %d, %s%s", code, out, errOut)
	}
	status, err := api.NewClient(filepath.Join(data, api.SocketName)).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	t.Run("a second on the same folder", func(t *testing.T) {
		second := serveReal(t.Context(), t, "--config", file)
		if code := second.exitCode(t); code != 1 || !strings.Contains(second.log.String(), "another Dialtone uses this data folder. Stop it, or give") || strings.Contains(second.out.String(), "ready") {
			t.Errorf("exit code %d, %s%s", code, second.out, second.log)
		}
	})
	t.Run("a second on the same port", func(t *testing.T) {
		other, _ := writeConfig(t, status.Addresses[0].Address)
		second := serveReal(t.Context(), t, "--config", other)
		want := "dialtone: cannot listen on udp " + status.Addresses[0].Address + ": the address is in use; another Dialtone"
		if code := second.exitCode(t); code != 1 || !strings.Contains(second.log.String(), want) {
			t.Errorf("exit code %d, %s%s", code, second.out, second.log)
		}
	})
	if code, _, errOut := dialtone(t, "ctl", "status", "--data", data); code != 0 {
		t.Errorf("the first server no longer answers: %s", errOut)
	}

	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	good = append(good, "log: {level: debug}\n"...)
	if err := os.WriteFile(file, []byte("sipp: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := dialtone(t, "ctl", "--data", data, "reload"); code != 1 || !strings.Contains(errOut, "sipp") || !strings.Contains(errOut, "the old configuration stays") {
		t.Errorf("reload of a wrong file: exit code %d, %s", code, errOut)
	}
	server.log.await(t, "configuration refused, the old one stays error=")
	// What is good again is taken, and only once was said what was wrong before.
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	server.log.await(t, "INFO  configuration reloaded")
	if n := strings.Count(server.log.String(), "configuration refused"); n != 1 {
		t.Errorf("the log tells %d times that the configuration was refused:\n%s", n, server.log)
	}

	sendSignal(t, syscall.SIGTERM)
	if code := server.exitCode(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM:\n%s", code, server.log)
	}
	server.log.await(t, "INFO  stopped\n")
	if exists(filepath.Join(data, api.SocketName)) {
		t.Error("the control socket is still there")
	}
	if code, _, errOut := dialtone(t, "ctl", "--data", data, "status"); code != 1 || !strings.Contains(errOut, "no Dialtone is running") {
		t.Errorf("ctl after the end: exit code %d, %s", code, errOut)
	}
}

// sendSignal sends one to this process, where serve waits for it.
func sendSignal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), sig); err != nil {
		t.Fatal(err)
	}
}

func TestServeRefusesWrongConfiguration(t *testing.T) {
	file, _ := writeConfig(t, "nowhere")
	server := serveReal(t.Context(), t, "--config", file)
	if code := server.exitCode(t); code != 1 || !strings.Contains(server.log.String(), "dialtone.yaml:2:") || server.out.String() != "" {
		t.Errorf("exit code %d, %s%s", code, server.out, server.log)
	}
}
