//go:build linux && !portable

package rtp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr is an address as the kernel wants it.
type sockaddr struct {
	raw  unix.RawSockaddrInet6 // also holds the shorter RawSockaddrInet4
	size uint32
}

func (a *sockaddr) set(ap netip.AddrPort) {
	port := ap.Port()<<8 | ap.Port()>>8
	if ap.Addr().Is4() {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: ap.Addr().As4()}
		a.size = unix.SizeofSockaddrInet4
		return
	}
	a.raw = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port, Addr: ap.Addr().As16(), Scope_id: scope(ap.Addr().Zone())}
	a.size = unix.SizeofSockaddrInet6
}

// addrPort leaves the zone out: who compares addresses within one socket does
// not need it.
func (a *sockaddr) addrPort() netip.AddrPort {
	port := a.raw.Port<<8 | a.raw.Port>>8
	if a.raw.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw)).Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(a.raw.Addr).Unmap(), port)
}

func scope(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}

// socket is a UDP socket outside Go's poller.
type socket struct {
	port    *Port
	control bool // carries RTCP only
	number  uint16
	read    urgency // belongs to the reactor
	stamped bool    // the kernel notes when packets arrive; belongs to the reactor

	mu sync.RWMutex // against close; the kernel orders the rest
	fd int
}

func openSocket(local netip.AddrPort) (*socket, error) {
	family := unix.AF_INET6
	if local.Addr().Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	s := &socket{fd: fd, number: local.Port()}
	s.tune(family)
	var addr sockaddr
	addr.set(local)
	_, _, errno := unix.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&addr.raw)), uintptr(addr.size))
	if errno != 0 {
		s.close()
		return nil, fmt.Errorf("bind UDP %v: %w", local, errno)
	}
	return s, nil
}

// tune asks for what is good to have; the socket works without.
func (s *socket) tune(family int) {
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	if family == unix.AF_INET {
		_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_TOS, expedited)
		return
	}
	_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, expedited)
}

// widen makes the buffer for what arrives bigger.
func (s *socket) widen(size int) { _ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size) }

// receive reads one datagram. n is its real length, which may be more than b.
func (s *socket) receive(b []byte, from *sockaddr) (n int, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return 0, false
	}
	from.size = unix.SizeofSockaddrInet6
	r, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT|unix.MSG_TRUNC, uintptr(unsafe.Pointer(&from.raw)), uintptr(unsafe.Pointer(&from.size)))
	return int(r), errno == 0
}

// stamp lets the kernel note when packets arrive, so that they can be read later. The first
// that does so has to wait a moment for that; until then they seem to arrive when read.
func (s *socket) stamp() {
	if !s.stamped {
		s.stamped = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) == nil
	}
}

// letter is what recvmsg wants, besides a buffer.
type letter struct {
	header unix.Msghdr
	vector unix.Iovec
	notes  [64]byte
}

// pull reads one datagram into w, with its age. n is its real length.
func (s *socket) pull(w *worker) (n int, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return 0, false
	}
	l := &w.letter
	l.vector.Base = &w.buf[0]
	l.vector.SetLen(maxPacket)
	l.header = unix.Msghdr{
		Name: (*byte)(unsafe.Pointer(&w.from.raw)), Namelen: unix.SizeofSockaddrInet6, Iov: &l.vector, Control: &l.notes[0],
	}
	l.header.SetIovlen(1)
	l.header.SetControllen(len(l.notes))
	r, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&l.header)), unix.MSG_DONTWAIT|unix.MSG_TRUNC)
	if errno != 0 {
		return 0, false
	}
	w.from.size = l.header.Namelen
	w.age = l.age(time.Now())
	return int(r), true
}

// tooOld is what no packet is that waits to be pulled: the clock was set.
const tooOld = time.Second

// age is how long before now it arrived, as far as the kernel has noted that.
func (l *letter) age(now time.Time) time.Duration {
	note := (*unix.Cmsghdr)(unsafe.Pointer(&l.notes[0]))
	begin := unix.CmsgSpace(0)
	if int(l.header.Controllen) < begin+int(unsafe.Sizeof(unix.Timespec{})) || note.Level != unix.SOL_SOCKET || note.Type != unix.SCM_TIMESTAMPNS {
		return 0
	}
	at := (*unix.Timespec)(unsafe.Pointer(&l.notes[begin]))
	age := time.Duration(now.UnixNano() - at.Nano())
	if age < 0 || age > tooOld {
		return 0
	}
	return age
}

// send sends one datagram and reports whether the kernel took it.
func (s *socket) send(b []byte, to *sockaddr) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 || len(b) == 0 {
		return false
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&to.raw)), uintptr(to.size))
	return errno == 0
}

// close gives the port back to the system.
func (s *socket) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		_ = unix.Close(s.fd)
		s.fd = -1
	}
}

// isBusy reports whether err says that somebody else has the port.
func isBusy(err error) bool { return errors.Is(err, unix.EADDRINUSE) }

// isFull reports whether err says that this process may not open more files.
func isFull(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOBUFS)
}
