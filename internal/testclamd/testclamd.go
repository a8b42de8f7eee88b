// Package testclamd is a small clamd for tests: it speaks INSTREAM as the real one does, and
// knows one virus.
package testclamd

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// Virus is what every scanner takes for one: the test file of EICAR.
const Virus = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// Daemon is one that runs.
type Daemon struct {
	Address  string // as web.clamd wants it
	listener net.Listener
	work     sync.WaitGroup

	mu     sync.Mutex
	most   int
	answer string
}

// Start starts one that ends with the test.
func Start(tb testing.TB, network, address string) *Daemon {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), network, address)
	if err != nil {
		tb.Fatal(err)
	}
	d := &Daemon{Address: network + "://" + l.Addr().String(), listener: l}
	d.work.Go(d.serve)
	tb.Cleanup(d.Stop)
	return d
}

// Stop has it answer no more.
func (d *Daemon) Stop() {
	_ = d.listener.Close()
	d.work.Wait()
}

// Most sets the largest file that it looks at; 0 is any.
func (d *Daemon) Most(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.most = bytes
}

// Answer sets what it says of every file; "" is what it thinks.
func (d *Daemon) Answer(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = text
}

func (d *Daemon) serve() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.work.Go(func() {
			defer func() { _ = conn.Close() }()
			answer := d.look(bufio.NewReader(conn))
			_, _ = conn.Write([]byte(answer + "\x00"))
		})
	}
}

func (d *Daemon) look(r *bufio.Reader) string {
	d.mu.Lock()
	most, answer := d.most, d.answer
	d.mu.Unlock()
	if command, err := r.ReadString(0); err != nil || command != "zINSTREAM\x00" {
		return "UNKNOWN COMMAND"
	}
	var all bytes.Buffer
	for {
		var size uint32
		if err := binary.Read(r, binary.BigEndian, &size); err != nil {
			return "INSTREAM: can't read: ERROR"
		}
		if size == 0 {
			break
		}
		if _, err := io.CopyN(&all, r, int64(size)); err != nil && !errors.Is(err, io.EOF) {
			return "INSTREAM: can't read: ERROR"
		}
		if most > 0 && all.Len() > most {
			return "INSTREAM size limit exceeded. ERROR"
		}
	}
	switch {
	case answer != "":
		return answer
	case bytes.Contains(all.Bytes(), []byte(Virus)):
		return "stream: Eicar-Test-Signature FOUND"
	}
	return "stream: OK"
}
