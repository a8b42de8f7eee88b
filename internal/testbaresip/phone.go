package testbaresip

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/internal/callscript"
)

// Options say how a phone registers, and what it is besides.
type Options struct {
	Extension string
	Transport string    // "udp" when empty
	Hz        int       // of the tone that it speaks
	Params    string    // further ones of its account: ";answermode=auto;mediaenc=srtp-mand"
	Modules   string    // further ones: "mwi.so contact.so"
	Contact   string    // the extension that it writes to and watches
	Says      io.Writer // gets all that comes from its control port; may be nil
}

// Phone is a baresip that runs.
type Phone struct {
	tb      testing.TB
	server  *callscript.Server
	options Options
	dir     string
	control *control
}

// Start runs a baresip that ends with the test, and waits until it has registered.
func Start(ctx context.Context, tb testing.TB, server *callscript.Server, o Options) *Phone {
	tb.Helper()
	if o.Transport == "" {
		o.Transport = "udp"
	}
	if o.Says == nil {
		o.Says = io.Discard
	}
	p := &Phone{tb: tb, server: server, options: o, dir: tb.TempDir()}
	port, err := server.Spare()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.configure(port); err != nil {
		tb.Fatal(err)
	}
	p.run()
	if p.control, err = openControl(ctx, port, o.Says); err != nil {
		tb.Fatalf("baresip %s opens no control port: %v", o.Extension, err)
	}
	tb.Cleanup(p.control.close)
	p.waitRegistered(ctx)
	return p
}

// run runs the program until the end of the test.
func (p *Phone) run() {
	p.tb.Helper()
	path, err := exec.LookPath("baresip")
	if err != nil {
		p.tb.Fatal("baresip is not installed, and nothing is tested with it: make install-test-tools")
	}
	log, err := os.Create(p.logFile())
	if err != nil {
		p.tb.Fatal(err)
	}
	defer log.Close()
	ctx, kill := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "-4", "-f", p.dir, "-s")
	cmd.Stdout, cmd.Stderr = log, log
	if _, err = cmd.StdinPipe(); err == nil { // held open until Wait: at its end baresip ends
		err = cmd.Start()
	}
	if err != nil {
		kill()
		p.tb.Fatalf("baresip: %v", err)
	}
	p.tb.Cleanup(func() {
		kill()
		_ = cmd.Wait()
		if p.tb.Failed() {
			p.tb.Logf("baresip %s:\n%s", p.options.Extension, callscript.Tail(p.Log(), 120))
		}
	})
}

// waitRegistered asks the server: the phone may have registered before its control port was
// there.
func (p *Phone) waitRegistered(ctx context.Context) {
	p.tb.Helper()
	if !callscript.Until(ctx, func() bool {
		var list []struct{ Extension string }
		if p.server.Ctl(ctx, &list, "registrations") != nil {
			return false
		}
		for _, r := range list {
			if r.Extension == p.options.Extension {
				return true
			}
		}
		return false
	}) {
		p.tb.Fatalf("baresip %s does not register", p.options.Extension)
	}
}

// Do gives it a command.
func (p *Phone) Do(command, params string) {
	p.tb.Helper()
	if err := p.control.command(command, params); err != nil {
		p.tb.Fatalf("baresip: %s %s: %v", command, params, err)
	}
}

// Dial has it call a number of the server.
func (p *Phone) Dial(number string) {
	p.tb.Helper()
	p.Do("dial", p.uri(number))
}

// WaitEvent waits until an event of a type has come n times in all.
func (p *Phone) WaitEvent(ctx context.Context, name string, n int) {
	p.tb.Helper()
	if all, ok := p.control.wait(ctx, name, n); !ok {
		p.tb.Fatalf("expected %s %d times from baresip, its events are: %s", name, n, all)
	}
}

func (p *Phone) logFile() string { return filepath.Join(p.dir, "log") }

// Log is what it has printed, with the SIP messages that it got and sent.
func (p *Phone) Log() string {
	data, _ := os.ReadFile(p.logFile())
	return string(data)
}

// ACKs counts those that have passed its socket.
func (p *Phone) ACKs() int { return strings.Count(p.Log(), "\nACK sip:") }

// WaitACKs waits until n ACKs have passed its socket in all: the re-INVITE before the next one
// has to be over.
func (p *Phone) WaitACKs(ctx context.Context, n int) {
	p.tb.Helper()
	if !callscript.Until(ctx, func() bool { return p.ACKs() >= n }) {
		p.tb.Fatalf("baresip's re-INVITE does not come to its end: fewer than %d ACKs", n)
	}
}
