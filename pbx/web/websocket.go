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
	if !s.sockets.enter() {
		fail(w, http.StatusServiceUnavailable, "busy")
		return
	}
	served := false
	defer func() { // also when there is a panic
		if !served {
			s.sockets.leave()
		}
	}()
	served = s.openSIP(w, r)
}

// openSIP makes a WebSocket of a request, and reports whether somebody serves it.
func (s *Server) openSIP(w http.ResponseWriter, r *http.Request) (served bool) {
	c, err := websocket.Accept(slim{w}, r, &websocket.AcceptOptions{Subprotocols: []string{"sip"}, InsecureSkipVerify: true}) // the origin was looked at
	if err != nil {
		s.Log.Debug("no WebSocket", "from", r.RemoteAddr, "error", err)
		return false
	}
	defer func() { // also when there is a panic
		if !served {
			_ = c.CloseNow()
		}
	}()
	if c.Subprotocol() != "sip" {
		dismiss(w, c)
		return false
	}
	c.SetReadLimit(maxMessage)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	at, _ := netip.ParseAddrPort(local.String())
	ctx, cancel := context.WithCancel(s.sockets.ctx)
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
		defer s.sockets.leave()
		defer end()
		defer s.survive(far)
		s.carry(ctx, c, at, far)
	}()
	return true
}

// dismiss closes a WebSocket that does not speak SIP. Who stops waits for the handler: the far
// side's goodbye is not waited for as long as the library would.
func dismiss(w http.ResponseWriter, c *websocket.Conn) {
	line, until := http.NewResponseController(w), time.Now().Add(farewell)
	_ = line.SetReadDeadline(until)
	_ = line.SetWriteDeadline(until)
	_ = c.Close(websocket.StatusPolicyViolation, "the subprotocol is sip")
}

// carry serves SIP over a WebSocket until it closes or ctx ends.
func (s *Server) carry(ctx context.Context, c *websocket.Conn, local, far netip.AddrPort) {
	rest := keepAlive(ctx, c, pingEvery)
	defer rest()
	defer func() { _ = c.CloseNow() }() // also when there is a panic
	if err := s.Edge.ServeMessages(ctx, sipConn{c}, local, far, true); err != nil {
		s.Log.Debug("a WebSocket is not served", "from", far, "error", err)
	}
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
