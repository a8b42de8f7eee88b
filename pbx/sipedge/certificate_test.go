package sipedge

import (
	"crypto/tls"
	"net/netip"
	"os"
	"testing"
	"time"
)

// withTLS gives an edge a self-signed certificate.
func withTLS(tb testing.TB) func(*Options) {
	tb.Helper()
	certFile, keyFile, err := SelfSigned(tb.TempDir(), []string{"pbx.example"}, []netip.Addr{netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		tb.Fatal(err)
	}
	c, err := LoadCertificate(certFile, keyFile)
	if err != nil {
		tb.Fatal(err)
	}
	return func(o *Options) { o.TLS = c.TLS() }
}

func TestSelfSignedCertificate(t *testing.T) {
	dir := t.TempDir() + "/tls"
	ip := netip.MustParseAddr("192.0.2.1")
	certFile, keyFile, err := SelfSigned(dir, []string{"pbx.example"}, []netip.Addr{ip})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{certFile, keyFile} {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info, err)
		}
	}
	c, err := LoadCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	leaf := c.current.Load().Leaf
	if leaf.VerifyHostname("pbx.example") != nil || leaf.VerifyHostname("192.0.2.1") != nil || time.Until(leaf.NotAfter) < 9*365*24*time.Hour {
		t.Errorf("certificate for %v %v until %v", leaf.DNSNames, leaf.IPAddresses, leaf.NotAfter)
	}
	before, _ := os.ReadFile(certFile)
	if _, _, err := SelfSigned(dir, []string{"other"}, nil); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(certFile); string(after) != string(before) {
		t.Error("an existing certificate was replaced")
	}
	if err := os.WriteFile(certFile, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(); err == nil || c.current.Load().Leaf != leaf {
		t.Errorf("reload of junk: %v", err)
	}
}

func TestCertificateChangesWhileRunning(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile, err := SelfSigned(dir, []string{"old"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := LoadCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, setUp{options: func(o *Options) { o.TLS = c.TLS() }})
	name := func() string {
		p := b.phone("tls")
		return p.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if have := name(); have != "old" {
		t.Fatal(have)
	}
	_, _ = os.Remove(certFile), os.Remove(keyFile)
	if _, _, err := SelfSigned(dir, []string{"new"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(); err != nil {
		t.Fatal(err)
	}
	if have := name(); have != "new" {
		t.Fatal(have)
	}
}

func TestTLSBelow12IsRefused(t *testing.T) {
	b := start(t, setUp{options: withTLS(t)})
	_, err := tls.Dial("tcp", b.at("tls").String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11})
	if err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}
