package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestThePolicyNamesThisHostOnly(t *testing.T) {
	for host, want := range map[string]string{
		"pbx.example.com:8443": "connect-src 'self' wss://pbx.example.com:8443;",
		"[2001:db8::1]":        "connect-src 'self' wss://[2001:db8::1];",
		"x; script-src *":      "connect-src 'self';",
		"":                     "connect-src 'self';",
	} {
		if got := policyFor(host); !strings.Contains(got, want) || strings.Contains(got, "script-src") {
			t.Errorf("%q: %s", host, got)
		}
	}
}

func TestStrangersDoNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q rarely
		one := netip.MustParseAddr("192.0.2.1")
		if !q.now(one) || q.now(one) {
			t.Error("a source has not one line")
		}
		addr := netip.MustParseAddr("10.0.0.0")
		for range 2 * rarelySources {
			addr = addr.Next()
			q.now(addr)
		}
		if len(q.last) != rarelySources {
			t.Errorf("%d sources are remembered", len(q.last))
		}
		time.Sleep(rarelyEvery)
		if !q.now(one) || len(q.last) != 1 {
			t.Errorf("after a minute, %d sources are remembered", len(q.last))
		}
	})
	if got := clip(strings.Repeat("x", 199) + "é"); got != strings.Repeat("x", 199)+"?" {
		t.Errorf("clipped to %q", got)
	}
}

// sip.deny is for the web phone, too: nothing is said to who is denied, not even by TLS.
func TestDeniedAddressesAreNotWelcome(t *testing.T) {
	s := openSite(t)
	s.denied.Store(true)
	c, err := net.Dial("tcp", s.at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = c.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil || os.IsTimeout(err) {
		t.Errorf("%d bytes come: %v", n, err)
	}
}

// What goes through many records waits for its turn, and not for ever.
func TestSearchesAreBounded(t *testing.T) {
	s := openSite(t)
	for range searchesAtOnce {
		s.server.searches <- struct{}{}
	}
	for path, serve := range map[string]func(http.ResponseWriter, *http.Request, session){"calls": s.server.calls, "chats": s.server.chats, "chats/101": s.server.chat} {
		w := httptest.NewRecorder()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		serve(w, httptest.NewRequestWithContext(gone, "GET", "/api/phone/"+path, nil), session{Extension: "100"})
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
