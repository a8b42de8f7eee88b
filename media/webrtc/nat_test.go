package webrtc

import (
	"net"
	"net/netip"
	"sync"
	"testing"
)

// nat stands between a hub and the world outside, as a router does that lets nothing in
// but answers. A host outside has an address on the side of the hub, and the hub one
// outside, another for each host when the router is symmetric (RFC 4787 §4.1).
type nat struct {
	tb        testing.TB
	hub       netip.AddrPort
	symmetric bool
	loop      sync.WaitGroup

	mu      sync.Mutex
	common  *net.UDPConn
	hosts   map[netip.AddrPort]*host // by their address outside
	dropped int
	open    bool // a port that was used lets everybody in (full cone)
	largest int  // datagram that the hub has sent
	lossy   bool // of three datagrams to the world outside, one is lost
	sent    int
}

// host is one outside.
type host struct {
	outside netip.AddrPort
	inner   *net.UDPConn // is what the hub sends to
	outer   *net.UDPConn // is what the host sees
	open    bool         // the hub has sent something
}

func newNAT(tb testing.TB, hub netip.AddrPort, symmetric bool) *nat {
	tb.Helper()
	n := &nat{tb: tb, hub: hub, symmetric: symmetric, hosts: map[netip.AddrPort]*host{}}
	n.common = n.socket()
	n.loop.Go(func() { n.in(n.common) })
	tb.Cleanup(func() {
		n.mu.Lock()
		for _, h := range n.hosts {
			_ = h.inner.Close()
			_ = h.outer.Close()
		}
		n.mu.Unlock()
		_ = n.common.Close()
		n.loop.Wait()
	})
	return n
}

func (n *nat) socket() *net.UDPConn {
	n.tb.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		n.tb.Fatal(err)
	}
	return c
}

func addressOf(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// of is the address of a host outside, as the hub has to send to it.
func (n *nat) of(outside netip.AddrPort) netip.AddrPort {
	n.tb.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[outside]
	if h == nil {
		h = &host{outside: outside, inner: n.socket(), outer: n.common}
		if n.symmetric {
			h.outer = n.socket()
			n.loop.Go(func() { n.in(h.outer) })
		}
		n.hosts[outside] = h
		n.loop.Go(func() { n.out(h) })
	}
	return addressOf(h.inner)
}

// out carries what the hub sends, and lets answers in.
func (n *nat) out(h *host) {
	b := make([]byte, 2048)
	for {
		size, from, err := h.inner.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if from != n.hub {
			continue
		}
		n.mu.Lock()
		h.open = true
		n.largest = max(n.largest, size)
		n.sent++
		lost := n.lossy && n.sent%3 == 0
		n.mu.Unlock()
		if lost {
			continue
		}
		_, _ = h.outer.WriteToUDPAddrPort(b[:size], h.outside)
	}
}

// in carries answers.
func (n *nat) in(outer *net.UDPConn) {
	b := make([]byte, 2048)
	for {
		size, from, err := outer.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		n.mu.Lock()
		open := n.open
		n.mu.Unlock()
		if open {
			n.of(from)
		}
		n.mu.Lock()
		h := n.hosts[from]
		let := h != nil && (h.open || open) && h.outer == outer
		if !let {
			n.dropped++
		}
		n.mu.Unlock()
		if let {
			_, _ = h.inner.WriteToUDPAddrPort(b[:size], n.hub)
		}
	}
}

// stunServer is one outside, which sees where questions come from.
func stunServer(tb testing.TB) netip.AddrPort {
	tb.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	tb.Cleanup(func() { c.Close(); <-done })
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			size, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if k := (check{}); isSTUN(b[:size]) {
				copy(k.id[:], b[8:])
				_, _ = c.WriteToUDPAddrPort(k.success(from, "nobody looks at it"), from)
			}
		}
	}()
	return addressOf(c)
}
