package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/pbx"
	"dialtone/pbx/api"
	"dialtone/pbx/doctor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ward is a server to examine, or the place of one that does not run.
type ward struct {
	*testing.T
	dir, file string
	client    doctor.Server
}

// admit writes a configuration and runs a server with it.
func admit(t *testing.T, text string) *ward {
	t.Helper()
	w := lay(t, text)
	server, err := pbx.New(pbx.Options{ConfigPath: w.file, Log: slog.New(slog.DiscardHandler), Level: new(slog.LevelVar), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return w
}

// lay writes a configuration for a server that does not run.
func lay(t *testing.T, text string) *ward {
	t.Helper()
	dir, err := os.MkdirTemp("", "dt-") // a short path: it has a socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w := &ward{T: t, dir: dir, file: filepath.Join(dir, "dialtone.yaml")}
	text = strings.ReplaceAll(text, "DIR", dir)
	if err := os.WriteFile(w.file, []byte("data: data\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.client = api.NewClient(filepath.Join(dir, "data", api.SocketName))
	return w
}

// usual is the configuration of a small office, with what is put in for each part.
func usual(t *testing.T, web, media, sip string) string {
	t.Helper()
	return fmt.Sprintf(`
sip: {udp: ["127.0.0.1:0"], tcp: ["127.0.0.1:0"], tls: ["127.0.0.1:0"]%s}
web: {listen: ["127.0.0.1:%d"]%s}
media: {webrtc_port: %d, ports: 52000-52199%s}
calls: {max: 40}
extensions:
  "100": {password: kqvt-8mzn-3xwp-r5hc}
`, sip, freePort(t), web, freePort(t), media)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// findings are what the doctor finds.
type findings []doctor.Finding

func (w *ward) examine() (found findings) {
	w.Helper()
	o := doctor.Options{Server: w.client, File: w.file, Data: filepath.Join(w.dir, "data")}
	o.Loaded, o.Mistakes = config.Read(w.file)
	doctor.Examine(w.Context(), o, func(f doctor.Finding) { found = append(found, f) })
	return found
}

// of are those of one test.
func (all findings) of(test string) (some findings) {
	for _, f := range all {
		if f.Test == test {
			some = append(some, f)
		}
	}
	return some
}

// want checks that a test has found something, with words of its text and of what to do.
func (all findings) want(t *testing.T, test string, level doctor.Level, text, do string) doctor.Finding {
	t.Helper()
	for _, f := range all.of(test) {
		if f.Level == level && strings.Contains(f.Text, text) && strings.Contains(f.Do, do) {
			return f
		}
	}
	t.Errorf("%s does not find %s %q, do %q; it finds %+v", test, level, text, do, all.of(test))
	return doctor.Finding{}
}

// paper is a certificate for tests.
type paper struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// sign makes a certificate; by is who signs it, nil for itself.
func sign(t *testing.T, by *paper, ca bool, until time.Time, names ...string) *paper {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: fmt.Sprintf("Test %v %v", names, ca)}, DNSNames: names,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, IsCA: ca, BasicConstraintsValid: true,
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &paper{got, key}
}

// write puts a certificate, with those that follow in the chain, and its key into files.
func (p *paper) write(t *testing.T, dir string, chain ...*paper) {
	t.Helper()
	var cert []byte
	for _, one := range append([]*paper{p}, chain...) {
		cert = append(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.Raw})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"cert.pem": cert, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
