package sipedge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// MessageConn carries whole messages both ways, as a WebSocket does (RFC 7118). Read
// gives the next one, of at most 65535 bytes, and bounds how long a message takes to come
// once it has begun; it ends with an error when the connection closes. Write sends one
// message until ctx ends. Close may be called more than once, at any time.
type MessageConn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, message []byte) error
	Close() error
}

// ErrRefused is why ServeMessages did not serve a connection: its address is not allowed,
// or there are too many.
var ErrRefused = errors.New("connection refused")

// Allowed says whether sip.allow and sip.deny let an address in.
func (e *Edge) Allowed(source netip.Addr) bool { return e.access().allowed(source.Unmap()) }

// ServeMessages serves a connection that was accepted elsewhere, until it closes, ctx
// ends or the edge stops; it closes conn. Its flow has the transport "wss" when it is
// secure, else "ws". The error says why it was not served at all: ErrRefused or
// ErrNotRunning.
func (e *Edge) ServeMessages(ctx context.Context, conn MessageConn, local, remote netip.AddrPort, secure bool) error {
	select {
	case <-e.begun:
	case <-ctx.Done():
		return errors.Join(ErrNotRunning, conn.Close())
	}
	transport := "ws"
	if secure {
		transport = "wss"
	}
	local, remote = unmap(local), unmap(remote)
	s := newStream(e, &messageWire{conn: conn, local: local, remote: remote}, transport)
	if !e.Allowed(remote.Addr()) {
		e.stats.Denied.Add(1)
		return errors.Join(fmt.Errorf("%w: %s is not in sip.allow, or in sip.deny", ErrRefused, remote.Addr()), conn.Close())
	}
	if !e.streams.add(s, e.limits) {
		e.stats.Limited.Add(1)
		return errors.Join(fmt.Errorf("%w: too many connections", ErrRefused), conn.Close())
	}
	if !e.running(func(context.Context) { e.readers.Add(1) }) {
		e.streams.remove(s)
		return errors.Join(ErrNotRunning, conn.Close())
	}
	defer e.readers.Done()
	s.serveMessages(ctx, conn)
	return nil
}

// serveMessages is serve for messages that come whole.
func (s *stream) serveMessages(ctx context.Context, conn MessageConn) {
	defer s.end()
	stop := s.closeWhenIdle()
	defer stop()
	for {
		b, err := conn.Read(ctx)
		if err != nil {
			return
		}
		s.heard.Store(time.Now().UnixNano())
		if len(b) > maxMessage || !s.message(ctx, b) {
			return
		}
	}
}

// message passes one on; false ends the connection. Line ends alone are a keep-alive
// (RFC 5626 §3.5.1), which is answered.
func (s *stream) message(ctx context.Context, b []byte) bool {
	defer s.edge.survive("message")
	if !s.pace(ctx) {
		return false
	}
	if b = trimJunk(b); len(b) == 0 {
		return s.send([]byte("\r\n")) == nil
	}
	s.edge.stats.Received.Add(1)
	s.edge.traceMessage("in", s.f, b)
	s.edge.receive(parseDatagram(b), s)
	return true
}

// closeWhenIdle closes a connection when it is silent and nobody uses it, as serve does,
// until stop is called.
func (s *stream) closeWhenIdle() (stop func()) {
	idle := s.edge.limits.Idle
	return Watch(idle, func() time.Duration {
		left := idle - time.Since(time.Unix(0, s.heard.Load()))
		switch {
		case left > 0:
			return left
		case s.inUse():
			return idle
		}
		_ = s.Close()
		return 0
	})
}

// messageWire is a MessageConn as the net.Conn of a stream: each Write is a message.
type messageWire struct {
	conn          MessageConn
	local, remote netip.AddrPort
	until         time.Time // of writes, guarded by the stream
}

var errWhole = errors.New("messages come whole")

func (w *messageWire) Read([]byte) (int, error) { return 0, errWhole }

func (w *messageWire) Write(b []byte) (int, error) {
	ctx, cancel := context.WithDeadline(context.Background(), w.until)
	defer cancel()
	if err := w.conn.Write(ctx, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (w *messageWire) Close() error         { return w.conn.Close() }
func (w *messageWire) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(w.local) }
func (w *messageWire) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(w.remote) }

func (w *messageWire) SetDeadline(t time.Time) error      { return w.SetWriteDeadline(t) }
func (w *messageWire) SetReadDeadline(time.Time) error    { return nil }
func (w *messageWire) SetWriteDeadline(t time.Time) error { w.until = t; return nil }
