package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/coder/websocket"
)

const (
	maxMessage  = 65535 // as on the other transports of SIP
	messageTime = 10 * time.Second
	pingEvery   = 25 * time.Second // below what proxies and NAT forget after
	pongWithin  = 20 * time.Second
)

// serveSIP is /ws: SIP over WebSocket (RFC 7118). Who calls or registers there proves who
// it is as on any other transport.
func (s *Server) serveSIP(w http.ResponseWriter, r *http.Request) {
	if !s.welcomeHere(r) {
		if s.refusals.now(sourceOf(r.RemoteAddr)) {
			s.Log.Warn("a page of another site wants to use the web phone's connection; add it to web.origins if it may",
				"origin", clip(r.Header.Get("Origin")), "from", r.RemoteAddr)
		}
		fail(w, http.StatusForbidden, "origin")
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"sip"}, InsecureSkipVerify: true}) // the origin was looked at
	if err != nil {
		s.Log.Debug("no WebSocket", "from", r.RemoteAddr, "error", err)
		return
	}
	if c.Subprotocol() != "sip" {
		_ = c.Close(websocket.StatusPolicyViolation, "the subprotocol is sip")
		return
	}
	c.SetReadLimit(maxMessage)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	at, _ := netip.ParseAddrPort(local.String())
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	// A page sends its cookie along: when its session ends, so does what it registered with.
	if me, ok := s.sessionOf(r); ok {
		detach := s.sessions.attach(me.ID, cancel)
		defer detach()
	}
	pings := make(chan struct{})
	go func() { defer close(pings); ping(ctx, c) }()
	if err := s.Edge.ServeMessages(ctx, sipConn{c}, at, remote(r), true); err != nil {
		s.Log.Debug("a WebSocket is not served", "from", r.RemoteAddr, "error", err)
	}
	_ = c.CloseNow()
	cancel()
	<-pings
}

// ping keeps the connection open through what is between, and closes one whose far side
// has gone without a word.
func ping(ctx context.Context, c *websocket.Conn) {
	again := time.NewTicker(pingEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		within, cancel := context.WithTimeout(ctx, pongWithin)
		err := c.Ping(within)
		cancel()
		if err != nil {
			_ = c.CloseNow()
			return
		}
	}
}

// sipConn implements sipedge.MessageConn.
type sipConn struct{ *websocket.Conn }

// Read gives the next message, in text or binary frames. Once it has begun, it has to come
// within messageTime.
func (c sipConn) Read(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, r, err := c.Reader(ctx)
	if err != nil {
		return nil, err
	}
	late := time.AfterFunc(messageTime, cancel)
	defer late.Stop()
	return io.ReadAll(r)
}

// Write sends one message as text, which is what SIP is.
func (c sipConn) Write(ctx context.Context, b []byte) error {
	return c.Conn.Write(ctx, websocket.MessageText, b)
}

// Close closes the connection without waiting for the far side.
func (c sipConn) Close() error {
	if err := c.CloseNow(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
