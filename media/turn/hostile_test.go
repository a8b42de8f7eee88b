package turn

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/turn/v5"
)

// stunRequest is a request without attributes.
func stunRequest(method uint16) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b, method)
	binary.BigEndian.PutUint32(b[4:], 0x2112a442)
	copy(b[8:], "transaction!")
	return b
}

// Whatever is sent, the connection ends, and nothing is left of it.
func TestConnectionsThatSpeakSomethingElseEnd(t *testing.T) {
	long := stunRequest(3)
	binary.BigEndian.PutUint16(long[2:], 65532)
	for _, tt := range []struct {
		name string
		sent []byte
	}{
		{"HTTP", []byte("GET / HTTP/1.1\r\n\r\n")},
		{"RTP", append([]byte{0x80, 0x60}, make([]byte, 200)...)},
		{"a message that is too long", long},
		{"data that is too long", []byte{0x40, 0x00, 0xff, 0xff}},
		{"a length that overflows", append([]byte{0x00, 0x03, 0xff, 0xf4}, make([]byte, 100)...)},
		{"noise", bytes.Repeat([]byte{0xc3, 0x5a}, 4000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBed(t)
			c, err := net.Dial("tcp", b.tcp)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, _ = c.Write(tt.sent) // it may have ended before the end
			_ = c.SetReadDeadline(time.Now().Add(patience / 2))
			if n, err := io.Copy(io.Discard, c); n != 0 || err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("%d bytes came back, and %v", n, err)
			}
		})
	}
}

// Messages in pieces are messages, and several at once are several.
func TestMessagesInPieces(t *testing.T) {
	b := newBed(t)
	c, err := net.Dial("tcp", b.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := make([]byte, 32+8)
	_ = c.SetDeadline(time.Now().Add(patience))
	for _, piece := range stunRequest(1) {
		if _, err := c.Write([]byte{piece}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.ReadFull(c, answer); err != nil || binary.BigEndian.Uint16(answer) != 0x0101 {
		t.Fatalf("% x, %v", answer, err)
	}
	if _, err := c.Write(bytes.Repeat(stunRequest(1), 3)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := io.ReadFull(c, answer); err != nil {
			t.Fatal(err)
		}
	}
}

// Who has no address is not waited for; who has one may be silent for long.
func TestWhoShowsNothingIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			has  bool
			want time.Duration
		}{{false, proving}, {true, silence}} {
			far, near := net.Pipe()
			s := newStream(near)
			s.hold(netip.AddrPort{}, tt.has)
			start := time.Now()
			if _, _, err := s.ReadFrom(make([]byte, maxFrame)); err == nil {
				t.Error("something came")
			}
			if waited := time.Since(start); waited != tt.want {
				t.Errorf("waited %v, want %v", waited, tt.want)
			}
			_, _ = far.Close(), near.Close()
		}
	})
}

// An answer is longer than its question, and who asks may be somebody else.
func TestStrangersGetFewAnswersByUDP(t *testing.T) {
	b := newBed(t)
	c, err := net.Dial("udp", b.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const asked = 1000
	for range asked {
		if _, err := c.Write(stunRequest(3)); err != nil {
			t.Fatal(err)
		}
	}
	got, answer := 0, make([]byte, 1500)
	for {
		_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := c.Read(answer)
		if err != nil {
			break
		}
		if got++; n > 150 {
			t.Fatalf("an answer has %d bytes", n)
		}
	}
	if got == 0 || got > burst+3*perSecond {
		t.Errorf("%d of %d questions were answered", got, asked)
	}
	exchange(t, b.allocate(b.welcome("tcp", "100")), "others go on")
}

func TestManySourcesAreBounded(t *testing.T) {
	d := newDatagrams(nil)
	now, a, question := time.Now(), netip.MustParseAddr("10.0.0.0"), stunRequest(1)
	for range 2 * maxStrangers {
		a = a.Next()
		d.welcome(question, netip.AddrPortFrom(a, 1), now)
	}
	if len(d.strangers) > maxStrangers {
		t.Errorf("%d sources are remembered", len(d.strangers))
	}
	if !d.welcome(question, netip.AddrPortFrom(a, 1), now.Add(10*time.Second)) || len(d.strangers) != 1 {
		t.Errorf("later, %d are remembered", len(d.strangers))
	}
	var f failures
	for range 2 * maxFailures {
		a = a.Next()
		f.add(a, now)
	}
	if len(f.count) > maxFailures {
		t.Errorf("failures of %d sources are remembered", len(f.count))
	}
	if n := f.add(a.Next(), now.Add(failureWindow)); n != 1 || len(f.count) != 1 {
		t.Errorf("later, of %d", len(f.count))
	}
}

// Credentials run out in a call that goes on: it keeps its address, and nobody gets another
// one by them.
func TestCallsGoOnWhenTheirCredentialsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Settings: func() Settings {
			return Settings{Secret: secret, Realm: realm, Allocations: 2, PerUser: 2, Failures: 100}
		}, Far: &echo{}})
		far, near := net.Pipe()
		defer func() { _, _ = far.Close(), near.Close() }()
		d := &door{server: s, line: newStream(near), realm: realm, relays: map[netip.AddrPort]*relay{}}
		name := Username("100", time.Now().Add(time.Hour))
		source := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4000}
		ask := func(at net.Addr, username string) bool {
			_, _, ok := d.authenticate(&turn.RequestAttributes{Username: username, Realm: realm, SrcAddr: at})
			return ok
		}
		if !ask(source, name) {
			t.Fatal("not let in")
		}
		conn, _, err := d.AllocatePacketConn(turn.AllocateListenerConfig{Network: "udp4", UserID: "100"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour + time.Second)
		if !ask(source, name) {
			t.Error("the call ends")
		}
		if ask(source, Username("100", time.Now().Add(-time.Minute))) {
			t.Error("other credentials that have run out are good as well")
		}
		if ask(&net.TCPAddr{IP: source.IP, Port: 4001}, name) {
			t.Error("they are good for another address")
		}
		time.Sleep(longest)
		if ask(source, name) {
			t.Error("they are good for ever")
		}
		_ = conn.Close()
		if s.Allocations() != 0 || ask(source, name) {
			t.Error("something is left")
		}
	})
}

// Who has an address may have got it in the name of somebody else, who has asked for nothing.
func TestClientsGetFewAnswersByUDP(t *testing.T) {
	d := newDatagrams(nil)
	at, now, answered := netip.MustParseAddrPort("192.0.2.7:4000"), time.Now(), 0
	d.hold(at, true)
	for range 1000 {
		if d.welcome(stunRequest(3), at, now) {
			answered++
		}
	}
	if answered != burst {
		t.Errorf("%d questions are answered at once", answered)
	}
	if !d.welcome([]byte{0x40, 0x00, 0x00, 0x00}, at, now) || !d.welcome(stunRequest(0x0016), at, now) {
		t.Error("its data is not taken")
	}
	if !d.welcome(stunRequest(3), at, now.Add(time.Second)) {
		t.Error("it is never answered again")
	}
}
