//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	packetSize = 172 // G.711, 20 ms
	packetTime = 20 * time.Millisecond
	// phases spread the packets over the packet time, as those of phones are that
	// know nothing of each other.
	phases = 80
	batch  = 64
)

// generator is all phones: one socket for the callers and one for the callees.
// It sends to each port of the relay every 20 ms and measures what comes back.
type generator struct {
	sides [2]*side
	quit  atomic.Bool
	work  sync.WaitGroup
	clock time.Time
}

// side is one of the two sockets.
type side struct {
	fd, port int
	packets  [][]byte // one per call
	to       []unix.RawSockaddrInet4

	sent     atomic.Int64
	received atomic.Int64
	delays   [50_000]atomic.Uint32 // by µs
}

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

func newGenerator() (*generator, error) {
	g := &generator{clock: time.Now()}
	for i := range g.sides {
		fd, port, err := udpSocket(4 << 20)
		if err != nil {
			return nil, err
		}
		timeout := unix.Timeval{Usec: 100_000}
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
			return nil, err
		}
		g.sides[i] = &side{fd: fd, port: port}
	}
	return g, nil
}

// udpSocket binds a socket on the loopback address.
func udpSocket(buffer int) (fd, port int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, fmt.Errorf("open UDP socket: %w", err)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, 0, fmt.Errorf("bind UDP socket: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, 0, fmt.Errorf("bind UDP socket: %w", err)
	}
	return fd, name.(*unix.SockaddrInet4).Port, nil
}

func sockaddr(port int) unix.RawSockaddrInet4 {
	return unix.RawSockaddrInet4{Family: unix.AF_INET, Port: uint16(port>>8 | port<<8), Addr: [4]byte{127, 0, 0, 1}}
}

// start sends to ports, for each call that of the caller's leg and that of the
// callee's.
func (g *generator) start(ports [][2]int) {
	for i, s := range g.sides {
		for call, pair := range ports {
			b := make([]byte, packetSize)
			b[0] = 0x80
			binary.BigEndian.PutUint32(b[8:], uint32(2*call+i+1))
			s.packets = append(s.packets, b)
			s.to = append(s.to, sockaddr(pair[i]))
		}
		g.work.Go(func() { g.receive(s) })
	}
	g.work.Go(g.send)
}

// stop ends all goroutines and waits for them.
func (g *generator) stop() {
	g.quit.Store(true)
	g.work.Wait()
}

func (g *generator) close() {
	for _, s := range g.sides {
		_ = unix.Close(s.fd)
	}
}

// send sends the packets of one phase after the other, each at its time.
func (g *generator) send() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var out sendBatch
	begin := time.Now()
	for n := 0; !g.quit.Load(); n++ {
		if wait := time.Until(begin.Add(time.Duration(n) * packetTime / phases)); wait > 0 {
			ts := unix.NsecToTimespec(int64(wait))
			_ = unix.Nanosleep(&ts, nil)
		}
		for _, s := range g.sides {
			for call := n % phases; call < len(s.packets); call += phases {
				out.add(s, call, time.Since(g.clock))
			}
			out.flush(s)
		}
	}
}

// sendBatch collects packets for one system call.
type sendBatch struct {
	hdrs [batch]mmsghdr
	iov  [batch]unix.Iovec
	n    int
}

func (o *sendBatch) add(s *side, call int, now time.Duration) {
	b := s.packets[call]
	be := binary.BigEndian
	be.PutUint16(b[2:], be.Uint16(b[2:])+1)
	be.PutUint32(b[4:], be.Uint32(b[4:])+160)
	be.PutUint64(b[12:], uint64(now))
	o.iov[o.n].Base = &b[0]
	o.iov[o.n].SetLen(len(b))
	h := &o.hdrs[o.n].hdr
	h.Iov = &o.iov[o.n]
	h.SetIovlen(1)
	h.Name = (*byte)(unsafe.Pointer(&s.to[call]))
	h.Namelen = unix.SizeofSockaddrInet4
	if o.n++; o.n == batch {
		o.flush(s)
	}
}

func (o *sendBatch) flush(s *side) {
	for at := 0; at < o.n; {
		k, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&o.hdrs[at])), uintptr(o.n-at), 0, 0, 0)
		if errno != 0 {
			k = 1 // that one is lost
		} else {
			s.sent.Add(int64(k))
		}
		at += int(k)
	}
	o.n = 0
}

// receive counts what arrives and how long it took.
func (g *generator) receive(s *side) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var (
		bufs [batch][256]byte
		iov  [batch]unix.Iovec
		hdrs [batch]mmsghdr
	)
	for i := range hdrs {
		iov[i].Base = &bufs[i][0]
		iov[i].SetLen(len(bufs[i]))
		hdrs[i].hdr.Iov = &iov[i]
		hdrs[i].hdr.SetIovlen(1)
	}
	for !g.quit.Load() {
		k, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&hdrs[0])), batch, unix.MSG_WAITFORONE, 0, 0)
		if errno != 0 {
			continue
		}
		now := time.Since(g.clock)
		for i := range int(k) {
			if hdrs[i].n != packetSize {
				continue
			}
			delay := now - time.Duration(binary.BigEndian.Uint64(bufs[i][12:]))
			s.delays[min(max(delay.Microseconds(), 0), int64(len(s.delays)-1))].Add(1)
			s.received.Add(1)
		}
	}
}

// window measures for d. The process of the relay is asked before and after.
func (g *generator) window(d time.Duration, ask func() (usage, error)) (result, error) {
	before, err := ask()
	if err != nil {
		return result{}, err
	}
	sent, received := g.totals()
	for _, s := range g.sides {
		for i := range s.delays {
			s.delays[i].Store(0)
		}
	}
	begin := time.Now()
	time.Sleep(d)
	after, err := ask()
	if err != nil {
		return result{}, err
	}
	r := result{window: time.Since(begin), cpu: after.CPU - before.CPU, rssPerCall: after.RSS}
	r.sent, r.received = g.totals()
	r.sent, r.received = r.sent-sent, r.received-received
	r.received = min(r.sent, g.settle(received, r.sent))
	r.p50, r.p99 = g.delay(0.5), g.delay(0.99)
	return r, nil
}

// settle waits until as many packets have arrived as were sent in the window, or
// none are still on their way, so that those do not count as lost.
func (g *generator) settle(received, want int) (got int) {
	for range 20 {
		_, now := g.totals()
		if got = now - received; got >= want {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return got
}

func (g *generator) totals() (sent, received int) {
	for _, s := range g.sides {
		sent += int(s.sent.Load())
		received += int(s.received.Load())
	}
	return sent, received
}

// delay gives a quantile of the delays.
func (g *generator) delay(q float64) time.Duration {
	var total, sum uint64
	for _, s := range g.sides {
		for i := range s.delays {
			total += uint64(s.delays[i].Load())
		}
	}
	for i := range g.sides[0].delays {
		sum += uint64(g.sides[0].delays[i].Load()) + uint64(g.sides[1].delays[i].Load())
		if float64(sum) >= q*float64(total) {
			return time.Duration(i) * time.Microsecond
		}
	}
	return 0
}
