package rtp

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	loopback4 = netip.MustParseAddr("127.0.0.1")
	loopback6 = netip.MustParseAddr("::1")
	g711      = []codec.Format{codec.PCMU, codec.PCMA, codec.DTMF, codec.CN}
)

// patience is how long a test waits for what must happen.
const patience = 5 * time.Second

// rangeStart makes ranges of ports that do not overlap between tests.
var rangeStart atomic.Uint32

// freeRange finds ports that nobody uses now, and no other test later.
func freeRange(tb testing.TB, pairs int) (first, last uint16) {
	tb.Helper()
	for range 100 {
		size := uint32(2 * pairs)
		offset := (uint32(os.Getpid())%40*500 + rangeStart.Add(size) - size) % 20000
		first, last = uint16(10000+offset), uint16(10000+offset+size-1)
		if allFree(first, last) {
			return first, last
		}
	}
	tb.Fatalf("no %d pairs of free ports", pairs)
	return 0, 0
}

func allFree(first, last uint16) bool {
	for port := first; port <= last; port++ {
		for _, a := range []netip.Addr{loopback4, loopback6} {
			c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, port)))
			if err != nil {
				return false
			}
			c.Close()
		}
	}
	return true
}

// newEngine starts an engine with a range of so many pairs of its own.
func newEngine(tb testing.TB, pairs int, change ...func(*Options)) *Engine {
	tb.Helper()
	o := Options{}
	o.First, o.Last = freeRange(tb, pairs)
	for _, c := range change {
		c(&o)
	}
	e, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	e.Start()
	tb.Cleanup(e.Close)
	return e
}

func open(tb testing.TB, e *Engine, local netip.Addr) *Port {
	tb.Helper()
	p, err := e.Open(local)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// phone is a far side: two sockets.
type phone struct {
	t         testing.TB
	rtp, rtcp *net.UDPConn
	buf       [4096]byte
	seq       uint16
	time      uint32
	ssrc      uint32
}

func newPhone(tb testing.TB, local netip.Addr) *phone {
	tb.Helper()
	ph := &phone{t: tb, rtp: listen(tb, local), rtcp: listen(tb, local), seq: 100, time: 5000, ssrc: 0x1111}
	return ph
}

func listen(tb testing.TB, local netip.Addr) *net.UDPConn {
	tb.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}

func addr(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// params are what such a phone agrees on.
func (ph *phone) params(formats ...codec.Format) Params {
	if len(formats) == 0 {
		formats = g711
	}
	return Params{
		Send: formats, Recv: formats, Direction: media.SendRecv,
		RemoteRTP: addr(ph.rtp), RemoteRTCP: addr(ph.rtcp),
	}
}

// packet makes the next packet of the phone: 20 ms later, with payload.
func (ph *phone) packet(pt uint8, payload string) []byte {
	b := make([]byte, headerSize, headerSize+len(payload)+tail)
	putHeader(b, header{pt: pt, seq: ph.seq, time: ph.time, ssrc: ph.ssrc})
	ph.seq++
	ph.time += 160
	return append(b, payload...)
}

// send sends the next packet to p.
func (ph *phone) send(p *Port, pt uint8, payload string) {
	ph.t.Helper()
	ph.sendRaw(p, ph.packet(pt, payload))
}

func (ph *phone) sendRaw(p *Port, b []byte) {
	ph.t.Helper()
	to, _ := p.Local()
	if _, err := ph.rtp.WriteToUDPAddrPort(b, to); err != nil {
		ph.t.Fatal(err)
	}
}

// got is a packet as a phone receives it.
type got struct {
	header
	payload string
	raw     []byte
}

// receive waits for the next RTP packet.
func (ph *phone) receive() got {
	ph.t.Helper()
	b := ph.read(ph.rtp)
	h, ok := parseHeader(b)
	if !ok {
		ph.t.Fatalf("no RTP: %x", b)
	}
	return got{h, string(b[h.size:]), b}
}

func (ph *phone) read(c *net.UDPConn) []byte {
	ph.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	n, _, err := c.ReadFromUDPAddrPort(ph.buf[:])
	if err != nil {
		ph.t.Fatal(err)
	}
	return append([]byte(nil), ph.buf[:n]...)
}

// hearsNothing checks that no packet is waiting. The caller has made sure that it
// would have arrived.
func (ph *phone) hearsNothing() {
	ph.t.Helper()
	_ = ph.rtp.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, _, err := ph.rtp.ReadFromUDPAddrPort(ph.buf[:]); err == nil {
		ph.t.Fatalf("a packet arrived: %x", ph.buf[:n])
	}
}

// until waits for a condition that other goroutines bring about.
func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			tb.Fatalf("waited in vain for: %s", what)
		}
	}
}

// sinkFunc is a sink made of a function.
type sinkFunc struct{ f func(*media.Packet) }

func (s *sinkFunc) Packet(p *media.Packet) { s.f(p) }

// call is two phones, connected through two ports.
type call struct {
	engine         *Engine
	alice, bob     *phone
	toAlice, toBob *Port
	bridge         *media.Bridged
}

func newCall(tb testing.TB, local netip.Addr, change ...func(a, b *Params)) *call {
	tb.Helper()
	return newCallOn(tb, newEngine(tb, 8), local, change...)
}

func newCallOn(tb testing.TB, e *Engine, local netip.Addr, change ...func(a, b *Params)) *call {
	tb.Helper()
	c := &call{engine: e, alice: newPhone(tb, local), bob: newPhone(tb, local)}
	c.bob.ssrc = 0x2222
	c.toAlice, c.toBob = open(tb, e, local), open(tb, e, local)
	a, b := c.alice.params(), c.bob.params()
	for _, f := range change {
		f(&a, &b)
	}
	configure(tb, c.toAlice, a)
	configure(tb, c.toBob, b)
	var err error
	if c.bridge, err = media.Bridge(c.toAlice, c.toBob); err != nil {
		tb.Fatal(err)
	}
	return c
}

func configure(tb testing.TB, p *Port, params Params) {
	tb.Helper()
	if err := p.Configure(params); err != nil {
		tb.Fatal(err)
	}
}

// master makes key and salt for a suite, different for each n.
func master(suite string, n byte) []byte {
	b := make([]byte, MasterLen(suite))
	for i := range b {
		b[i] = byte(i) ^ n
	}
	return b
}

func event(code byte, end bool, duration uint16) string {
	b := []byte{code, 10, 0, 0}
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], duration)
	return string(b)
}

func families(t *testing.T, test func(t *testing.T, local netip.Addr)) {
	t.Helper()
	for _, local := range []netip.Addr{loopback4, loopback6} {
		t.Run(fmt.Sprintf("at %v", local), func(t *testing.T) { test(t, local) })
	}
}

func listenAt(tb testing.TB, at netip.AddrPort) {
	tb.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
}

// busy reports why at cannot be bound, nil if it can.
func busy(at netip.AddrPort) error {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return err
	}
	return c.Close()
}
