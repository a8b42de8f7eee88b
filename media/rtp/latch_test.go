package rtp

import (
	"net/netip"
	"testing"
)

func TestThirdPartyIsRefusedMidCall(t *testing.T) {
	families(t, func(t *testing.T, local netip.Addr) {
		c := newCall(t, local)
		mallory := newPhone(t, local)
		c.alice.send(c.toAlice, 0, "alice")
		c.bob.receive()
		for range 10 {
			mallory.send(c.toAlice, 0, "mallory")
		}
		until(t, "ten packets rejected", func() bool { return c.toAlice.Stats().RxRejected == 10 })
		c.bob.hearsNothing()
		c.bob.send(c.toBob, 0, "bob")
		if g := c.alice.receive(); g.payload != "bob" {
			t.Errorf("alice got %q", g.payload)
		}
		mallory.hearsNothing()
		c.alice.send(c.toAlice, 0, "alice")
		if g := c.bob.receive(); g.payload != "alice" {
			t.Errorf("bob got %q", g.payload)
		}
	})
}

func TestPhoneBehindNATIsFollowed(t *testing.T) {
	families(t, func(t *testing.T, local netip.Addr) {
		c := newCall(t, local)
		nat, mallory := newPhone(t, local), newPhone(t, local)
		for i := range latchAfter {
			nat.send(c.toAlice, 0, string(rune('0'+i)))
		}
		if g := c.bob.receive(); g.payload != "2" {
			t.Errorf("the first packet through is %q, want the third", g.payload)
		}
		c.bob.send(c.toBob, 0, "bob")
		if g := nat.receive(); g.payload != "bob" {
			t.Errorf("got %q", g.payload)
		}
		if r := c.toAlice.Stats().Remote; r != addr(nat.rtp) {
			t.Errorf("remote is %v, want %v", r, addr(nat.rtp))
		}
		for range 2 * latchAfter {
			mallory.send(c.toAlice, 0, "mallory")
		}
		until(t, "third party rejected", func() bool { return c.toAlice.Stats().RxRejected == latchAfter-1+2*latchAfter })

		// The signalled address is right also later.
		c.alice.send(c.toAlice, 0, "alice")
		if g := c.bob.receive(); g.payload != "alice" {
			t.Errorf("got %q", g.payload)
		}
		for range 2 * latchAfter {
			nat.send(c.toAlice, 0, "nat")
		}
		until(t, "old source rejected", func() bool { return c.toAlice.Stats().RxRejected == latchAfter-1+4*latchAfter })
	})
}

func TestLatchWantsASequence(t *testing.T) {
	sdp, nat, other := netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.9:9"), netip.MustParseAddrPort("192.0.2.8:8")
	type packet struct {
		from    netip.AddrPort
		seq     uint16
		ssrc    uint32
		unknown bool // payload type
	}
	for _, c := range []struct {
		name    string
		strict  bool
		packets []packet
		want    netip.AddrPort
	}{
		{"in sequence", false, []packet{{nat, 1, 7, false}, {nat, 2, 7, false}, {nat, 3, 7, false}}, nat},
		{"over the end of the numbers", false, []packet{{nat, 65535, 7, false}, {nat, 0, 7, false}, {nat, 1, 7, false}}, nat},
		{"too few", false, []packet{{nat, 1, 7, false}, {nat, 2, 7, false}}, sdp},
		{"with a gap", false, []packet{{nat, 1, 7, false}, {nat, 2, 7, false}, {nat, 4, 7, false}}, sdp},
		{"SSRC changes", false, []packet{{nat, 1, 7, false}, {nat, 2, 8, false}, {nat, 3, 8, false}}, sdp},
		{"unknown payload type", false, []packet{{nat, 1, 7, true}, {nat, 2, 7, true}, {nat, 3, 7, true}}, sdp},
		{"two at once", false, []packet{{nat, 1, 7, false}, {other, 1, 7, false}, {nat, 2, 7, false}, {other, 2, 7, false}, {nat, 3, 7, false}}, sdp},
		{"signalled speaks first", false, []packet{{nat, 1, 7, false}, {nat, 2, 7, false}, {sdp, 50, 9, false}, {nat, 3, 7, false}, {nat, 4, 7, false}, {nat, 5, 7, false}}, sdp},
		{"signalled speaks later", false, []packet{{nat, 1, 7, false}, {nat, 2, 7, false}, {nat, 3, 7, false}, {sdp, 50, 9, false}}, sdp},
		{"only signalled is trusted", true, []packet{{nat, 1, 7, false}, {nat, 2, 7, false}, {nat, 3, 7, false}}, sdp},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l latch
			l.signal(sdp, c.strict)
			for _, p := range c.packets {
				l.accept(p.from, header{seq: p.seq, ssrc: p.ssrc}, !p.unknown)
			}
			if l.current != c.want {
				t.Errorf("audio is with %v, want %v", l.current, c.want)
			}
		})
	}
}

func TestNewSignalledAddressIsTakenAtOnce(t *testing.T) {
	c := newCall(t, loopback4)
	moved := newPhone(t, loopback4)
	moved.ssrc = 0x4444
	c.alice.send(c.toAlice, 0, "old place")
	c.bob.receive()
	configure(t, c.toAlice, moved.params())
	c.bob.send(c.toBob, 0, "bob")
	if g := moved.receive(); g.payload != "bob" {
		t.Errorf("got %q", g.payload)
	}
	moved.send(c.toAlice, 0, "new place")
	if g := c.bob.receive(); g.payload != "new place" {
		t.Errorf("got %q", g.payload)
	}
	c.alice.send(c.toAlice, 0, "old place")
	until(t, "old place refused", func() bool { return c.toAlice.Stats().RxRejected == 1 })
}

func TestSameAddressKeepsTheLatch(t *testing.T) {
	c := newCall(t, loopback4)
	nat := newPhone(t, loopback4)
	for range latchAfter {
		nat.send(c.toAlice, 0, "x")
	}
	c.bob.receive()
	hold := c.alice.params()
	hold.RemoteRTP = netip.MustParseAddrPort("0.0.0.0:9") // RFC 3264 §8.4, old hold
	configure(t, c.toAlice, hold)
	c.bob.send(c.toBob, 0, "held")
	until(t, "a packet dropped", func() bool { return c.toAlice.Stats().TxDropped == 1 })
	configure(t, c.toAlice, c.alice.params())
	c.bob.send(c.toBob, 0, "bob")
	if g := nat.receive(); g.payload != "bob" {
		t.Errorf("got %q", g.payload)
	}
	nat.send(c.toAlice, 0, "nat")
	if g := c.bob.receive(); g.payload != "nat" {
		t.Errorf("got %q", g.payload)
	}
}

func TestRemoteOfTheOtherFamilyIsRefused(t *testing.T) {
	e := newEngine(t, 1)
	p := open(t, e, loopback4)
	params := newPhone(t, loopback6).params()
	if err := p.Configure(params); err == nil {
		t.Error("no error")
	}
	if p.Formats() != nil {
		t.Error("a failed Configure changed something")
	}
}
