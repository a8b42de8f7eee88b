package web

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"dialtone/config"
)

const publicName = "pbx.example.com"

// publicAuthority is one as Let's Encrypt runs it, which comes to two ports of this machine.
type publicAuthority struct {
	directory, ca string // address, file with who signed its certificate
	roots         *x509.CertPool
	stop          func()
	orders        func() int
}

// openPublicAuthority signs certificates that are good for life, 0 is 90 days.
func openPublicAuthority(t *testing.T, life time.Duration, httpPort, tlsPort int) *publicAuthority {
	t.Helper()
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: uint64(life / time.Second)}})
	front := wfe.New(quiet, store, va.New(quiet, httpPort, tlsPort, true, nameServer(t), store), issuer, []string{"pebble.example"}, true, false, 1, 1)
	orders := make(chan struct{}, 100)
	handler := front.Handler()
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "order-plz") {
			orders <- struct{}{}
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)
	file := filepath.Join(t.TempDir(), "directory.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(issuer.GetRootCert(0).Cert)
	return &publicAuthority{directory: site.URL + wfe.DirectoryPath, ca: file, roots: roots, stop: site.Close, orders: func() int { return len(orders) }}
}

// nameServer says that every name leads here.
func nameServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(m)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
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

// public opens a site with a name for which an authority is asked.
func public(t *testing.T, a *publicAuthority, door string, web int) *site {
	t.Helper()
	return openSite(t, func(cfg *config.Config) {
		cfg.Web.Name = publicName
		cfg.Web.Listen = []string{fmt.Sprintf("127.0.0.1:%d", web)}
		cfg.Web.ACME = config.ACME{Agree: true, Email: "admin@example.com", Directory: a.directory, CA: a.ca, HTTP: door}
	})
}

// sees connects as a browser that knows roots does.
func (s *site) sees(name string, roots *x509.CertPool) (*x509.Certificate, error) {
	c, err := tls.Dial("tcp", s.at, &tls.Config{RootCAs: roots, ServerName: name})
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0], nil
}

// wait waits until a browser that knows the authority is content with what it is shown,
// unless that is not.
func (s *site) wait(a *publicAuthority, not *x509.Certificate) *x509.Certificate {
	s.Helper()
	deadline, again := time.After(60*time.Second), time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for {
		shown, err := s.sees(publicName, a.roots)
		if err == nil && !shown.Equal(not) {
			return shown
		}
		select {
		case <-again.C:
		case <-deadline:
			s.Fatalf("no certificate came: %v; %+v", err, *s.server.certs.acme.state.Load())
		}
	}
}

func TestCertificateOfAPublicAuthority(t *testing.T) {
	for _, kind := range []string{"http-01", "tls-alpn-01"} {
		t.Run(kind, func(t *testing.T) {
			web, door := freePort(t), ""
			httpPort := freePort(t)
			if kind == "http-01" {
				door = fmt.Sprintf("127.0.0.1:%d", httpPort)
			}
			tlsPort := web
			if kind == "http-01" {
				tlsPort = freePort(t) // nobody is there
			}
			a := openPublicAuthority(t, 0, httpPort, tlsPort)
			s := public(t, a, door, web)
			shown := s.wait(a, nil)
			if len(shown.DNSNames) != 1 || shown.DNSNames[0] != publicName {
				t.Errorf("it is for %v", shown.DNSNames)
			}
			if own, err := s.sees("127.0.0.1", s.roots); err != nil || own.Equal(shown) {
				t.Errorf("who comes by address is not shown the certificate of our own authority: %v", err)
			}
			for _, file := range []string{"account.pem", publicName + ".pem"} {
				info, err := os.Stat(filepath.Join(s.server.certs.acme.place(&s.cfg.Load().Web), file))
				if err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, it may be read by others", file, err)
				}
			}
			before := a.orders()
			s.stop()
			s.start()
			if again, err := s.sees(publicName, a.roots); err != nil || !again.Equal(shown) {
				t.Errorf("after a restart: %v", err)
			}
			if a.orders() != before {
				t.Error("the authority is asked again at each start")
			}
		})
	}
}

// Certificates are renewed before they run out, while browsers are connected.
func TestPublicCertificateIsRenewedUnderTraffic(t *testing.T) {
	t.Parallel()
	web, httpPort := freePort(t), freePort(t)
	a := openPublicAuthority(t, 30*time.Second, httpPort, web)
	s := public(t, a, fmt.Sprintf("127.0.0.1:%d", httpPort), web)
	first := s.wait(a, nil)
	open, err := tls.Dial("tcp", s.at, &tls.Config{RootCAs: a.roots, ServerName: publicName})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = open.Close() }()
	in := bufio.NewReader(open)
	served := func() {
		t.Helper()
		if _, err := fmt.Fprintf(open, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", publicName); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("who was connected is not served any more: %v", err)
		}
		_, err = io.Copy(io.Discard, res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("who was connected is served with %s, %v", res.Status, err)
		}
	}
	served()
	second := s.wait(a, first)
	if !second.NotAfter.After(first.NotAfter) || !second.NotBefore.Before(first.NotAfter) {
		t.Errorf("it was renewed at %v; the first was good until %v", second.NotBefore, first.NotAfter)
	}
	served()
}

