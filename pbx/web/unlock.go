package web

import (
	"bufio"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"
)

// The names by which clients say in a TLS handshake that they speak STUN (RFC 7443).
// Browsers say nothing.
const (
	alpnTURN = "stun.turn"
	alpnSTUN = "stun.nat-discovery"
)

// maxStreams is how many requests there may be at once on one connection of HTTP/2.
const maxStreams = 100

// tls is how TLS is spoken, whatever is spoken in it.
func (s *Server) tls() *tls.Config {
	c := s.certs.config()
	c.NextProtos = append(c.NextProtos, "h2", "http/1.1", alpnTURN, alpnSTUN)
	return c
}

// relaying is who serves those that speak STUN instead of HTTP, and how TLS is spoken.
type relaying struct {
	tls   *tls.Config
	serve func(net.Conn) error // until the connection is closed; nil when there is no relay
	log   *slog.Logger
}

// speaksSTUN says whether a connection that begins so speaks STUN: a request of it begins with
// two zero bits, and a method below 256 (RFC 8489 §5). HTTP begins with a letter.
func speaksSTUN(first byte) bool { return first <= 0x01 }

// sort finds out what a connection speaks.
func (e *entrance) sort(v *visitor) {
	_ = v.SetDeadline(time.Now().Add(firstByte))
	v.read = bufio.NewReaderSize(v.Conn, 1)
	b, err := v.read.Peek(1)
	switch {
	case err != nil:
		_ = v.Close()
	case b[0] == tlsHandshake && !e.onlyPlain:
		e.unlock(v)
	case speaksSTUN(b[0]) && e.relaying.serve != nil:
		e.relay(v)
	default:
		e.hand(e.plain, v)
	}
}

// unlock ends what TLS needs to begin, and finds out what is spoken in it.
func (e *entrance) unlock(v *visitor) {
	conn := tls.Server(v, e.relaying.tls)
	// What bounds it is the deadline of sort, and the end of the entrance, which closes v.
	if err := conn.HandshakeContext(context.Background()); err != nil {
		e.relaying.log.Debug("no TLS with a browser", "from", v.RemoteAddr().String(), "error", err)
		_ = conn.Close()
		return
	}
	switch p := conn.ConnectionState().NegotiatedProtocol; {
	case p == "h2", p == "http/1.1":
		e.hand(e.secure, conn)
	case p == "":
		e.unnamed(conn)
	case (p == alpnTURN || p == alpnSTUN) && e.relaying.serve != nil:
		e.relay(conn)
	default: // only the handshake was wanted
		_ = conn.Close()
	}
}

// unnamed is for who has not said what it speaks.
func (e *entrance) unnamed(conn net.Conn) {
	p := &peeked{conn, bufio.NewReaderSize(conn, 16)}
	b, err := p.read.Peek(1)
	switch {
	case err != nil:
		_ = conn.Close()
	case speaksSTUN(b[0]) && e.relaying.serve != nil:
		e.relay(p)
	default:
		e.hand(e.secure, p)
	}
}

// peeked is a connection of which something was read.
type peeked struct {
	net.Conn
	read *bufio.Reader
}

func (p *peeked) Read(b []byte) (int, error) {
	if p.read.Buffered() > 0 {
		return p.read.Read(b)
	}
	return p.Conn.Read(b)
}

// hand gives a connection to a server.
func (e *entrance) hand(to *queue, c net.Conn) {
	_ = c.SetDeadline(time.Time{})
	select {
	case to.ch <- c:
	case <-e.done:
		_ = c.Close()
	}
}

func (e *entrance) relay(c net.Conn) {
	_ = c.SetDeadline(time.Time{})
	if err := e.relaying.serve(c); err != nil {
		e.relaying.log.Debug("a client of the relay is not served", "from", c.RemoteAddr().String(), "error", err)
	}
}
