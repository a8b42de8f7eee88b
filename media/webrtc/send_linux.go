//go:build linux && !portable

package webrtc

import (
	"net/netip"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sending is one datagram on its way to the kernel.
type sending struct {
	b    []byte
	addr unix.RawSockaddrInet6 // also holds the shorter RawSockaddrInet4
	size uintptr
	ok   bool
	call func(fd uintptr) // is s.do, made once
}

var sendings = sync.Pool{New: func() any {
	s := &sending{}
	s.call = s.do
	return s
}}

func (s *sending) do(fd uintptr) {
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&s.b[0])), uintptr(len(s.b)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&s.addr)), s.size)
	s.ok = errno == 0
}

func (s *sending) to(at netip.AddrPort) {
	port := at.Port()
	(*[2]byte)(unsafe.Pointer(&s.addr.Port))[0] = byte(port >> 8)
	(*[2]byte)(unsafe.Pointer(&s.addr.Port))[1] = byte(port)
	if at.Addr().Is4() {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.addr))
		v4.Family, v4.Addr, s.size = unix.AF_INET, at.Addr().As4(), unix.SizeofSockaddrInet4
		return
	}
	s.addr.Family, s.addr.Flowinfo, s.addr.Addr, s.addr.Scope_id = unix.AF_INET6, 0, at.Addr().As16(), 0
	s.size = unix.SizeofSockaddrInet6
}

// send implements way. It goes round the poller of Go, which would wait for space in the
// buffer that all browsers share, and hold the others up meanwhile: audio that there is
// no space for is lost.
func (s *socket) send(b []byte, to netip.AddrPort) bool {
	if len(b) == 0 {
		return false
	}
	if to.Addr().Zone() != "" { // a name that only the net package looks up cheaply
		_, err := s.conn.WriteToUDPAddrPort(b, to)
		return err == nil
	}
	d := sendings.Get().(*sending)
	d.b, d.ok = b, false
	d.to(to)
	err := s.raw.Control(d.call)
	ok := err == nil && d.ok
	d.b = nil
	sendings.Put(d)
	return ok
}
