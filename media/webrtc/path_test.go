package webrtc

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// checks hands in b as if it came by w from there.
func (c *Conn) checks(t *testing.T, w way, b []byte, from netip.AddrPort) []byte {
	t.Helper()
	k, ok := parseCheck(b)
	if !ok {
		t.Fatal("is no check")
	}
	return c.checked(w, &k, from)
}

func at(n int) netip.AddrPort { return netip.MustParseAddrPort(fmt.Sprintf("192.0.2.1:%d", n)) }

// longAgo makes c one that was not heard for a while.
func (c *Conn) longAgo(d time.Duration) { c.heard.Store(time.Now().Add(-d).UnixNano()) }

func TestStolenSourceIsTakenBack(t *testing.T) {
	b := newBed(t)
	one, two := b.open(), b.open()
	l1, l2 := one.Describe(loopback), two.Describe(loopback)
	check := func(c *Conn, l Local) bool { return c.checks(t, c.home, request(l.Ufrag, l.Pwd), at(5)) != nil }
	check(one, l1)
	one.longAgo(2 * 6 * time.Second) // two checks were lost
	if check(two, l2) {
		t.Fatal("the source of one that is there was taken")
	}
	one.longAgo(time.Minute)
	if !check(two, l2) || b.hub.owner(at(5)) != two {
		t.Fatal("the source of one that is gone was not taken")
	}
	if check(one, l1) {
		t.Error("it was taken back from one that is there")
	}
	two.longAgo(time.Minute)
	if !check(one, l1) || b.hub.owner(at(5)) != one {
		t.Error("it was not taken back")
	}
}

// Who listens on the network cannot turn the audio to itself, nor keep alive a call whose
// browser is gone, with what the browser has sent.
func TestReplayedChecksDoNothing(t *testing.T) {
	b := newBed(t)
	c := b.open()
	l := c.Describe(loopback)
	first := request(l.Ufrag, l.Pwd, attrUseCandidate)
	answer := c.checks(t, c.home, first, at(5))
	c.checks(t, c.home, request(l.Ufrag, l.Pwd, attrUseCandidate), at(6))
	c.longAgo(time.Minute)
	if c.checks(t, c.home, first, at(7)) != nil || b.hub.owner(at(7)) != nil {
		t.Error("a check counts that was replayed from elsewhere")
	}
	again := c.checks(t, c.home, first, at(5))
	if answer == nil || string(again) != string(answer) {
		t.Error("a check that was repeated is not answered as before")
	}
	if c.alive() || c.selected.Load().remote != at(6) || len(c.paths) != 2 {
		t.Error("a check that was repeated changes something")
	}
	for range 3 * maxSeen {
		c.checks(t, c.home, request(l.Ufrag, l.Pwd), at(5))
	}
	if len(c.seen.ring) != maxSeen {
		t.Errorf("%d checks are remembered", len(c.seen.ring))
	}
}

// A check that was refused is not worth more from elsewhere.
func TestRefusedCheckIsRememberedToo(t *testing.T) {
	b := newBed(t)
	one, two := b.open(), b.open()
	l1, l2 := one.Describe(loopback), two.Describe(loopback)
	one.checks(t, one.home, request(l1.Ufrag, l1.Pwd), at(5))
	refused := request(l2.Ufrag, l2.Pwd)
	for _, from := range []int{5, 6, 5} {
		if two.checks(t, two.home, refused, at(from)) != nil {
			t.Errorf("answered at %d", from)
		}
	}
}

// The path over TCP that is dropped is hung up on, even when one over UDP has the same
// address; and that over UDP stays ours.
func TestDroppedPathIsOfItsWay(t *testing.T) {
	b := newBed(t)
	c := b.open()
	l := c.Describe(loopback)
	s := &stream{hub: b.hub, remote: at(5), done: make(chan struct{})}
	s.once.Do(func() {}) // there is no connection to close
	c.checks(t, s, request(l.Ufrag, l.Pwd), at(5))
	c.checks(t, c.home, request(l.Ufrag, l.Pwd, attrUseCandidate), at(5))
	var hung bool
	c.mu.Lock()
	c.paths[0].way = hanging{s, &hung}
	c.dropPath()
	c.mu.Unlock()
	if len(c.paths) != 1 || !hung || b.hub.owner(at(5)) != c {
		t.Errorf("%d paths, hung up %v, the owner of UDP is %p", len(c.paths), hung, b.hub.owner(at(5)))
	}
	other := &socket{hub: b.hub, at: at(1)}
	c.checks(t, other, request(l.Ufrag, l.Pwd), at(5)) // our other address, the same source
	c.mu.Lock()
	c.dropPath()
	c.mu.Unlock()
	if b.hub.owner(at(5)) != c {
		t.Error("the source was let go of, which another path has")
	}
}

// hanging is a stream that tells.
type hanging struct {
	*stream
	hung *bool
}

func (h hanging) disown(netip.AddrPort, *Conn) { *h.hung = true }

// A browser whose role is wrong tries again, over the same TCP connection.
func TestRoleConflictOverTCP(t *testing.T) {
	b := newBed(t)
	c := b.open()
	l := c.Describe(loopback)
	conn := dialTCP(t, c)
	var buf [200]byte
	for _, step := range []struct {
		attribute uint16
		want      uint16
	}{{attrControlled, bindingError}, {attrUseCandidate, bindingSuccess}} {
		if _, err := conn.Write(framed(request(l.Ufrag, l.Pwd, step.attribute))); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf[:])
		if err != nil || n < 22 || binary.BigEndian.Uint16(buf[2:]) != step.want {
			t.Fatalf("answer %x, %v", buf[:n], err)
		}
	}
}

// One that waits for space in the buffer holds nobody else up.
func TestSendWaitsForNobody(t *testing.T) {
	b := newBed(t)
	l := b.leg()
	s := l.conn.home
	inside, leave := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.raw.Write(func(uintptr) bool { close(inside); <-leave; return true })
	}()
	<-inside
	sent := make(chan bool)
	go func() { sent <- l.conn.Send([]byte("audio")) }()
	select {
	case ok := <-sent:
		if !ok {
			t.Error("was not sent")
		}
	case <-time.After(time.Second):
		t.Error("waits for another one")
		close(leave)
		<-sent
		leave = nil
	}
	if leave != nil {
		close(leave)
	}
	<-done
	if n, err := l.socket.Read(l.buf[:]); err != nil || string(l.buf[:n]) != "audio" {
		t.Errorf("received %q, %v", l.buf[:n], err)
	}
}
