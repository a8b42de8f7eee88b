package web

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// The edge may go on: the server ends its WebSockets itself.
func TestStoppingEndsWebSockets(t *testing.T) {
	s := openSite(t)
	c, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("it stays")
	}
}

// What goes wrong with one WebSocket costs no other, and the server stops as ever.
func TestAPanicCostsOneWebSocket(t *testing.T) {
	s := openSite(t)
	s.panics.Store(true)
	c, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("it stays")
	}
	s.panics.Store(false)
	c, _, err = s.socket(t, s.origin, "sip")
	if err == nil {
		err = c.Write(t.Context(), websocket.MessageText, []byte("hello"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.Read(t.Context()); string(got) != "hello" {
		t.Errorf("the next one: %q: %v", got, err)
	}
	s.stop()
}

// stuck is an answer whose connection nobody can take over.
type stuck struct{ http.ResponseWriter }

func (stuck) Hijack() (net.Conn, *bufio.ReadWriter, error) { panic("as a test wants it") }

func TestAPanicInAHandlerIsNotWaitedFor(t *testing.T) {
	s := openSite(t)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/ws", http.NoBody)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(name, value)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic, nothing is tested")
			}
		}()
		s.server.serveSIP(stuck{httptest.NewRecorder()}, r)
	}()
	s.stop()
}

// One that does not speak SIP and does not say goodbye either.
func TestStoppingDoesNotWaitForGoodbyes(t *testing.T) {
	s := openSite(t)
	if _, _, err := s.socket(t, s.origin); err != nil { // nobody reads
		t.Fatal(err)
	}
	begun := time.Now()
	s.stop()
	if took := time.Since(begun); took > 4*time.Second { // the library waits for five
		t.Errorf("it took %v", took)
	}
}

// A handler may come that late when Shutdown has given up on it.
func TestNoWebSocketAfterTheEnd(t *testing.T) {
	s := openSite(t)
	s.stop()
	w := httptest.NewRecorder()
	s.server.serveSIP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/ws", http.NoBody))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", w.Code)
	}
}
