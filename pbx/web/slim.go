package web

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
)

// What a WebSocket is buffered with: most messages of SIP fit what is written, and what is
// read has been decrypted into memory before.
const readBuffer, writeBuffer = 512, 2048

// slim gives a connection that becomes a WebSocket smaller buffers than those of HTTP, as
// most of the time nothing is in them.
type slim struct{ http.ResponseWriter }

// Unwrap is for http.ResponseController.
func (s slim) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Hijack implements http.Hijacker.
func (s slim) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, old, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take a connection over: %w", err)
	}
	early := old.Reader.Buffered()
	r := old.Reader
	if early == 0 {
		r = bufio.NewReaderSize(c, readBuffer)
	}
	return c, bufio.NewReadWriter(r, bufio.NewWriterSize(c, writeBuffer)), nil
}
