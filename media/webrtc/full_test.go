package webrtc

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dialtone/internal/testbrowser"
)

func full(o *Options) { o.Mode = Full }

// candidatesIn are those of a description, as the hub behind n has to send to them.
func candidatesIn(tb testing.TB, n *nat, text string) []Candidate {
	tb.Helper()
	var out []Candidate
	for line := range strings.SplitSeq(text, "\r\n") {
		f := strings.Fields(line)
		if !strings.HasPrefix(line, "a=candidate:") || f[2] != "udp" {
			continue
		}
		at, err := netip.ParseAddrPort(f[4] + ":" + f[5])
		if err != nil {
			tb.Fatal(err)
		}
		var priority uint32
		if _, err := fmt.Sscan(f[3], &priority); err != nil {
			tb.Fatal(err)
		}
		if n != nil {
			at = n.of(at)
		}
		out = append(out, Candidate{at, priority})
	}
	if len(out) == 0 {
		tb.Fatalf("no candidates in\n%s", text)
	}
	return out
}

// fullPeer is peerOf with what a full agent has to know.
func fullPeer(tb testing.TB, n *nat, text string, client, offered bool) Peer {
	tb.Helper()
	p := peerOf(text, client)
	p.Offered = offered
	p.Candidates = candidatesIn(tb, n, text)
	for line := range strings.SplitSeq(text, "\r\n") {
		if v, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok {
			p.Ufrag = v
		}
		if v, ok := strings.CutPrefix(line, "a=ice-pwd:"); ok {
			p.Pwd = v
		}
	}
	return p
}

// outside is what c says to somebody who can reach it at addresses only.
func outside(c *Conn, setup string, addresses ...netip.AddrPort) string {
	l := c.Describe(netip.Addr{})
	var s strings.Builder
	if !l.Full {
		s.WriteString("a=ice-lite\r\n")
	}
	fmt.Fprintf(&s, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:%s %s\r\na=setup:%s\r\na=rtcp-mux\r\na=end-of-candidates\r\n",
		l.Ufrag, l.Pwd, l.Fingerprint.Hash, l.Fingerprint.Value, setup)
	for i, a := range addresses {
		fmt.Fprintf(&s, "a=candidate:%d 1 udp %d %s %d typ host\r\n", i+1, 2130706431-i, a.Addr(), a.Port())
	}
	return s.String()
}

// heard checks that audio arrives.
func (b *bed) heard(c *Conn, br *testbrowser.Browser) {
	b.t.Helper()
	before := c.Port().Stats().RxPackets
	until(b.t, "audio", func() bool {
		br.Send(0, 160, make([]byte, 160))
		return c.Port().Stats().RxPackets > before
	})
}

// Behind a router that lets nothing in but answers, only who looks for ways itself is
// reached.
func TestBehindNAT(t *testing.T) {
	for _, c := range []struct {
		name      string
		mode      Mode
		symmetric bool
		want      error
	}{
		{"lite, port-restricted", Lite, false, ErrNoPath},
		{"full, port-restricted", Full, false, nil},
		{"lite, symmetric", Lite, true, ErrNoPath},
		{"full, symmetric", Full, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBed(t, func(o *Options) { o.Mode, o.SetUp = c.mode, 2*time.Second })
			conn, br := b.open(), testbrowser.New(t)
			n := newNAT(t, conn.Local(), c.symmetric)
			failed := make(chan error, 1)
			conn.OnFailure(func(err error) { failed <- err })
			conn.Connect(fullPeer(t, n, br.Offer("sendrecv"), false, true))
			br.Take(outside(conn, "passive", addressOf(n.common)))
			if c.want != nil {
				if err := await(t, failed); !errors.Is(err, c.want) {
					t.Errorf("failed with %v", err)
				}
				return
			}
			br.Up()
			until(t, "keys", func() bool { return conn.Port().Stats().Encrypted })
			b.heard(conn, br)
		})
	}
}

// The STUN server tells what address we have outside, and browsers are told of it.
func TestReflexiveCandidate(t *testing.T) {
	b := newBed(t)
	c := b.open() // binds the socket that the server is to see
	n := newNAT(t, c.Local(), false)
	server := stunServer(t)
	if got := c.Describe(loopback); got.Full || len(got.Reflexive) > 0 {
		t.Fatalf("described as %+v without a server", got)
	}
	b.hub.STUN = n.of(server).String()
	b.hub.work.Go(b.hub.look)
	until(t, "the address outside", func() bool { return len(b.hub.mirror.where(nil)) > 0 })
	named := b.open()
	d := named.Describe(loopback)
	if !d.Full || len(d.Reflexive) != 1 || d.Reflexive[0] != addressOf(n.common) {
		t.Errorf("described as %+v, outside is %v", d, addressOf(n.common))
	}
	if got := b.hub.mirror.where([]netip.AddrPort{addressOf(n.common)}); len(got) > 0 {
		t.Errorf("%v is told of twice", got)
	}
}

// Nobody can be reached from here, but what the STUN server has opened lets everybody in.
func TestFullCone(t *testing.T) {
	b := newBed(t)
	n := newNAT(t, b.open().Local(), false)
	n.open = true
	b.hub.STUN = n.of(stunServer(t)).String()
	b.hub.work.Go(b.hub.look)
	until(t, "the address outside", func() bool { return len(b.hub.mirror.where(nil)) > 0 })
	c, br := b.open(), testbrowser.New(t)
	p := fullPeer(t, n, br.Offer("sendrecv"), false, true)
	p.Candidates = nil
	c.Connect(p)
	br.Take(outside(c, "passive", c.Describe(loopback).Reflexive...))
	br.Up()
	b.heard(c, br)
}

