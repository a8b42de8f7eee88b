package web

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The log is told of a certificate that gets too old: two weeks before, and each day.
func TestOldCertificateIsSpokenOf(t *testing.T) {
	end := time.Date(2030, 1, 15, 12, 0, 0, 0, time.UTC)
	leaf := &x509.Certificate{NotAfter: end}
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	var a aging
	for _, step := range []struct {
		before time.Duration
		want   string
	}{
		{15 * 24 * time.Hour, ""},
		{14*24*time.Hour - time.Minute, "expires soon"},
		{14*24*time.Hour - time.Hour, ""},
		{12 * 24 * time.Hour, "expires soon"},
		{time.Hour, "expires soon"},
		{-time.Minute, "has expired"},
		{-time.Hour, ""},
		{-26 * time.Hour, "has expired"},
	} {
		said.Reset()
		a.look(leaf, end.Add(-step.before), log)
		if got := said.String(); step.want == "" && got != "" || !strings.Contains(got, step.want) {
			t.Errorf("%v before its end: %q, want %q", step.before, got, step.want)
		}
	}
	said.Reset()
	a.look(&x509.Certificate{NotAfter: end.Add(90 * 24 * time.Hour)}, end, log)
	if said.Len() > 0 {
		t.Errorf("of the new one: %s", said.String())
	}
}

// A server with a certificate that has expired starts, shows it, and says so.
func TestExpiredCertificateOfTheServer(t *testing.T) {
	s := openSite(t)
	s.stop()
	authority, err := openAuthority(filepath.Join(s.data, "web"))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.kept(filepath.Join(s.data, "web"))
	if err != nil {
		t.Fatal(err)
	}
	template := *pair.Leaf
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(7), time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
	der, err := x509.CreateCertificate(nil, &template, authority.certificate, pair.Leaf.PublicKey, authority.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(s.data, "old.pem"), filepath.Join(s.data, "web", "key.pem")
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	other := *s.cfg.Load()
	other.Web.Certificate, other.Web.Key = cert, key
	s.cfg.Store(&other)
	said := make(chan string, 64)
	s.log = slog.New(slog.NewTextHandler(lineWriter(said), nil))
	s.start()
	for {
		select {
		case line := <-said:
			if strings.Contains(line, "web.certificate has expired") {
				_, err := tls.Dial("tcp", s.at, &tls.Config{RootCAs: s.roots})
				if err == nil || !strings.Contains(err.Error(), "expired") {
					t.Errorf("a browser: %v", err)
				}
				return
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nothing is said of it")
		}
	}
}

// lineWriter hands on what is written.
type lineWriter chan<- string

func (w lineWriter) Write(b []byte) (int, error) {
	select {
	case w <- string(b):
	default:
	}
	return len(b), nil
}
