package sipedge

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/config"

	"github.com/emiago/sipgo/sip"
)

func TestARateIsSharedByAllPortsOfAnAddress(t *testing.T) {
	s := newSources(1 << 10)
	now := time.Now()
	src := netip.MustParseAddrPort("192.0.2.1:0")
	for i := range 100 { // 10 a second, for ten seconds at once
		if !s.take(src, 10, now) {
			t.Fatalf("refused at %d", i)
		}
	}
	if s.take(src, 10, now) {
		t.Fatal("one too many was taken")
	}
	if !s.take(src, 10, now.Add(100*time.Millisecond)) || s.take(src, 10, now.Add(100*time.Millisecond)) {
		t.Fatal("a tenth of a second is worth one message")
	}
}

func TestTheRateOfARegisteredPhoneIsTenTimesHigher(t *testing.T) {
	cfg := config.Default()
	cfg.SIP.RatePerSource = 1
	known := netip.MustParseAddrPort("192.0.2.1:5060")
	e, err := New(Options{Config: func() *config.Config { return &cfg }, Registered: func(a netip.AddrPort) bool { return a == known }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 + 100 {
		if !e.admit(known) {
			t.Fatalf("refused at %d", i)
		}
	}
	if e.admit(known) {
		t.Error("one too many was taken")
	}
	if e.admit(netip.MustParseAddrPort("192.0.2.1:5061")) {
		t.Error("another port of the same address has a rate of its own")
	}
	if !e.admit(netip.MustParseAddrPort("192.0.2.2:5061")) {
		t.Error("another address was refused")
	}
}

func TestSourcesAreBounded(t *testing.T) {
	const limit = 1 << 14
	s := newSources(limit)
	now := time.Now()
	for i := range 100_000 {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		s.take(netip.AddrPortFrom(a, 0), 10, now)
	}
	if n := s.len(); n > limit {
		t.Errorf("%d sources are remembered, more than %d", n, limit)
	}
	if network(netip.MustParseAddr("2001:db8::1")) != network(netip.MustParseAddr("2001:db8::ffff:1")) {
		t.Error("addresses of one /64 are two sources")
	}
}

// Garbage from many sources leaves nothing behind; sipgo remembers each for ever.
func TestGarbageFromManySourcesLeavesNothing(t *testing.T) {
	b := start(t, setUp{edge: always, options: func(o *Options) { o.Limits.Sources = 1024 }})
	sock := b.addrs.socket(b.at("udp"))
	before := heap()
	for i := range 100_000 {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(i >> 16), byte(i >> 8), byte(i)}), 9)
		sock.datagram(from, []byte("garbage\r\n\r\n"))
	}
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if server, client, held := b.txs.sizes(); server+client+held != 0 {
		t.Errorf("%d %d %d transactions", server, client, held)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAFloodOfOneSourceLeavesOthersServed(t *testing.T) {
	b := start(t, setUp{edge: always, config: func(c *config.Config) { c.SIP.RatePerSource = 10 }})
	sock := b.addrs.socket(b.at("udp"))
	attacker := netip.MustParseAddrPort("127.66.66.66:5060")
	for i := range 5000 {
		sock.datagram(attacker, []byte(request("INVITE", i)))
	}
	if n := b.stats.Limited.Load(); n < 4800 {
		t.Errorf("only %d of 5000 were dropped", n)
	}
	p := b.phone("udp")
	p.send(request("OPTIONS", 99999))
	p.wantCode(200)
}

func TestDeniedNetworksAreNotRead(t *testing.T) {
	for name, set := range map[string]func(*config.Config){
		"denied":      func(c *config.Config) { c.SIP.Deny = []string{"127.0.0.0/8"} },
		"not allowed": func(c *config.Config) { c.SIP.Allow = []string{"192.0.2.0/24", "2001:db8::1"} },
	} {
		b := start(t, setUp{edge: always, config: set})
		p := b.phone("udp")
		p.send(request("OPTIONS", 1))
		if res := p.answer(30 * time.Millisecond); res != nil {
			t.Errorf("%s: answered\n%s", name, res)
		}
		tcp := b.phone("tcp")
		_ = tcp.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := tcp.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
			t.Errorf("%s: the connection stays: %v", name, err)
		}
	}
}

