package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialtone/config"
)

func (s *site) socket(t *testing.T, origin string, subprotocols ...string) (c *websocket.Conn, status int, err error) {
	t.Helper()
	return s.socketWith(t, nil, origin, subprotocols...)
}

// socketWith opens a WebSocket with the cookies of a browser.
func (s *site) socketWith(t *testing.T, jar http.CookieJar, origin string, subprotocols ...string) (c *websocket.Conn, status int, err error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}}
	t.Cleanup(transport.CloseIdleConnections)
	opt := &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport, Jar: jar}, Subprotocols: subprotocols, HTTPHeader: http.Header{}}
	if origin != "" {
		opt.HTTPHeader.Set("Origin", origin)
	}
	c, res, err := websocket.Dial( //nolint:bodyclose // it says that nobody has to
		t.Context(), "wss://"+s.at+"/ws", opt)
	if err == nil {
		c.SetReadLimit(1 << 20)
		t.Cleanup(func() { _ = c.CloseNow() })
	}
	if res != nil {
		status = res.StatusCode
	}
	return c, status, err
}

func TestWhoMayOpenAWebSocket(t *testing.T) {
	s := openSite(t, func(cfg *config.Config) { cfg.Web.Origins = []string{"https://intranet.example.com"} })
	for _, tt := range []struct {
		origin string
		status int
	}{
		{s.origin, 101},
		{"", 101}, // no browser
		{"https://intranet.example.com", 101},
		{"https://evil.example", 403},
		{"http://intranet.example.com", 403},
		{"null", 403},
	} {
		if _, status, err := s.socket(t, tt.origin, "sip"); status != tt.status {
			t.Errorf("from %q: %d, want %d: %v", tt.origin, status, tt.status, err)
		}
	}
}

func TestWebSocketWithoutSIPIsClosed(t *testing.T) {
	s := openSite(t)
	for _, subprotocols := range [][]string{nil, {"mqtt"}} {
		c, _, err := s.socket(t, s.origin, subprotocols...)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("subprotocols %q: %v", subprotocols, err)
		}
	}
}

// What clients do on a WebSocket, and what becomes of it.
func TestFrames(t *testing.T) {
	s := openSite(t)
	long := bytes.Repeat([]byte("x"), 60000)
	for _, tt := range []struct {
		name string
		send func(context.Context, *websocket.Conn) error
		want []byte
	}{
		{"text", func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageText, []byte("hello"))
		}, []byte("hello")},
		{"binary", func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageBinary, []byte("hello"))
		}, []byte("hello")},
		{"long", func(ctx context.Context, c *websocket.Conn) error { return c.Write(ctx, websocket.MessageText, long) }, long},
		{"fragments", func(ctx context.Context, c *websocket.Conn) error {
			w, err := c.Writer(ctx, websocket.MessageText)
			for _, part := range []string{"he", "l", "", "lo"} {
				if err == nil {
					_, err = w.Write([]byte(part))
				}
			}
			if err != nil {
				return err
			}
			return w.Close()
		}, []byte("hello")},
		{"after a ping", func(ctx context.Context, c *websocket.Conn) error {
			go func() { _ = c.Ping(ctx) }() // has a payload; who gives up on its answer closes the connection
			if err := c.Write(ctx, websocket.MessageText, []byte("first")); err != nil {
				return err
			}
			// The pong comes while somebody reads.
			if _, _, err := c.Read(ctx); err != nil {
				return err
			}
			go func() { _ = c.Write(ctx, websocket.MessageText, []byte("hello")) }()
			return nil
		}, []byte("hello")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := s.socket(t, s.origin, "sip")
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.send(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			kind, got, err := c.Read(t.Context())
			if err != nil || kind != websocket.MessageText || !bytes.Equal(got, tt.want) {
				t.Errorf("%v %.20q, want %.20q: %v", kind, got, tt.want, err)
			}
		})
	}
}

// Who logs out is not rung any more through what is still open.
func TestLoggingOutClosesTheWebSocket(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	own, _, err := s.socketWith(t, c.Jar, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []*websocket.Conn{own, other} { // they are served
		if err := one.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := one.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.do("POST", "/api/phone/logout", "")
	within, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, _, err := own.Read(within); err == nil || within.Err() != nil {
		t.Errorf("it stays: %v", err)
	}
	if err := other.Ping(other.CloseRead(t.Context())); err != nil {
		t.Errorf("another, without a session: %v", err)
	}
}

func TestPingsAreAnswered(t *testing.T) {
	s := openSite(t)
	c, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	ctx := c.CloseRead(t.Context())
	if err := c.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func TestMessagesThatAreTooLargeCloseTheConnection(t *testing.T) {
	s := openSite(t)
	c, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat("x", maxMessage+2)))
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("then: %v", err)
	}
}

// One that begins a message and does not end it: others do not wait for it.
func TestSlowClientsHoldNobodyUp(t *testing.T) {
	s := openSite(t)
	slow, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	w, err := slow.Writer(t.Context(), websocket.MessageText)
	if err == nil {
		_, err = w.Write(bytes.Repeat([]byte("x"), 10000)) // more than is kept back until the end
	}
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.Read(t.Context()); string(got) != "hello" {
		t.Errorf("%q: %v", got, err)
	}
}
