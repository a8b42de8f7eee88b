package browser

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"dialtone/internal/testphone"
	"dialtone/internal/testwav"
)

// The certificate that all offices have, so that one browser trusts them all, and its key.
const (
	certificateFile = "certificate.pem"
	keyFile         = "key.pem"
)

// shared are Chromiums that tests share, as it takes long to start one: one for each tone that a
// microphone hears. What a test opens in one shares nothing with what others do. The zero value
// is ready. Safe for concurrent use.
type shared struct {
	mu      sync.Mutex
	folder  string
	trust   string               // Options.Trust of the certificate
	running map[float64]*Browser // by the tone
}

// start gives a Chromium that trusts the offices. The pages that are opened with it end with
// the test.
func (s *shared) start(t *testing.T, hz float64) *Browser {
	t.Helper()
	running, err := s.get(hz)
	if err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	b := *running
	b.t = t
	t.Cleanup(b.leave)
	return &b
}

// get gives one that answers.
func (s *shared) get(hz float64) (*Browser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.furnish(); err != nil {
		return nil, err
	}
	if b := s.running[hz]; b != nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if b.ask(ctx, "", "Browser.getVersion", nil, nil) == nil {
			return b, nil
		}
		b.stop()
		delete(s.running, hz)
	}
	home, err := os.MkdirTemp(s.folder, "")
	if err != nil {
		return nil, err
	}
	tone := filepath.Join(home, "tone.wav")
	if err := makeTone(tone, hz); err != nil {
		return nil, err
	}
	b, err := start(home, Options{Tone: tone, Trust: s.trust})
	if err != nil {
		return nil, err
	}
	s.running[hz] = b
	return b, nil
}

// file gives the path of the certificate, or the key.
func (s *shared) file(t *testing.T, name string) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.furnish(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(s.folder, name)
}

// furnish makes the folder and what is in it; mu is held.
func (s *shared) furnish() (err error) {
	if s.running != nil {
		return nil
	}
	if s.folder, err = os.MkdirTemp("", "browsers"); err != nil {
		return err
	}
	s.trust, err = makeCertificate(s.folder)
	if err == nil {
		s.running = map[float64]*Browser{}
	}
	return err
}

// close ends them all.
func (s *shared) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.running {
		b.stop()
	}
	if s.folder == "" {
		return nil
	}
	return os.RemoveAll(s.folder)
}

// leave closes the pages of a test.
func (b *Browser) leave() {
	for _, room := range b.rooms {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := b.ask(ctx, "", "Target.disposeBrowserContext", map[string]any{"browserContextId": room}, nil)
		cancel()
		if err != nil && !errors.Is(err, errGone) {
			b.t.Errorf("closing pages: %v", err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.pages, func(_ string, p *Page) bool { return p.browser == b })
}

// makeTone makes the file that the microphone of a Chromium hears.
func makeTone(file string, hz float64) error {
	return os.WriteFile(file, testwav.Format{Rate: 48000}.Tone(hz, 10*time.Second), 0o600)
}

// makeCertificate makes a certificate for this machine that nobody signed, and says how it is
// trusted.
func makeCertificate(folder string) (trusted string, err error) {
	made, err := testphone.Certificate(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		return "", err
	}
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		return "", err
	}
	for name, block := range map[string]*pem.Block{
		certificateFile: {Type: "CERTIFICATE", Bytes: made.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return "", err
		}
	}
	return trust(filepath.Join(folder, certificateFile))
}

// trust is what Chromium wants to know of the certificate in a file to trust it.
func trust(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return "", fmt.Errorf("%s holds no certificate", file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

// Tests that share a browser see nothing of each other, and one that has ended is replaced.
func TestSharedBrowsers(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<p>Hello") }))
	t.Cleanup(site.Close)
	var browsers shared
	t.Cleanup(func() {
		if err := browsers.close(); err != nil {
			t.Error(err)
		}
	})
	const visits = `localStorage.n = 1 + Number(localStorage.n ?? 0), document.cookie = 'n=' + localStorage.n, localStorage.n + document.cookie`
	visit := func(t *testing.T) (b *Browser) {
		t.Helper()
		b = browsers.start(t, alice)
		var seen string
		if b.Open(site.URL).Eval(visits, &seen); seen != "1n=1" {
			t.Errorf("after the first visit there is %s", seen)
		}
		return b
	}
	var first, second *Browser
	t.Run("one", func(t *testing.T) { first = visit(t) })
	t.Run("another", func(t *testing.T) { second = visit(t) })
	if first.house != second.house || len(first.pages) > 0 {
		t.Errorf("they share a browser: %v; %d pages are open", first.house == second.house, len(first.pages))
	}
	t.Run("one that ends", func(t *testing.T) { visit(t).house.kill() })
	t.Run("one after it", func(t *testing.T) { visit(t) })
}
