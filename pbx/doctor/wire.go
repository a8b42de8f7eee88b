package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// wire is one way to a SIP server. Its messages come whole.
type wire interface {
	send(ctx context.Context, message string) error
	read(ctx context.Context) (message string, err error)
	// name is the transport as Via has it, and at the address of this side.
	name() string
	at() string
	close()
}

const largest = 64 << 10

// over is a deadline that is.
func over() time.Time { return time.Unix(1, 0) }

// connect opens a way: "udp", "tcp", "tls" or "ws", which is over TLS.
func connect(ctx context.Context, transport string, to netip.AddrPort, host string) (wire, error) {
	plain := &tls.Config{ServerName: host, InsecureSkipVerify: true} // certificates are judged elsewhere
	switch transport {
	case "ws":
		return dialWebSocket(ctx, to, host, plain)
	case "tls":
		c, err := (&tls.Dialer{Config: plain}).DialContext(ctx, "tcp", to.String())
		if err != nil {
			return nil, err
		}
		return newStream(c, "TLS"), nil
	case "tcp":
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
		if err != nil {
			return nil, err
		}
		return newStream(c, "TCP"), nil
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", to.String())
	if err != nil {
		return nil, err
	}
	return &datagrams{c}, nil
}

// datagrams are UDP.
type datagrams struct{ net.Conn }

func (d *datagrams) name() string { return "UDP" }
func (d *datagrams) at() string   { return d.LocalAddr().String() }
func (d *datagrams) close()       { _ = d.Close() }

func (d *datagrams) send(_ context.Context, message string) error {
	_, err := d.Write([]byte(message))
	return err
}

func (d *datagrams) read(ctx context.Context) (string, error) {
	defer until(ctx, d.Conn)()
	b := make([]byte, largest)
	n, err := d.Read(b)
	return string(b[:n]), err
}

// until has reads of c end with ctx.
func until(ctx context.Context, c net.Conn) (stop func()) {
	if t, ok := ctx.Deadline(); ok {
		_ = c.SetReadDeadline(t)
	}
	end := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(over()) })
	return func() { end() }
}

// stream is TCP, or TLS on it.
type stream struct {
	net.Conn
	kind string
	in   *bufio.Reader
}

func newStream(c net.Conn, kind string) *stream {
	return &stream{Conn: c, kind: kind, in: bufio.NewReaderSize(c, 4096)}
}

func (s *stream) name() string { return s.kind }
func (s *stream) at() string   { return s.LocalAddr().String() }
func (s *stream) close()       { _ = s.Close() }

func (s *stream) send(_ context.Context, message string) error {
	_, err := s.Write([]byte(message))
	return err
}

func (s *stream) read(ctx context.Context) (string, error) {
	defer until(ctx, s.Conn)()
	var head strings.Builder
	length := 0
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if head.Len() == 0 && strings.TrimSpace(line) == "" {
			continue // between messages
		}
		head.WriteString(line)
		if head.Len() > largest {
			return "", errors.New("the message is too long")
		}
		name, value, _ := strings.Cut(line, ":")
		if n := textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)); n == "Content-Length" || n == "L" {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 || length > largest {
				return "", fmt.Errorf("Content-Length is %q", strings.TrimSpace(value))
			}
		}
		if strings.TrimSpace(line) == "" {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(s.in, body)
	return head.String() + string(body), err
}

// frames are a WebSocket.
type frames struct{ *websocket.Conn }

func dialWebSocket(ctx context.Context, to netip.AddrPort, host string, secure *tls.Config) (wire, error) {
	transport := &http.Transport{TLSClientConfig: secure, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, to.String())
	}}
	c, res, err := websocket.Dial(ctx, "wss://"+hostPort(host, to.Port())+"/ws", &websocket.DialOptions{ //nolint:bodyclose // the library does that
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"sip"},
	})
	transport.CloseIdleConnections()
	if err != nil {
		if res != nil && res.StatusCode != http.StatusSwitchingProtocols {
			return nil, fmt.Errorf("the upgrade was answered with %s", res.Status)
		}
		return nil, err
	}
	if c.Subprotocol() != "sip" {
		_ = c.CloseNow()
		return nil, errors.New("the subprotocol sip was not accepted")
	}
	c.SetReadLimit(largest)
	return frames{c}, nil
}

func (f frames) name() string { return "WSS" }
func (f frames) at() string   { return "doctor.invalid" }
func (f frames) close()       { _ = f.CloseNow() }

func (f frames) send(ctx context.Context, message string) error {
	return f.Write(ctx, websocket.MessageText, []byte(message))
}

func (f frames) read(ctx context.Context) (string, error) {
	_, b, err := f.Read(ctx)
	return string(b), err
}
