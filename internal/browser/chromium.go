package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// programs are the names under which Chromium is installed.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// Limits of a Chromium: how long one question may take, and how long it may take to
// leave when it is told to.
const (
	patience = 30 * time.Second
	farewell = 5 * time.Second
)

// Options are how a Chromium is started.
type Options struct {
	// Tone is a WAV file that its microphone hears, over and over; without one the
	// microphone beeps once a second.
	Tone string
	// Trust is the base64 SHA-256 of the public key of a server whose certificate is
	// accepted although nobody signed it.
	Trust string
	// Enter is a command that runs it somewhere else, such as in another network.
	Enter []string
	// Language is what its user reads, "en-GB" when empty.
	Language string
}

// Chromium is one running browser. Its pages do not share anything.
type Chromium struct {
	*wire
	t       testing.TB
	process *exec.Cmd
	ended   chan struct{} // closed when the process has ended
}

// Installed says whether there is a Chromium to start.
func Installed() bool {
	_, err := program()
	return err == nil
}

func program() (string, error) {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium is installed; on Debian or Ubuntu: apt-get install chromium")
}

// Start starts a browser that ends with the test.
func Start(tb testing.TB, o Options) *Chromium {
	tb.Helper()
	c, err := start(tb, o)
	if err != nil {
		tb.Fatalf("starting Chromium: %v", err)
	}
	tb.Cleanup(c.stop)
	return c
}

func start(tb testing.TB, o Options) (*Chromium, error) {
	tb.Helper()
	path, err := program()
	if err != nil {
		return nil, err
	}
	commandsRead, commands, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	answers, answersWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a pipe: %w", err), commandsRead.Close(), commands.Close())
	}
	folder := tb.TempDir()
	// The process is ended by stop, which waits for it: a context would kill the
	// first process only.
	line := slices.Concat(o.Enter, []string{path}, arguments(o, folder))
	process := exec.Command(line[0], line[1:]...) //nolint:noctx // see above
	process.ExtraFiles = []*os.File{commandsRead, answersWrite}
	process.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+filepath.Join(folder, "config"))
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = process.Start()
	commandsRead.Close()
	answersWrite.Close()
	if err != nil {
		return nil, errors.Join(err, commands.Close(), answers.Close())
	}
	c := &Chromium{t: tb, process: process, ended: make(chan struct{}), wire: newWire(commands, answers)}
	go func() {
		defer close(c.ended)
		_ = process.Wait() // how it ended does not matter: whoever asked gets an error
	}()
	return c, nil
}

func arguments(o Options, folder string) []string {
	language := o.Language
	if language == "" {
		language = "en-GB"
	}
	all := []string{
		"--headless", "--remote-debugging-pipe", "--user-data-dir=" + filepath.Join(folder, "profile"),
		"--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-gpu", "--disable-dev-shm-usage",
		// Pages that are not looked at go on as if they were.
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
		"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
		"--lang=" + language, "--accept-lang=" + language,
	}
	if os.Geteuid() == 0 {
		all = append(all, "--no-sandbox")
	}
	if o.Tone != "" {
		all = append(all, "--use-file-for-fake-audio-capture="+o.Tone)
	}
	if o.Trust != "" {
		all = append(all, "--ignore-certificate-errors-spki-list="+o.Trust)
	}
	return append(all, "about:blank")
}

// stop asks the browser to leave, and ends its own process group when it does not.
func (c *Chromium) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	_ = c.ask(ctx, "", "Browser.close", nil, nil) // it may be gone already
	select {
	case <-c.ended:
	case <-ctx.Done():
		c.t.Logf("Chromium (process %d) did not leave, it is ended", c.process.Process.Pid)
		_ = syscall.Kill(-c.process.Process.Pid, syscall.SIGKILL)
		<-c.ended
	}
	c.close()
}