func TestKeepAlives(t *testing.T) {
	b := start(t, setUp{edge: always})
	p := b.phone("tcp")
	for _, part := range []string{"\r\n\r\n", "\r\n\r", "\n"} {
		p.send(part)
	}
	pong := make([]byte, 4)
	_ = p.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(p, pong); err != nil || string(pong) != "\r\n\r\n" {
		t.Errorf("two pings were answered %q, %v", pong, err)
	}
	p.send(request("OPTIONS", 1))
	p.wantCode(200)

	u := b.phone("udp")
	for _, junk := range []string{"\r\n\r\n", "\r\n", "\x00\x00\x00\x00", "jaK"} {
		u.send(junk)
	}
	stun := make([]byte, 20)
	stun[1] = 1
	binary.BigEndian.PutUint32(stun[4:], stunCookie)
	u.send(string(stun))
	buf := make([]byte, 100)
	_ = u.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := u.Read(buf)
	if err != nil || n != 32 || !bytes.Equal(buf[:2], []byte{1, 1}) {
		t.Fatalf("STUN was answered %x, %v", buf[:n], err)
	}
	port := binary.BigEndian.Uint16(buf[26:]) ^ uint16(stunCookie>>16)
	if want := udpAddrPort(u.LocalAddr()).Port(); port != want {
		t.Errorf("STUN says port %d, want %d", port, want)
	}
	u.send(request("OPTIONS", 2))
	u.wantCode(200)
}

// wantClosed waits for the edge to close the connection.
func (p *phone) wantClosed(within time.Duration) {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(within))
	if _, err := io.Copy(io.Discard, p); err != nil && strings.Contains(err.Error(), "timeout") {
		p.t.Error("the connection is still open")
	}
}

func TestSlowAndSilentConnectionsAreClosed(t *testing.T) {
	var registered atomic.Pointer[string]
	b := start(t, setUp{edge: always, options: func(o *Options) {
		withTLS(t)(o)
		o.Registered = func(a netip.AddrPort) bool { r := registered.Load(); return r != nil && *r == a.String() }
		o.Limits = Limits{Idle: 300 * time.Millisecond, Message: 300 * time.Millisecond, Handshake: 300 * time.Millisecond}
	}})
	silent := b.phone("tcp")
	silent.wantClosed(5 * time.Second)
	slow := b.phone("tcp")
	slow.send("OPTIONS sip:x")
	slow.wantClosed(5 * time.Second)
	c, err := net.Dial("tcp", b.at("tls").String())
	if err != nil {
		t.Fatal(err)
	}
	(&phone{Conn: c, t: t}).wantClosed(5 * time.Second) // no handshake
	_ = c.Close()

	known := b.phone("tcp")
	address := known.LocalAddr().String()
	registered.Store(&address)
	known.send(request("OPTIONS", 1))
	known.wantCode(200)
	b.phone("tcp").wantClosed(5 * time.Second)
	b.phone("tcp").wantClosed(5 * time.Second) // twice as long as it takes to be closed
	known.send(request("OPTIONS", 2))
	known.wantCode(200)
}

func TestAHeldConnectionStays(t *testing.T) {
	b := start(t, setUp{edge: always, options: func(o *Options) { o.Limits = Limits{Idle: 500 * time.Millisecond} }})
	p, flow := meetPhone(b, "tcp")
	release := b.Hold(flow)
	b.phone("tcp").wantClosed(5 * time.Second)
	b.phone("tcp").wantClosed(5 * time.Second) // twice as long as it takes to be closed
	p.send(request("OPTIONS", 2))
	p.wantCode(200)
	release()
	release() // has no effect
	b.eventually("nobody uses the connection", func() bool { s := b.streams.get(flow); return s == nil || s.uses.Load() == 0 })
}

