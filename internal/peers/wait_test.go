package peers

import (
	"context"
	"net"
	"testing"
	"time"
)

// wait asks ready again and again until it says true; false when ctx ends first.
func wait(ctx context.Context, ready func() bool) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// freePort is a port that nobody has on 127.0.0.1, with two behind it that nobody
// has either.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := c.LocalAddr().(*net.UDPAddr).Port
		free := port < 65533
		for i := range 3 {
			l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + i})
			if err != nil {
				free = false
				break
			}
			_ = l.Close()
		}
		_ = c.Close()
		if free {
			return port
		}
	}
	t.Fatal("no three free ports in a row")
	return 0
}
