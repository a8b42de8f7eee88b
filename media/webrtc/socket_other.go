//go:build !unix

package webrtc

import "net"

// listenConfig is that of the system.
func listenConfig() *net.ListenConfig { return &net.ListenConfig{} }