func TestConnectionsAreBounded(t *testing.T) {
	b := start(t, setUp{edge: always, options: func(o *Options) { o.Limits = Limits{Connections: 4, ConnectionsPerSource: 3} }})
	var list []*phone
	for range 3 {
		p, _ := meetPhone(b, "tcp")
		list = append(list, p)
	}
	b.phone("tcp").wantClosed(5 * time.Second) // one too many of this source
	list[0].send(request("OPTIONS", 1))
	list[0].wantCode(200)
	// When all are taken, the one silent for longest makes room.
	full := newStreams()
	var oldest *stream
	for i := range 4 {
		c, other := net.Pipe()
		defer func() { _, _ = c.Close(), other.Close() }()
		s := newStream(b.Edge, c, "tcp")
		s.f.Remote = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1)
		s.heard.Store(int64(i))
		if !full.add(s, b.limits) {
			t.Fatal("refused")
		}
		if oldest == nil {
			oldest = s
		}
	}
	oldest.heard.Store(-1)
	c, other := net.Pipe()
	defer func() { _, _ = c.Close(), other.Close() }()
	s := newStream(b.Edge, c, "tcp")
	s.f.Remote = netip.MustParseAddrPort("10.1.1.1:1")
	if !full.add(s, b.limits) || full.get(oldest.f) != nil || full.len() != 4 {
		t.Error("the oldest did not make room")
	}
}

func TestMessagesInAnyPieces(t *testing.T) {
	b := start(t, setUp{edge: always})
	p := b.phone("tcp")
	for _, c := range []byte(request("OPTIONS", 1)) {
		p.send(string(c))
	}
	p.wantCode(200)
	var all strings.Builder
	for i := 2; i < 40; i++ {
		all.WriteString(request("OPTIONS", i))
	}
	p.send(all.String())
	for i := 2; i < 40; i++ {
		p.wantCode(200)
	}
	// A bad message in between costs no connection, one without end does.
	p.send(strings.Replace(request("OPTIONS", 50), "Call-ID: call-50\r\n", "", 1) + request("OPTIONS", 51))
	p.wantCode(400)
	p.wantCode(200)
	p.send(strings.Replace(request("OPTIONS", 52), "Content-Length: 0\r\n", "", 1))
	if res := p.wantCode(400); res.Reason != "Missing Content-Length" {
		t.Error(res)
	}
	p.wantClosed(5 * time.Second)
	large := b.phone("tcp")
	large.send(strings.Replace(request("OPTIONS", 53), "Content-Length: 0", "Content-Length: 99999", 1))
	large.wantCode(513)
	large.wantClosed(5 * time.Second)
	endless := b.phone("tcp")
	_, _ = endless.Write([]byte("OPTIONS sip:x SIP/2.0\r\nSubject: " + strings.Repeat("x", 80000)))
	endless.wantClosed(5 * time.Second)
}

func TestTransactionsAreBounded(t *testing.T) {
	hold := make(chan struct{})
	b := start(t, setUp{options: func(o *Options) { o.Limits = Limits{Transactions: 5} }, edge: func(e *Edge) {
		e.Handle(sip.INVITE, func(context.Context, *sip.Request, sip.ServerTransaction, Flow) { <-hold })
	}})
	defer close(hold)
	p := b.phone("tcp")
	for i := range 6 {
		p.send(request("INVITE", i))
	}
	for {
		res := p.answer(5 * time.Second)
		if res == nil {
			t.Fatal("all were taken")
		}
		if res.StatusCode == 503 {
			if res.GetHeader("retry-after") == nil || res.CallID().Value() != "call-5" {
				t.Error(res)
			}
			return
		}
	}
}

func TestTraceMasksSecrets(t *testing.T) {
	var out lockedBuffer
	b := start(t, setUp{edge: always, options: func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&out, nil)) }})
	b.SetTrace(true)
	p := b.phone("udp")
	body := "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRETKEY1234|2^20\r\n"
	text := request("INVITE", 1, "Authorization: Digest username=\"a\", nonce=\"N0NCE\", response=\"DEADBEEF\", cnonce=\"CCC\"\r\n",
		"Proxy-Authorization: Digest response = \"DEADBEEF\"\r\n")
	p.send(strings.Replace(text, "Content-Length: 0\r\n\r\n", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body), 1))
	p.wantCode(200)
	b.SetTrace(false)
	p.send(request("OPTIONS", 2))
	p.wantCode(200)
	have := out.String()
	for _, want := range []string{"direction=in", "direction=out", "call_id=call-1", "N0NCE", "flow=\"udp "} {
		if !strings.Contains(have, want) {
			t.Errorf("no %s in\n%s", want, have)
		}
	}
	for _, secret := range []string{"DEADBEEF", "SECRETKEY", "call-2"} {
		if strings.Contains(have, secret) {
			t.Errorf("%s in\n%s", secret, have)
		}
	}
}
