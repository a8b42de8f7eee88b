package webrtc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"dialtone/internal/testbrowser"
	"dialtone/media"
)

func TestBrowserWithoutUDP(t *testing.T) {
	b := newBed(t)
	c, br := b.open(), testbrowser.NewWithoutUDP(t)
	c.Connect(peerOf(br.Offer("sendrecv"), false))
	br.Take(describe(c, "passive"))
	br.Up()
	until(t, "keys", func() bool { return c.Port().Stats().Encrypted })
	ph := b.phone()
	if _, err := media.Bridge(c.Port(), ph.port); err != nil {
		t.Fatal(err)
	}
	audio := bytes.Repeat([]byte{0x55}, 160)
	for i := range uint16(10) {
		br.Send(0, 160, audio)
		if got := ph.receive(t); !bytes.Equal(got[12:], audio) {
			t.Fatalf("the phone hears %x", got)
		}
		ph.send(t, i, audio)
		if p := br.Receive(); !bytes.Equal(p.Payload, audio) {
			t.Fatalf("the browser hears %v", p)
		}
	}
	c.Close()
	until(t, "the end of the connection", func() bool {
		b.hub.streams.mu.Lock()
		defer b.hub.streams.mu.Unlock()
		return len(b.hub.streams.open) == 0
	})
}

func dialTCP(t *testing.T, c *Conn) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", c.Local().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func framed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

// Who begins with anything but credentials is hung up on.
func TestStrangersByTCPAreHungUpOn(t *testing.T) {
	b := newBed(t)
	c := b.open()
	l := c.Describe(loopback)
	for name, first := range map[string][]byte{
		"DTLS":                framed(append([]byte{22, 254, 253}, make([]byte, 200)...)),
		"audio":               framed(append([]byte{0x80, 0}, make([]byte, 170)...)),
		"another password":    framed(request(l.Ufrag, "not the password")),
		"nothing":             {0, 0},
		"too much":            {255, 255, 1},
		"something else":      []byte("GET / HTTP/1.1\r\n\r\n"),
		"a check, then chaos": append(framed(request(l.Ufrag, l.Pwd)), 255, 255),
	} {
		conn := dialTCP(t, c)
		if _, err := conn.Write(first); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // is not wrapped
				t.Errorf("%s: the connection stays", name)
			}
		}
	}
	until(t, "the end of all of them", func() bool {
		b.hub.streams.mu.Lock()
		defer b.hub.streams.mu.Unlock()
		return len(b.hub.streams.open)+len(b.hub.streams.unproved) == 0
	})
}

// Who holds all places without showing credentials loses the oldest of them.
func TestUnprovedConnectionsAreBounded(t *testing.T) {
	b := newBed(t)
	c := b.open()
	count := func(n int) func() bool {
		return func() bool {
			b.hub.streams.mu.Lock()
			defer b.hub.streams.mu.Unlock()
			return len(b.hub.streams.unproved) == n && len(b.hub.streams.open) == n
		}
	}
	oldest := dialTCP(t, c)
	until(t, "the first", count(1))
	for range maxUnprovedEach - 1 {
		dialTCP(t, c)
	}
	until(t, "all of them", count(maxUnprovedEach))
	l := c.Describe(loopback)
	newest := dialTCP(t, c)
	if _, err := newest.Write(framed(request(l.Ufrag, l.Pwd))); err != nil {
		t.Fatal(err)
	}
	if _, err := newest.Read(make([]byte, 1)); err != nil {
		t.Errorf("the newest has no answer: %v", err)
	}
	if _, err := oldest.Read(make([]byte, 1)); err == nil {
		t.Error("the oldest stays")
	} else if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // is not wrapped
		t.Error("the oldest stays")
	}
}

// Of IPv6, all addresses of a /64 are one far side's.
func TestUnprovedConnectionsOfOneNetwork(t *testing.T) {
	var all streams
	add := func(addr string) *stream {
		conn, far := net.Pipe()
		far.Close()
		s := &stream{conn: conn, remote: netip.AddrPortFrom(must(t, addr), 9), done: make(chan struct{})}
		if !all.add(s) {
			t.Errorf("%s is refused", addr)
		}
		return s
	}
	other, neighbour := add("2001:db8:0:2::1"), add("192.0.2.1")
	for i := range 3 * maxUnprovedEach {
		add(fmt.Sprintf("2001:db8:0:1::%x", i+1))
	}
	if len(all.unproved) != maxUnprovedEach+2 || !slices.Contains(all.unproved, other) || !slices.Contains(all.unproved, neighbour) {
		t.Errorf("%d are left", len(all.unproved))
	}
	for i := range 2 * maxUnproved {
		add(fmt.Sprintf("2001:db8:1:%x::1", i))
	}
	if len(all.unproved) != maxUnproved || slices.Contains(all.unproved, other) {
		t.Errorf("%d are left", len(all.unproved))
	}
}

// A far side that does not read costs packets, not memory or time.
func TestSlowConnectionLosesPackets(t *testing.T) {
	b := newBed(t)
	c := b.open()
	l := c.Describe(loopback)
	conn := dialTCP(t, c)
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	if _, err := conn.Write(framed(request(l.Ufrag, l.Pwd, attrUseCandidate))); err != nil {
		t.Fatal(err)
	}
	until(t, "the path", func() bool { return c.selected.Load() != nil })
	sent := 0
	pace := time.NewTicker(time.Millisecond) // as long as the system takes it
	defer pace.Stop()
	until(t, "the first loss", func() bool {
		<-pace.C
		sent += 1200
		return !c.Send(make([]byte, 1200))
	})
	if sent > 512<<10 {
		t.Errorf("%d bytes wait", sent)
	}
}
