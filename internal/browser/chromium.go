package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
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

// Installed says whether there is a Chromium to start.
func Installed() bool {
	_, err := program()
	return err == nil
}

func program() (string, error) {
	return either("no Chromium is installed; on Debian or Ubuntu: apt-get install chromium", "chromium", "chromium-browser", "google-chrome")
}

// Start starts a Chromium that ends with the test.
func Start(tb testing.TB, o Options) *Browser {
	tb.Helper()
	b, err := start(tb.TempDir(), o)
	if err != nil {
		tb.Fatalf("starting Chromium: %v", err)
	}
	b.t = tb
	tb.Cleanup(b.end)
	return b
}

// start starts one whose home is a folder.
func start(folder string, o Options) (*Browser, error) {
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
	house, err := launch(slices.Concat(o.Enter, []string{path}, arguments(o, folder)), folder, func(c *exec.Cmd) {
		c.ExtraFiles = []*os.File{commandsRead, answersWrite}
	})
	commandsRead.Close()
	answersWrite.Close()
	if err != nil {
		return nil, errors.Join(err, commands.Close(), answers.Close())
	}
	w := newWire(&pipes{commands, answers, bufio.NewReaderSize(answers, 1<<16)})
	return &Browser{house: house, wire: w, kind: devTools{}, goAway: "Browser.close"}, nil
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

// pipes is a link over two of them, each message ended by a zero: it ends with either side.
type pipes struct {
	commands, answers *os.File
	in                *bufio.Reader
}

func (p *pipes) read() ([]byte, error) {
	data, err := p.in.ReadBytes(0)
	if err != nil {
		return nil, err
	}
	return data[:len(data)-1], nil
}

func (p *pipes) write(ctx context.Context, message []byte) error {
	until, _ := ctx.Deadline() // none is no time, which a file takes as none, too
	if err := p.commands.SetWriteDeadline(until); err != nil {
		return err
	}
	_, err := p.commands.Write(append(message, 0))
	return err
}

func (p *pipes) close() {
	p.commands.Close()
	p.answers.Close()
}
