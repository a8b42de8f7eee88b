package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// FirefoxInstalled says whether there is a Firefox to start.
func FirefoxInstalled() bool {
	_, err := fox()
	return err == nil
}

func fox() (string, error) {
	return either("no Firefox is installed; on Debian: apt-get install firefox-esr", "firefox-esr", "firefox")
}

// StartFirefox starts a Firefox whose microphone hears a tone, and which ends with the
// test. It takes any certificate.
func StartFirefox(tb testing.TB, hz float64) *Browser {
	tb.Helper()
	b, err := startFirefox(tb, hz)
	if err != nil {
		tb.Fatalf("starting Firefox: %v", err)
	}
	tb.Cleanup(b.end)
	return b
}

// preferences are those of every profile; the rest is what Firefox takes itself when it is
// driven. Its fake camera shows colours that change. A page may not ask whether it may be left:
// Firefox 140 would leave the question to us, whatever its session was told to answer.
const preferences = `user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.audio.fake_frequency", %d);
user_pref("media.navigator.permission.disabled", true);
user_pref("media.peerconnection.ice.loopback", true);
user_pref("media.gmp-provider.enabled", false);
user_pref("dom.disable_beforeunload", true);
user_pref("intl.accept_languages", "en-GB");
`

func startFirefox(tb testing.TB, hz float64) (*Browser, error) {
	tb.Helper()
	path, err := fox()
	if err != nil {
		return nil, err
	}
	folder := tb.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "user.js"), fmt.Appendf(nil, preferences, int(hz)), 0o600); err != nil {
		return nil, err
	}
	said, says, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	line := []string{path, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", folder, "about:blank"}
	house, err := launch(line, folder, func(c *exec.Cmd) {
		c.Stderr = says
	})
	says.Close()
	if err != nil {
		return nil, errors.Join(err, said.Close())
	}
	b := &Browser{t: tb, house: house, kind: webDriver{}, goAway: "browser.close"}
	if b.wire, err = connect(said); err != nil {
		house.kill()
		said.Close()
		return nil, err
	}
	return b, nil
}

// connect opens a session of WebDriver BiDi with a Firefox that says where it listens.
func connect(said *os.File) (*wire, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer context.AfterFunc(ctx, func() { said.Close() })()
	out := bufio.NewScanner(said)
	address := ""
	for found := false; !found; {
		if !out.Scan() {
			return nil, errors.New("it did not say where it listens")
		}
		address, found = strings.CutPrefix(out.Text(), "WebDriver BiDi listening on ")
	}
	conn, _, err := websocket.Dial(ctx, address+"/session", nil) //nolint:bodyclose // the library does it
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 26)
	go func() { _, _ = io.Copy(io.Discard, said) }()
	w := newWire(&talk{conn, said})
	if err := greet(ctx, w); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func greet(ctx context.Context, w *wire) error {
	want := map[string]any{"alwaysMatch": map[string]any{"acceptInsecureCerts": true}}
	if err := w.ask(ctx, "", "session.new", map[string]any{"capabilities": want}, nil); err != nil {
		return err
	}
	events := []string{"log.entryAdded", "network.beforeRequestSent", "network.responseCompleted", "network.fetchError"}
	return w.ask(ctx, "", "session.subscribe", map[string]any{"events": events}, nil)
}

// talk is a link over a WebSocket, to one whose other words are not listened to.
type talk struct {
	conn *websocket.Conn
	said *os.File
}

func (t *talk) read() ([]byte, error) {
	_, data, err := t.conn.Read(context.Background())
	return data, err
}

func (t *talk) write(ctx context.Context, message []byte) error {
	return t.conn.Write(ctx, websocket.MessageText, message)
}

func (t *talk) close() {
	_ = t.conn.CloseNow()
	t.said.Close()
}
