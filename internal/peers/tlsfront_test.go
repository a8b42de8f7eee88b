package peers

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// tlsFront takes TCP connections and passes what they carry to a TLS server, for
// Debian's sipp, which has no TLS of its own. It gives the port that it listens on.
func tlsFront(t *testing.T, server string) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{server: server, open: map[net.Conn]bool{}}
	f.running.Go(func() { f.accept(ln) })
	t.Cleanup(func() {
		_ = ln.Close()
		f.close()
		f.running.Wait()
	})
	return ln.Addr().(*net.TCPAddr).Port
}

type front struct {
	server  string
	running sync.WaitGroup
	mu      sync.Mutex
	closed  bool
	open    map[net.Conn]bool
}

func (f *front) accept(ln net.Listener) {
	for {
		plain, err := ln.Accept()
		if err != nil {
			return
		}
		secure, err := tls.Dial("tcp", f.server, &tls.Config{InsecureSkipVerify: true}) // the server's certificate is its own
		if err != nil {
			_ = plain.Close()
			continue
		}
		if f.keep(plain, secure) != nil {
			return
		}
		f.running.Go(func() { pass(plain, secure) })
		f.running.Go(func() { pass(secure, plain) })
	}
}

func (f *front) keep(conns ...net.Conn) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		if f.closed {
			_ = c.Close()
			continue
		}
		f.open[c] = true
	}
	if f.closed {
		return errors.New("closed")
	}
	return nil
}

func (f *front) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for c := range f.open {
		_ = c.Close()
	}
}

// pass copies until either side ends, and ends both.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}
