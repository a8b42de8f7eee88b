//go:build linux && !portable

package rtp

import (
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// reactor reads all sockets of a shard in one goroutine. The sockets are in an
// epoll set of its own, level triggered, and that set is itself a file in Go's
// poller: the goroutine sleeps as any other that waits for the network, without
// holding a thread.
type reactor struct {
	epoll   int
	file    *os.File // of epoll
	sockets []atomic.Pointer[socket]
	first   uint16
	done    chan struct{}
}

// newReactor makes a reactor for sockets with port numbers from first on.
func newReactor(first uint16, count int) (*reactor, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll set: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("create epoll set: %w", err)
	}
	return &reactor{
		epoll:   fd,
		file:    os.NewFile(uintptr(fd), "epoll"),
		sockets: make([]atomic.Pointer[socket], count),
		first:   first,
		done:    make(chan struct{}),
	}, nil
}

func (r *reactor) start() { go r.run() }

// close ends the goroutine and waits for it.
func (r *reactor) close() {
	_ = r.file.Close()
	<-r.done
}

// add starts reading s. Its port number is free of other sockets in this engine.
func (r *reactor) add(s *socket) error {
	r.sockets[s.number-r.first].Store(s)
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.number)}
	if err := unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, s.fd, &event); err != nil {
		r.sockets[s.number-r.first].Store(nil)
		return fmt.Errorf("watch UDP port %d: %w", s.number, err)
	}
	return nil
}

// remove stops reading s, which stays bound: the kernel drops what arrives once
// the buffer is full, so that is made small.
func (r *reactor) remove(s *socket) {
	r.sockets[s.number-r.first].Store(nil)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd >= 0 {
		_ = unix.EpollCtl(r.epoll, unix.EPOLL_CTL_DEL, s.fd, nil)
		_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 0)
	}
}

func (r *reactor) run() {
	defer close(r.done)
	conn, err := r.file.SyscallConn()
	if err != nil {
		return
	}
	w := newWorker()
	events := make([]unix.EpollEvent, 128)
	// Read calls the function once and then each time something has arrived, until
	// the file is closed.
	_ = conn.Read(func(fd uintptr) bool {
		for {
			n, err := unix.EpollWait(int(fd), events, 0)
			if err != nil && err != unix.EINTR {
				return true
			}
			for i := range max(n, 0) {
				r.read(w, uint16(events[i].Fd))
			}
			if n == 0 {
				return false
			}
		}
	})
}

// read takes one packet: sockets rarely hold more, and if so the set says so.
func (r *reactor) read(w *worker, number uint16) {
	s := r.sockets[number-r.first].Load()
	if s == nil {
		return
	}
	if n, ok := s.receive(w.buf[:maxPacket], &w.from); ok {
		s.port.received(w, s, n)
	}
}