// What others say of our address does not count.
func TestForgedReflexion(t *testing.T) {
	b := newBed(t)
	c := b.open()
	silent := newStranger(t, c.Local()) // is the server, but for its answers
	b.hub.STUN = addressOf(silent.UDPConn).String()
	b.hub.work.Go(b.hub.look)
	var buf [200]byte
	n, err := silent.Read(buf[:])
	if err != nil || !isSTUN(buf[:n]) {
		t.Fatalf("the question is %x, %v", buf[:n], err)
	}
	k := check{}
	copy(k.id[:], buf[8:])
	forged := k.success(at(7), "")
	newStranger(t, c.Local()).send(t, forged) // knows the number, but is not the server
	other := check{id: newID()}
	silent.send(t, other.success(at(8), "")) // is the server, but was asked something else
	silent.send(t, k.conflict(""))
	silent.send(t, k.success(at(9), ""))
	until(t, "the true answer", func() bool { return len(b.hub.mirror.where(nil)) > 0 })
	if got := b.hub.mirror.where(nil); got[0] != at(9) {
		t.Errorf("we are said to be at %v", got)
	}
}

// We call: we choose the path, and the browser sends by it.
func TestWeChooseThePath(t *testing.T) {
	b := newBed(t, full)
	c, br := b.open(), testbrowser.New(t)
	n := newNAT(t, c.Local(), false)
	text := br.Answer(outside(c, "actpass", addressOf(n.common)), "sendrecv", testbrowser.Formats)
	c.Connect(fullPeer(t, n, text, false, false))
	br.Up()
	until(t, "the choice", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.chosen && c.agent.nominated != nil })
	b.heard(c, br)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.agent.controlling || c.agent.switches != 0 {
		t.Errorf("controlling %v after %d changes", c.agent.controlling, c.agent.switches)
	}
}

// Both want to choose: one gives way, and the call is made.
func TestBothWantToChoose(t *testing.T) {
	b := newBed(t, full)
	for range 4 { // dice decide who
		c, br := b.open(), testbrowser.New(t)
		text := br.Answer("a=ice-lite\r\n"+describe(c, "actpass"), "sendrecv", testbrowser.Formats)
		c.Connect(fullPeer(t, nil, text, false, false))
		br.Up()
		b.heard(c, br)
		changes := 0
		until(t, "the choice", func() bool { c.mu.Lock(); defer c.mu.Unlock(); changes = c.agent.switches; return c.chosen })
		if changes > 1 {
			t.Errorf("the roles changed %d times", changes)
		}
	}
}

// By TCP only the browser can open a way; it is chosen all the same.
func TestFullAgentWithoutUDP(t *testing.T) {
	b := newBed(t, full)
	for _, offered := range []bool{true, false} {
		c, br := b.open(), testbrowser.NewWithoutUDP(t)
		if offered {
			p := peerOf(br.Offer("sendrecv"), false)
			p.Ufrag, p.Pwd = credentialsIn(br.Offer("sendrecv"))
			p.Offered = true
			c.Connect(p)
			br.Take(describe(c, "passive"))
		} else {
			text := br.Answer(describe(c, "actpass"), "sendrecv", testbrowser.Formats)
			p := peerOf(text, false)
			p.Ufrag, p.Pwd = credentialsIn(text)
			c.Connect(p)
		}
		br.Up()
		b.heard(c, br)
		until(t, "the choice", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.chosen })
	}
}

func credentialsIn(text string) (ufrag, pwd string) {
	_, rest, _ := strings.Cut(text, "a=ice-ufrag:")
	ufrag, _, _ = strings.Cut(rest, "\r\n")
	_, rest, _ = strings.Cut(text, "a=ice-pwd:")
	pwd, _, _ = strings.Cut(rest, "\r\n")
	return ufrag, pwd
}

// Both ways of a call, and a change of the network, with a full agent.
func TestFullAgentRestarts(t *testing.T) {
	b := newBed(t, full)
	c, br := b.open(), testbrowser.New(t)
	c.Connect(fullPeer(t, nil, br.Offer("sendrecv"), false, true))
	br.Take(describe(c, "passive"))
	br.Up()
	b.heard(c, br)
	before, first := br.Addr().String(), c.Describe(loopback)
	offer := br.Restart("sendrecv")
	c.Restart()
	c.Connect(fullPeer(t, nil, offer, false, true))
	br.Take(describe(c, "passive"))
	until(t, "the new path", func() bool {
		br.Send(0, 160, make([]byte, 160))
		return c.Port().Stats().Remote.String() != before
	})
	until(t, "the end of the old credentials", func() bool { return b.hub.named([]byte(first.Ufrag)) == nil })
	b.heard(c, br)
}

// A far side that goes on sending but does not answer any more has not agreed to what we
// send (RFC 7675 §5.1).
func TestConsentIsAsked(t *testing.T) {
	b := newBed(t, func(o *Options) { o.Mode, o.Consent = Full, time.Second })
	c, br := b.open(), testbrowser.New(t)
	failed := make(chan error, 1)
	c.OnFailure(func(err error) { failed <- err })
	c.Connect(fullPeer(t, nil, br.Offer("sendrecv"), false, true))
	br.Take(describe(c, "passive"))
	br.Up()
	began := time.Now()
	until(t, "a while of consent", func() bool {
		select {
		case err := <-failed:
			t.Fatalf("ended with %v", err)
		default:
		}
		return time.Since(began) > 2*time.Second
	})
	c.mu.Lock()
	c.agent.far.pwd = strings.Repeat("x", 24) // so that its answers do not count
	for _, p := range c.agent.pairs {
		c.agent.drop(p)
	}
	c.mu.Unlock()
	if err := await(t, failed); !errors.Is(err, ErrDeaf) {
		t.Errorf("failed with %v", err)
	}
}