// Until there is a certificate, and when there is none to be had, ours has to do, and it is
// said why. Asking is not repeated at once, nor by a restart.
func TestPublicAuthorityThatCannotBeAsked(t *testing.T) {
	web, nobody := freePort(t), freePort(t)
	working := openPublicAuthority(t, 0, nobody, nobody)
	for _, tt := range []struct {
		name, directory, why, do string
	}{
		{"the directory is down", "https://127.0.0.1:" + strconv.Itoa(nobody) + "/dir", "cannot be reached", "look whether this machine reaches"},
		{"it cannot reach us", working.directory, "Failed to connect", "let it in through the firewall"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := *working
			a.directory = tt.directory
			s := public(t, &a, "", web)
			state := s.failed()
			if !strings.Contains(state.Why, tt.why) || !strings.Contains(state.Do, tt.do) {
				t.Errorf("why %q, do %q", state.Why, state.Do)
			}
			if _, err := s.sees(publicName, s.roots); err != nil {
				t.Errorf("our own certificate is not shown meanwhile: %v", err)
			}
			before := working.orders()
			s.stop()
			s.start()
			if got := *s.server.certs.acme.state.Load(); got.Failures != state.Failures || !got.Next.Equal(state.Next) || got.wait(false) <= 0 {
				t.Errorf("after a restart it is forgotten when to ask again: %+v", got)
			}
			if working.orders() != before {
				t.Error("the authority was asked again by a restart")
			}
			s.stop()
		})
	}
}

// failed waits until an authority has refused.
func (s *site) failed() tries {
	s.Helper()
	deadline, again := time.After(60*time.Second), time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for {
		if state := s.server.certs.acme.state.Load(); state.Failures > 0 {
			return *state
		}
		select {
		case <-again.C:
		case <-deadline:
			s.Fatal("nothing failed")
		}
	}
}

func TestPort80LeadsToHTTPS(t *testing.T) {
	web, httpPort := freePort(t), freePort(t)
	a := openPublicAuthority(t, 0, httpPort, web)
	s := public(t, a, fmt.Sprintf("127.0.0.1:%d", httpPort), web)
	s.wait(a, nil)
	c := s.client()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", fmt.Sprintf("http://127.0.0.1:%d/certificate?x=1", httpPort), nil)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if want := fmt.Sprintf("https://%s:%d/certificate?x=1", publicName, web); res.Header.Get("Location") != want {
		t.Errorf("it leads to %q, want %q", res.Header.Get("Location"), want)
	}
}

func TestHowOftenAnAuthorityIsAsked(t *testing.T) {
	state, hours := tries{}, time.Duration(0)
	asked := 1
	for hours < time.Hour {
		state = state.again("why", "do", 0)
		hours += state.Next.Sub(state.Last)
		asked++
	}
	if asked-1 > 5 {
		t.Errorf("%d failures within the first hour, authorities allow 5", asked-1)
	}
	late := (tries{}).again("why", "do", 3*time.Hour)
	if d := late.wait(true); d < 2*time.Hour {
		t.Errorf("asked again after %v, though the authority said three hours", d)
	}
	once := (tries{}).again("why", "do", 0)
	once.Last = once.Last.Add(-2 * soonestAgain)
	once.Next = once.Next.Add(time.Hour)
	if once.wait(true) > 0 || once.wait(false) <= 0 {
		t.Error("a reload does not have it tried again, or time alone does")
	}
}

// A reload asks for a certificate, or gives it up, at any moment: what is known of earlier
// tries may not be read yet, or gone.
func TestTriesThatAreNotKnown(t *testing.T) {
	cfg := config.Default()
	a := newACME(t.TempDir(), func() *config.Config { return &cfg }, slog.New(slog.DiscardHandler))
	cfg.Web.Name = publicName
	cfg.Web.ACME = config.ACME{Agree: true, Directory: "https://127.0.0.1:1/"}
	if wait := a.step(t.Context(), false); wait <= 0 || wait > time.Hour {
		t.Errorf("it is asked again in %v", wait)
	}
	if state := a.state.Load(); state == nil || state.Failures != 1 {
		t.Errorf("known is %+v", state)
	}
}
