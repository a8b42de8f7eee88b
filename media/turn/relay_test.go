package turn

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestBrowsersReachUs(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		t.Run(network, func(t *testing.T) {
			b := newBed(t)
			c := b.welcome(network, "100")
			conn := b.allocate(c)
			for _, text := range []string{"a", "by a channel", "with three bytes more"} {
				exchange(t, conn, text)
			}
			if mapped, err := c.SendBindingRequest(); err != nil || !strings.HasPrefix(mapped.String(), "127.0.0.1:") {
				t.Errorf("STUN says %v, %v", mapped, err)
			}
			if n := b.server.Allocations(); n != 1 {
				t.Errorf("%d relayed addresses, want 1", n)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			eventually(t, "the address is given back", func() bool { return b.server.Allocations() == 0 && b.echo.open() == 0 })
		})
	}
}

// A tab that is closed says nothing; its connection ends.
func TestWhatBelongsToAConnectionGoesWithIt(t *testing.T) {
	b := newBed(t)
	c, err := net.Dial("tcp", b.tcp)
	if err != nil {
		t.Fatal(err)
	}
	name := Username("100", time.Now().Add(time.Hour))
	conn := b.allocate(b.over(c, name, Password(secret, name)))
	exchange(t, conn, "before")
	_ = c.Close()
	eventually(t, "nothing is left", func() bool { return b.server.Allocations() == 0 && b.echo.open() == 0 })
}

func TestNothingElseIsReached(t *testing.T) {
	b := newBed(t)
	stranger, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	for _, peer := range []string{
		stranger.LocalAddr().String(), "127.0.0.1:5060", "10.0.0.1:80", "192.168.1.1:80", "169.254.169.254:80",
		"192.0.2.2:8444", "0.0.0.0:8444", "255.255.255.255:8444", "224.0.0.1:8444",
	} {
		for _, network := range []string{"tcp", "udp"} {
			t.Run(network+" "+peer, func(t *testing.T) {
				conn := b.allocate(b.welcome(network, "100"))
				defer conn.Close()
				at := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(peer))
				if _, err := conn.WriteTo([]byte("hello"), at); err == nil {
					t.Errorf("the relay lets a packet to %s through", peer)
				} else if !strings.Contains(err.Error(), "403") {
					t.Errorf("refused by %v, want 403", err)
				}
			})
		}
	}
	_ = stranger.SetReadDeadline(time.Now())
	if n, from, err := stranger.ReadFrom(make([]byte, 10)); err == nil {
		t.Errorf("%d bytes came from %v", n, from)
	}
}

// An address of ours has other ports, at which nothing of this is for browsers.
func TestOtherPortsOfOursAreNotReached(t *testing.T) {
	b := newBed(t)
	conn := b.allocate(b.welcome("tcp", "100"))
	if _, err := conn.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(ours.Addr(), 5060))); err != nil {
		t.Fatal(err)
	}
	exchange(t, conn, "what follows")
	if n := b.echo.open(); n != 1 {
		t.Errorf("%d ways, want that to %v", n, ours)
	}
}

func TestTCPIsNotRelayed(t *testing.T) {
	b := newBed(t)
	if _, err := b.welcome("tcp", "100").AllocateTCP(); err == nil {
		t.Error("the relay makes TCP connections")
	}
	if n := b.server.Allocations(); n != 0 {
		t.Errorf("%d relayed addresses", n)
	}
}

func TestTooMuchIsLost(t *testing.T) {
	b := newBed(t, func(s *Settings) { s.Rate = 10000 })
	conn := b.allocate(b.welcome("tcp", "100"))
	exchange(t, conn, "first") // the channel is there
	packet := make([]byte, 1000)
	for range 100 {
		if _, err := conn.WriteTo(packet, net.UDPAddrFromAddrPort(ours)); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	buf := make([]byte, 2000)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if _, _, err := conn.ReadFrom(buf); err != nil {
			break
		}
		got++
	}
	if got == 0 || got > 20 {
		t.Errorf("%d packets of 1000 bytes came back, of which 10 a second may", got)
	}
}
