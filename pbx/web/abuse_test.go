package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// secure opens a TLS connection that speaks one protocol.
func (s *site) secure(protocol string) *tls.Conn {
	s.Helper()
	c, err := tls.Dial("tcp", s.at, &tls.Config{RootCAs: s.roots, NextProtos: []string{protocol}})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = c.Close() })
	if got := c.ConnectionState().NegotiatedProtocol; got != protocol {
		s.Fatalf("%q is spoken", got)
	}
	return c
}

// served checks that others are answered meanwhile.
func (s *site) served() {
	s.Helper()
	if res, _ := s.client().do("GET", "/", ""); res.StatusCode != 200 {
		s.Errorf("another one is answered %d", res.StatusCode)
	}
}

// Heads that come a byte at a time are waited for ten seconds, and cost others nothing.
func TestSlowHeads(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	var slow []*tls.Conn
	for range 100 {
		c := s.secure("http/1.1")
		if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nX: ")); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	began := time.Now()
	s.served()
	var tasks sync.WaitGroup
	for _, c := range slow {
		tasks.Go(func() {
			byByte := time.NewTicker(time.Second)
			defer byByte.Stop()
			gone := make(chan error, 1)
			go func() { _, err := io.Copy(io.Discard, c); gone <- err }()
			for {
				select {
				case <-byByte.C:
					_, _ = c.Write([]byte("x"))
				case <-gone:
					return
				}
			}
		})
	}
	tasks.Wait()
	if took := time.Since(began); took < headTime/2 || took > 4*headTime {
		t.Errorf("they are closed after %v", took)
	}
	s.served()
}

// A message that never ends is not waited for.
func TestMessagesThatDoNotEnd(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	c, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Writer(t.Context(), websocket.MessageText)
	if err == nil {
		_, err = w.Write(bytes.Repeat([]byte("x"), 10000)) // more than is kept back until the end
	}
	if err != nil {
		t.Fatal(err)
	}
	within, cancel := context.WithTimeout(t.Context(), 4*messageTime)
	defer cancel()
	began := time.Now()
	if _, _, err := c.Read(within); err == nil || within.Err() != nil || time.Since(began) < messageTime/2 {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

// A message may come in fragments, but not grow for ever by them.
func TestFragmentsAreBounded(t *testing.T) {
	s := openSite(t)
	c, _, err := s.socket(t, s.origin, "sip")
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Writer(t.Context(), websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	part, sent := bytes.Repeat([]byte("x"), 1000), 0
	for ; err == nil && sent < 64<<20; sent += len(part) { // until the server does not take more
		_, err = w.Write(part)
	}
	if err == nil {
		t.Fatalf("%d bytes of one message were taken", sent)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig && !errors.Is(err, net.ErrClosed) {
		t.Errorf("then: %v", err)
	}
	s.served()
}

// frame is one of HTTP/2 (RFC 9113 §4.1).
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

const (
	frameHeaders, frameReset, frameSettings, framePing, frameContinuation = 1, 3, 4, 6, 9
	endStream, endHeaders                                                 = 1, 4
)

// speaks2 begins a connection of HTTP/2.
func (s *site) speaks2() *tls.Conn {
	c := s.secure("h2")
	_, err := c.Write(append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameSettings, 0, 0, nil)...))
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// getHead is the head of a request for the page, in the static table of HPACK.
func getHead() []byte { return []byte{0x82, 0x87, 0x84, 0x01, 1, 'x'} }

// What clients of HTTP/2 do to servers: others are served, and nothing piles up.
func TestHTTP2IsNotAbused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ends  bool // the server has to hang up
		write func(c io.Writer) error
	}{
		{"requests that are taken back at once", false, func(c io.Writer) error {
			var b []byte
			for i := range uint32(5000) {
				b = append(b, frame(frameHeaders, endHeaders|endStream, 2*i+1, getHead())...)
				b = append(b, frame(frameReset, 0, 2*i+1, []byte{0, 0, 0, 8})...)
			}
			_, err := c.Write(b)
			return err
		}},
		{"a head that does not end", true, func(c io.Writer) error {
			_, err := c.Write(frame(frameHeaders, endStream, 1, getHead()))
			header := append([]byte{0x00, 1, 'x', 0x7f, 0x81, 0x7e}, bytes.Repeat([]byte("x"), 16256)...) // a literal of 16256 bytes
			for i := 0; err == nil && i < 4000; i++ {
				_, err = c.Write(frame(frameContinuation, 0, 1, header))
			}
			return err
		}},
		{"a head of nothing that does not end", false, func(c io.Writer) error {
			_, err := c.Write(append(frame(frameHeaders, endStream, 1, getHead()), bytes.Repeat(frame(frameContinuation, 0, 1, nil), 50000)...))
			return err
		}},
		{"pings whose answers nobody reads", false, func(c io.Writer) error {
			_, err := c.Write(bytes.Repeat(frame(framePing, 0, 0, make([]byte, 8)), 5000))
			return err
		}},
		{"settings without end", false, func(c io.Writer) error {
			_, err := c.Write(bytes.Repeat(frame(frameSettings, 0, 0, nil), 5000))
			return err
		}},
		{"more streams than may be", false, func(c io.Writer) error {
			var b []byte
			for i := range uint32(2000) { // bodies that never come
				b = append(b, frame(frameHeaders, endHeaders, 2*i+1, []byte{0x83, 0x87, 0x84, 0x01, 1, 'x'})...)
			}
			_, err := c.Write(b)
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openSite(t)
			s.served()
			before := runtime.NumGoroutine()
			c := s.speaks2()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			err := tt.write(c)
			if errors.Is(err, os.ErrDeadlineExceeded) && tt.ends {
				t.Error("the server goes on listening")
			}
			if tt.ends {
				if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the server does not hang up")
				}
			}
			s.served()
			if n := runtime.NumGoroutine() - before; n > 2*maxStreams+50 {
				t.Errorf("%d goroutines more", n)
			}
			if t.Failed() {
				fmt.Fprintln(t.Output(), err)
			}
		})
	}
}
