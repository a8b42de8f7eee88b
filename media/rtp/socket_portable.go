//go:build !linux || portable

package rtp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// sockaddr is an address as the net package wants it.
type sockaddr struct{ ap netip.AddrPort }

func (a *sockaddr) set(ap netip.AddrPort) { a.ap = ap }

func (a *sockaddr) addrPort() netip.AddrPort {
	return netip.AddrPortFrom(a.ap.Addr().Unmap().WithZone(""), a.ap.Port())
}

// socket is a UDP socket in Go's poller.
type socket struct {
	port    *Port
	control bool // carries RTCP only
	number  uint16

	conn *net.UDPConn
}

func openSocket(local netip.AddrPort) (*socket, error) {
	network := "udp6"
	if local.Addr().Is4() {
		network = "udp4"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(local))
	if err != nil {
		return nil, fmt.Errorf("bind UDP %v: %w", local, err)
	}
	_ = conn.SetReadBuffer(receiveBuffer)
	return &socket{conn: conn, number: local.Port()}, nil
}

// widen makes the buffer for what arrives bigger.
func (s *socket) widen(size int) { _ = s.conn.SetReadBuffer(size) }

// receive reads one datagram.
func (s *socket) receive(b []byte, from *sockaddr) (n int, err error) {
	n, from.ap, err = s.conn.ReadFromUDPAddrPort(b)
	return n, err
}

// letter is not needed here.
type letter struct{}

// send sends one datagram and reports whether the system took it.
func (s *socket) send(b []byte, to *sockaddr) bool {
	_, err := s.conn.WriteToUDPAddrPort(b, to.ap)
	return err == nil
}

// close gives the port back to the system and ends the goroutine that reads it.
func (s *socket) close() { _ = s.conn.Close() }

// isBusy reports whether err says that somebody else has the port.
func isBusy(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// isFull reports whether err says that this process may not open more files.
func isFull(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS)
}
