//go:build linux && !portable

package rtp

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"dialtone/media"
)

// reactor reads all sockets of a shard in one goroutine. The sockets are in an
// epoll set of its own, level triggered, and that set is itself a file in Go's
// poller: the goroutine sleeps as any other that waits for the network, without
// holding a thread.
//
// Waking up costs more than reading, so sockets whose packets nobody needs at once are
// in another set, which is looked at every so often, and those whose sink asks for
// packets are in none.
type reactor struct {
	epoll   int
	file    *os.File // of epoll
	calm    int      // the set of the sockets that can wait
	sockets []atomic.Pointer[socket]
	first   uint16
	done    chan struct{}

	mu      sync.Mutex // among those who change the sets
	waiting int        // how many sockets are in calm
}

const (
	batch  = 128 // packets that are read before a set is asked again
	rounds = 8   // batches that are read before the other set has its turn
)

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
	calm, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("create epoll set: %w", err)
	}
	return &reactor{
		epoll:   fd,
		calm:    calm,
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
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = unix.Close(r.calm)
	r.calm = -1
}

// add starts reading s. Its port number is free of other sockets in this engine.
func (r *reactor) add(s *socket) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sockets[s.number-r.first].Store(s)
	if err := watch(r.epoll, s); err != nil {
		r.sockets[s.number-r.first].Store(nil)
		return fmt.Errorf("watch UDP port %d: %w", s.number, err)
	}
	return nil
}

func watch(epoll int, s *socket) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.number)}
	return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, s.fd, &event)
}

// suit reads s as its sink wants it, at once or when it suits.
func (r *reactor) suit(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wanted := s.port.urgency()
	if s.read == wanted || r.calm < 0 || r.sockets[s.number-r.first].Load() != s {
		return
	}
	if wanted == pulled {
		s.stamp()
	} else if watch(r.set(wanted), s) != nil && s.read != pulled {
		return // it is read as before, which is as good
	}
	r.leave(s)
	r.count(s, wanted)
}

// set is where sockets are that are read with some urgency, other than pulled ones.
func (r *reactor) set(u urgency) int {
	if u == calm {
		return r.calm
	}
	return r.epoll
}

// leave takes s out of its set. The lock is held.
func (r *reactor) leave(s *socket) {
	if s.read != pulled {
		_ = unix.EpollCtl(r.set(s.read), unix.EPOLL_CTL_DEL, s.fd, nil)
	}
}

// count notes how s is read. The lock is held.
func (r *reactor) count(s *socket, wanted urgency) {
	if s.read == calm {
		r.waiting--
	}
	if s.read = wanted; wanted != calm {
		return
	}
	if r.waiting++; r.waiting == 1 {
		_ = r.file.SetReadDeadline(time.Now().Add(media.Patience))
	}
}

// remove stops reading s, which stays bound: the kernel drops what arrives once
// the buffer is full, so that is made small.
func (r *reactor) remove(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sockets[s.number-r.first].Store(nil)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd >= 0 {
		r.leave(s)
		_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 0)
	}
	r.count(s, urgent)
}

func (r *reactor) run() {
	defer close(r.done)
	conn, err := r.file.SyscallConn()
	if err != nil {
		return
	}
	w := newWorker()
	events := make([]unix.EpollEvent, batch)
	ready := func(fd uintptr) bool { return !r.drain(w, int(fd), events) }
	for {
		// Read calls ready once and then each time something has arrived, until that is
		// more than is read at a time, the deadline, or until the file is closed.
		switch err := conn.Read(ready); {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			r.drain(w, r.calm, events)
			r.plan()
		default:
			return
		}
	}
}

// plan sets when the sockets are read next that can wait, if there are any.
func (r *reactor) plan() {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := time.Time{}
	if r.waiting > 0 {
		next = time.Now().Add(media.Patience)
	}
	_ = r.file.SetReadDeadline(next)
}

// drain reads what has arrived at the sockets of a set, and reports whether that was
// all: the other set must not wait for ever.
func (r *reactor) drain(w *worker, epoll int, events []unix.EpollEvent) bool {
	for range rounds {
		n, err := unix.EpollWait(epoll, events, 0)
		if n == 0 || err != nil && err != unix.EINTR {
			return true
		}
		for i := range max(n, 0) {
			r.read(w, uint16(events[i].Fd))
		}
	}
	return false
}

// read takes one packet: sockets rarely hold more, and if so the set says so.
func (r *reactor) read(w *worker, number uint16) {
	s := r.sockets[number-r.first].Load()
	if s == nil {
		return
	}
	if n, ok := s.receive(w.buf[:maxPacket], &w.from); ok {
		s.port.read(w, s, n)
	}
}

// maxPull is how many packets are pulled at a time; nobody sends more in that time.
const maxPull = 32

// Pull implements media.Pulled.
func (p *Port) Pull() {
	if p.shard == nil {
		return // a wire delivers by itself
	}
	w, _ := p.engine.workers.Get().(*worker)
	defer p.engine.workers.Put(w)
	p.arriving.Lock()
	defer p.arriving.Unlock()
	for range maxPull {
		if p.urgency() != pulled {
			return
		}
		n, ok := p.sockets.rtp.pull(w)
		if !ok {
			return
		}
		p.received(w, p.sockets.rtp, n)
	}
}
