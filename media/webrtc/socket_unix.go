//go:build unix

package webrtc

import (
	"net"
	"strings"
	"syscall"
)

// expedited is DSCP EF (RFC 3246) as the traffic class of IP.
const expedited = 46 << 2

// listenConfig asks for what is good to have; the socket works without.
func listenConfig() *net.ListenConfig {
	return &net.ListenConfig{Control: func(network, _ string, conn syscall.RawConn) error {
		return conn.Control(func(fd uintptr) {
			level, option := syscall.IPPROTO_IP, syscall.IP_TOS
			if strings.HasSuffix(network, "6") {
				level, option = syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS
			}
			_ = syscall.SetsockoptInt(int(fd), level, option, expedited)
		})
	}}
}
