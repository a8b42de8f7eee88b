package peers

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
)

// lastRTP counts the ranges that rtpPorts has given.
var lastRTP atomic.Int32

// rtpPorts is the first of 20 ports for audio, an even one. They lie below those that the
// kernel gives to others: phones open them later, and again for each call.
func rtpPorts(t *testing.T) int {
	t.Helper()
	for range 300 {
		first := 25000 + 20*int(lastRTP.Add(1)%300)
		free := true
		for i := range 20 {
			c, err := net.ListenPacket("udp", fmt.Sprintf(":%d", first+i))
			if err != nil {
				free = false
				break
			}
			_ = c.Close()
		}
		if free {
			return first
		}
	}
	t.Fatal("no 20 free ports in a row")
	return 0
}

// lastPort counts the ports that freePort has given.
var lastPort atomic.Int32

// freePort is a port that nobody has on 127.0.0.1, for UDP and TCP, with two behind it that
// nobody has either. Programs open them later: they lie below those that the kernel gives to
// others.
func freePort(t *testing.T) int {
	t.Helper()
	for range 250 {
		port := 32001 + 3*int(lastPort.Add(1)%250)
		if isFree(port) && isFree(port+1) && isFree(port+2) {
			return port
		}
	}
	t.Fatal("no three free ports in a row")
	return 0
}

func isFree(port int) bool {
	at := fmt.Sprintf("127.0.0.1:%d", port)
	u, err := net.ListenPacket("udp", at)
	if err != nil {
		return false
	}
	_ = u.Close()
	l, err := net.Listen("tcp", at)
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}
