package webrtc

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/internal/testbrowser"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/rtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

var loopback = netip.MustParseAddr("127.0.0.1")

// bed is a hub with an engine for plain audio beside it.
type bed struct {
	t      testing.TB
	hub    *Hub
	engine *rtp.Engine
}

var ranges atomic.Uint32

func newBed(tb testing.TB, change ...func(*Options)) *bed {
	tb.Helper()
	first := uint16(30000 + uint32(os.Getpid())%20*1000 + ranges.Add(1)%20*40)
	engine, err := rtp.New(rtp.Options{First: first, Last: first + 39, Drain: time.Millisecond, ReportInterval: 200 * time.Millisecond})
	if err != nil {
		tb.Fatal(err)
	}
	engine.Start()
	tb.Cleanup(engine.Close)
	o := Options{Engine: engine}
	for _, f := range change {
		f(&o)
	}
	hub, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	if err := hub.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(hub.Close)
	return &bed{tb, hub, engine}
}

// open begins a connection, ready for Opus and PCMU.
func (b *bed) open() *Conn {
	b.t.Helper()
	c, err := b.hub.Open(loopback, netip.Addr{})
	if err != nil {
		b.t.Fatal(err)
	}
	opus, events := codec.Opus, codec.DTMF
	opus.PT, events.PT = 111, 126
	formats := []codec.Format{opus, codec.PCMU, events}
	if err := c.Port().Configure(rtp.Params{Send: formats, Recv: formats, Direction: media.SendRecv, Mux: true}); err != nil {
		b.t.Fatal(err)
	}
	return c
}

// describe is what c says, as a browser reads it.
func describe(c *Conn, setup string) string {
	l := c.Describe(netip.Addr{})
	var s strings.Builder
	if !l.Full {
		s.WriteString("a=ice-lite\r\n")
	}
	fmt.Fprintf(&s, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:%s %s\r\na=setup:%s\r\na=rtcp-mux\r\na=end-of-candidates\r\n",
		l.Ufrag, l.Pwd, l.Fingerprint.Hash, l.Fingerprint.Value, setup)
	for i, a := range l.Candidates {
		fmt.Fprintf(&s, "a=candidate:%d 1 udp %d %s %d typ host\r\n", i+1, 2130706431-i, a.Addr(), a.Port())
		if l.TCP {
			fmt.Fprintf(&s, "a=candidate:1%d 1 tcp %d %s %d typ host tcptype passive\r\n", i+1, 2000000000-i, a.Addr(), a.Port())
		}
	}
	return s.String()
}

// peerOf is what a browser says of itself.
func peerOf(description string, client bool) Peer {
	_, rest, _ := strings.Cut(description, "a=fingerprint:sha-256 ")
	value, _, _ := strings.Cut(rest, "\r\n")
	return Peer{Fingerprints: []Fingerprint{{"sha-256", value}}, Client: client}
}

// call connects a browser that has made an offer.
func (b *bed) call() (*Conn, *testbrowser.Browser) {
	b.t.Helper()
	c, br := b.open(), testbrowser.New(b.t)
	c.Connect(peerOf(br.Offer("sendrecv"), false))
	br.Take(describe(c, "passive"))
	br.Up()
	until(b.t, "keys", func() bool { return c.Port().Stats().Encrypted })
	return c, br
}

func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			tb.Fatalf("waited in vain for: %s", what)
		}
	}
}

// phone is a far side of plain RTP, with a port of its own.
type phone struct {
	conn *net.UDPConn
	port *rtp.Port
	buf  [2048]byte
}

func (b *bed) phone() *phone {
	b.t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	port, err := b.engine.Open(loopback)
	if err != nil {
		b.t.Fatal(err)
	}
	formats := []codec.Format{codec.PCMU, codec.DTMF}
	err = port.Configure(rtp.Params{Send: formats, Recv: formats, Direction: media.SendRecv, RemoteRTP: conn.LocalAddr().(*net.UDPAddr).AddrPort()})
	if err != nil {
		b.t.Fatal(err)
	}
	return &phone{conn: conn, port: port}
}

func (p *phone) receive(tb testing.TB) []byte {
	tb.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	n, err := p.conn.Read(p.buf[:])
	if err != nil {
		tb.Fatal(err)
	}
	return p.buf[:n]
}

func (p *phone) send(tb testing.TB, seq uint16, payload []byte) {
	tb.Helper()
	raw := append([]byte{0x80, 0, byte(seq >> 8), byte(seq), 0, 0, byte(seq >> 8), byte(seq), 0, 0, 0, 7}, payload...)
	to, _ := p.port.Local()
	if _, err := p.conn.WriteToUDPAddrPort(raw, to); err != nil {
		tb.Fatal(err)
	}
}
