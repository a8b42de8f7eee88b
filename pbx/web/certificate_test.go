package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/config"
)

func (s *site) shown(t *testing.T) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", s.at, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0]
}

// Who has imported our authority trusts this machine by all its names, after a restart
// too; who has trusted the certificate without it is not asked again at each start.
func TestOurAuthorityAndItsCertificateStay(t *testing.T) {
	s := openSite(t, func(cfg *config.Config) { cfg.Web.Name = "pbx.example.com" })
	first, roots := s.shown(t), s.roots
	for _, name := range []string{"pbx.example.com", "localhost", "127.0.0.1"} {
		if _, err := first.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if first.IsCA || time.Until(first.NotAfter) > 398*24*time.Hour {
		t.Errorf("browsers refuse it: it lasts until %v", first.NotAfter)
	}
	s.stop()
	s.start()
	if !s.shown(t).Equal(first) {
		t.Error("after a restart it is another certificate")
	}
	other := *s.cfg.Load()
	other.Web.Name = "phone.example.com"
	s.cfg.Store(&other)
	if err := s.server.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.shown(t).Verify(x509.VerifyOptions{Roots: roots, DNSName: "phone.example.com"}); err != nil {
		t.Errorf("the new name: %v", err)
	}
	res, body := s.client().do("GET", "/ca.pem", "")
	if res.Header.Get("Content-Type") != "application/x-x509-ca-cert" || !strings.HasPrefix(body, "-----BEGIN CERTIFICATE") || strings.Contains(body, "KEY") {
		t.Errorf("ca.pem is %s %.40s", res.Header.Get("Content-Type"), body)
	}
	for _, name := range []string{"ca-key.pem", "key.pem", "sessions.json"} {
		if info, err := os.Stat(filepath.Join(s.data, "web", name)); err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("others can read %s: %v", name, info.Mode())
		}
	}
}

func TestCertificateIsRenewedInTime(t *testing.T) {
	folder := t.TempDir()
	a, err := openAuthority(folder)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := a.issue(folder, []string{"pbx"}, []netip.Addr{netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		t.Fatal(err)
	}
	ip4, ip6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	old := *leaf.Leaf
	old.NotAfter = time.Now().Add(renewBefore - time.Hour)
	for _, tt := range []struct {
		name  string
		cert  *x509.Certificate
		names []string
		ips   []netip.Addr
		want  bool
	}{
		{"same", leaf.Leaf, []string{"pbx"}, []netip.Addr{ip4}, true},
		{"fewer", leaf.Leaf, nil, nil, true},
		{"another name", leaf.Leaf, []string{"pbx", "phone"}, nil, false},
		{"another address", leaf.Leaf, nil, []netip.Addr{netip.MustParseAddr("192.0.2.2")}, false},
		{"an address of IPv6, which changes every day", leaf.Leaf, nil, []netip.Addr{ip6}, true},
		{"old", &old, []string{"pbx"}, nil, false},
	} {
		if got := does(tt.cert, tt.names, tt.ips); got != tt.want {
			t.Errorf("%s: it does is %v", tt.name, got)
		}
	}
}

// The admin's own files come before ours, and are read again when they change. One that
// cannot be used changes nothing.
func TestOwnCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeOwn(t, cert, key, "first.example.com")
	s := openSite(t, func(cfg *config.Config) { cfg.Web.Certificate, cfg.Web.Key = cert, key })
	if name := s.shown(t).Subject.CommonName; name != "first.example.com" {
		t.Errorf("shown is %s", name)
	}
	c := s.client()
	s.roots.AddCert(s.shown(t))
	if res, _ := c.do("GET", "/", ""); res.Header.Get("Strict-Transport-Security") == "" {
		t.Error("browsers are not told to insist on it")
	}
	if res, _ := c.do("GET", "/ca.pem", ""); res.StatusCode != 404 {
		t.Errorf("ca.pem of an authority that has nothing to do with it: %d", res.StatusCode)
	}
	writeOwn(t, cert, key, "second.example.com")
	if err := s.server.Reload(); err != nil {
		t.Fatal(err)
	}
	if name := s.shown(t).Subject.CommonName; name != "second.example.com" {
		t.Errorf("after a reload shown is %s", name)
	}
	if err := os.WriteFile(key, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.server.Reload(); err == nil || !strings.Contains(err.Error(), "web.certificate") {
		t.Errorf("broken files: %v", err)
	}
	if name := s.shown(t).Subject.CommonName; name != "second.example.com" {
		t.Errorf("with broken files shown is %s", name)
	}
}

func writeOwn(t *testing.T, cert, key, name string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: nil,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	template.IPAddresses = append(template.IPAddresses, netip.MustParseAddr("127.0.0.1").AsSlice())
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{cert: encodePEM("CERTIFICATE", der), key: encodePEM("PRIVATE KEY", b)} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// An authority of which a file is missing is not made anew without a word: everybody has
// imported it.
func TestHalfAnAuthorityIsAnError(t *testing.T) {
	folder := t.TempDir()
	if _, err := openAuthority(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "ca-key.pem")); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	_, err := openCertificates(folder, func() *config.Config { return &cfg }, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "ca-key.pem") {
		t.Errorf("%v", err)
	}
}

func TestPageOfCertificates(t *testing.T) {
	s := openSite(t)
	c := s.client()
	fingerprint := s.server.fingerprint("")
	if len(fingerprint) != 32*3-1 {
		t.Fatalf("the fingerprint is %q", fingerprint)
	}
	for accept, want := range map[string]string{"": "en", "fr-CH,de;q=0.5": "fr", "de,en-GB,fr;q=0.1": "en", "xx": "en"} {
		res, body := c.do("GET", "/certificate", "", "Accept-Language", accept)
		if res.StatusCode != 200 || res.Header.Get("Content-Language") != want || !strings.Contains(body, fingerprint) || !strings.Contains(body, `lang="`+want+`"`) {
			t.Errorf("for %q: %d in %s", accept, res.StatusCode, res.Header.Get("Content-Language"))
		}
		if strings.Contains(body, "style=") || strings.Contains(body, "<script") || strings.Contains(body, "<style") {
			t.Error("our own policy forbids what is on the page")
		}
	}
	if res, _ := c.do("GET", "/certificate.css", ""); !strings.HasPrefix(res.Header.Get("Content-Type"), "text/css") {
		t.Errorf("the style is %s", res.Header.Get("Content-Type"))
	}
}
