//go:build !linux || portable

package webrtc

import "net/netip"

// send implements way.
func (s *socket) send(b []byte, to netip.AddrPort) bool {
	_, err := s.conn.WriteToUDPAddrPort(b, to)
	return err == nil
}
