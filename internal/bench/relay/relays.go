//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/rtp"
)

func loopback(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))
}

// relayEngine is Dialtone's: with RTCP sockets, source checks, statistics and
// rewritten headers.
func relayEngine(calls int, remotes [2]int) ([][2]int, error) {
	e, err := rtp.New(rtp.Options{First: 10000, Last: 31999})
	if err != nil {
		return nil, err
	}
	e.Start()
	formats := []codec.Format{codec.PCMU, codec.DTMF}
	ports := make([][2]int, calls)
	for i := range ports {
		var legs [2]*rtp.Port
		for side := range legs {
			p, err := e.Open(loopback(0).Addr())
			if err != nil {
				return nil, err
			}
			params := rtp.Params{Send: formats, Recv: formats, Direction: media.SendRecv, RemoteRTP: loopback(remotes[side])}
			if err := p.Configure(params); err != nil {
				return nil, err
			}
			at, _ := p.Local()
			legs[side], ports[i][side] = p, int(at.Port())
		}
		if _, err := media.Bridge(legs[0], legs[1]); err != nil {
			return nil, err
		}
	}
	return ports, nil
}

// relayGoroutines is the plainest relay in Go: a goroutine per socket that sends
// on what it reads, unseen.
func relayGoroutines(calls int, remotes [2]int) ([][2]int, error) {
	ports := make([][2]int, calls)
	for i := range ports {
		var conns [2]*net.UDPConn
		for side := range conns {
			c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback(0)))
			if err != nil {
				return nil, err
			}
			conns[side] = c
			ports[i][side] = int(c.LocalAddr().(*net.UDPAddr).AddrPort().Port())
		}
		for side, c := range conns {
			go copyPackets(c, conns[1-side], loopback(remotes[1-side]))
		}
	}
	return ports, nil
}

func copyPackets(from, by *net.UDPConn, to netip.AddrPort) {
	buf := make([]byte, 1600)
	for {
		n, _, err := from.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		_, _ = by.WriteToUDPAddrPort(buf[:n], to)
	}
}

// relayEpoll is one thread with an epoll set and raw system calls, which sends on
// what it reads, unseen.
func relayEpoll(calls int, remotes [2]int) ([][2]int, error) {
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll set: %w", err)
	}
	var hops []hop
	ports := make([][2]int, calls)
	for i := range ports {
		var fds [2]int
		for side := range fds {
			if fds[side], ports[i][side], err = udpSocket(64 << 10); err != nil {
				return nil, err
			}
		}
		for side, fd := range fds {
			event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(hops))}
			if err := unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
				return nil, fmt.Errorf("watch socket: %w", err)
			}
			hops = append(hops, hop{from: fd, by: fds[1-side], to: sockaddr(remotes[1-side])})
		}
	}
	go epollLoop(set, hops)
	return ports, nil
}

// hop is one direction of a call.
type hop struct {
	from, by int
	to       unix.RawSockaddrInet4
}

func epollLoop(set int, hops []hop) {
	runtime.LockOSThread()
	events := make([]unix.EpollEvent, 256)
	var buf [2048]byte
	for {
		n, err := unix.EpollWait(set, events, -1)
		if err != nil {
			continue
		}
		for _, e := range events[:max(n, 0)] {
			h := &hops[e.Fd]
			k, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(h.from), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), unix.MSG_DONTWAIT, 0, 0)
			if errno != 0 {
				continue
			}
			_, _, _ = unix.RawSyscall6(unix.SYS_SENDTO, uintptr(h.by), uintptr(unsafe.Pointer(&buf[0])), k, unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&h.to)), unix.SizeofSockaddrInet4)
		}
	}
}
