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
	s.sockets.Add(1) // while Shutdown still waits for us
	if !s.openSIP(w, r) {
		s.sockets.Done()
	}
}

// openSIP makes a WebSocket of a request, and reports whether somebody serves it.
func (s *Server) openSIP(w http.ResponseWriter, r *http.Request) bool {
	c, err := websocket.Accept(slim{w}, r, &websocket.AcceptOptions{Subprotocols: []string{"sip"}, InsecureSkipVerify: true}) // the origin was looked at
	if err != nil {
		s.Log.Debug("no WebSocket", "from", r.RemoteAddr, "error", err)
		return false
	}
	if c.Subprotocol() != "sip" {
		_ = c.Close(websocket.StatusPolicyViolation, "the subprotocol is sip")
		return false
	}
	c.SetReadLimit(maxMessage)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	at, _ := netip.ParseAddrPort(local.String())
	ctx, cancel := context.WithCancel(context.Background())
	end := cancel
	// A page sends its cookie along: when its session ends, so does what it registered with.
	if me, ok := s.sessionOf(r); ok {
		detach := s.sessions.attach(me.ID, cancel)
		end = func() { cancel(); detach() }
	}
	far := remote(r)
	// On a goroutine of its own, so that the request, its headers and the deep stack of
	// this one are not kept for as long as the page is open.
	go func() {
		defer s.sockets.Done()
		defer end()
		s.carry(ctx, c, at, far)
	}()
	return true
}

// carry serves SIP over a WebSocket until it closes or ctx ends.
func (s *Server) carry(ctx context.Context, c *websocket.Conn, local, far netip.AddrPort) {
	rest := keepAlive(ctx, c, pingEvery)
	defer rest()
	if err := s.Edge.ServeMessages(ctx, sipConn{c}, local, far, true); err != nil {
		s.Log.Debug("a WebSocket is not served", "from", far, "error", err)
	}
	_ = c.CloseNow()
}

// sipConn implements sipedge.MessageConn.
type sipConn struct{ *websocket.Conn }

// Read gives the next message, in text or binary frames. Once it has begun, it has to come
// within messageTime.
func (c sipConn) Read(ctx context.Context) ([]byte, error) {
	_, r, err := c.Reader(ctx)
	if err != nil {
		return nil, err
	}
	late := time.AfterFunc(messageTime, func() { _ = c.CloseNow() })
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
