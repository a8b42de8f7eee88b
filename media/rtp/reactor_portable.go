//go:build !linux || portable

package rtp

import (
	"errors"
	"net"
	"sync"
)

// reactor reads each socket in a goroutine of its own, where no better way is
// known. A socket that was removed is read on, and what arrives is dropped,
// until it is closed.
type reactor struct{ readers sync.WaitGroup }

func newReactor(uint16, int) (*reactor, error) { return &reactor{}, nil }

func (r *reactor) start() {}

// close waits for the goroutines; the sockets have been closed.
func (r *reactor) close() { r.readers.Wait() }

func (r *reactor) add(s *socket) error {
	r.readers.Go(func() { r.read(s) })
	return nil
}

func (r *reactor) remove(*socket) {}

// suit does nothing: who can wait gets his packets at once, too.
func (r *reactor) suit(*socket) {}

// Pull implements media.Pulled: all was given already.
func (*Port) Pull() {}

func (r *reactor) read(s *socket) {
	w := newWorker()
	for {
		n, err := s.receive(w.buf[:maxPacket+1], &w.from)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			s.port.read(w, s, n)
		}
	}
}
