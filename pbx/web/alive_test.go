package web

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// pinged serves one WebSocket that is kept alive. What it gets is when that has begun and ended.
func pinged(t *testing.T, every time.Duration) (url string, begun, ended <-chan struct{}) {
	t.Helper()
	beats, over := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(slim{w}, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		rest := keepAlive(ctx, c, every)
		close(beats)
		for err == nil {
			_, _, err = c.Read(ctx)
		}
		cancel()
		rest()
		rest() // twice is once
		close(over)
	}))
	t.Cleanup(server.Close)
	return server.URL, beats, over
}

// A page that answers stays, and is asked again and again.
func TestKeepAlive(t *testing.T) {
	url, _, ended := pinged(t, 10*time.Millisecond)
	pings, enough := atomic.Int32{}, make(chan struct{})
	c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool { //nolint:bodyclose // it says that nobody has to
		if pings.Add(1) == 3 {
			close(enough)
		}
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	closed := c.CloseRead(t.Context())
	select {
	case <-enough:
	case <-closed.Done():
		t.Fatalf("closed after %d pings", pings.Load())
	}
	_ = c.CloseNow()
	<-ended
}

// Between two pings there is no goroutine for them.
func TestKeepAliveSleepsWithoutAGoroutine(t *testing.T) {
	url, begun, ended := pinged(t, time.Hour)
	c, _, err := websocket.Dial(t.Context(), url, nil) //nolint:bodyclose // it says that nobody has to
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	var s bytes.Buffer
	look := func() bool {
		s.Reset()
		_ = pprof.Lookup("goroutine").WriteTo(&s, 1)
		return bytes.Contains(s.Bytes(), []byte("sipedge.(*watch)")) || bytes.Contains(s.Bytes(), []byte("web.keepAlive"))
	}
	for end := time.Now().Add(5 * time.Second); look(); runtime.Gosched() { // those of tests before end
		if time.Now().After(end) {
			t.Fatalf("there is one:\n%s", s.String())
		}
	}
	_ = c.CloseNow()
	<-ended
}
