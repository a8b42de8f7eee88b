//go:build linux && !portable

package rtp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
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
	calm    bool // can wait; belongs to the reactor

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
