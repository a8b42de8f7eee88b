package rtp

import (
	"net/netip"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

// flow is a stream through a port, as the reading goroutine sees it: the packets
// are handed over where the kernel would, and are really sent on.
type flow struct {
	call   *call
	worker *worker
	packet []byte
	seal   func([]byte) []byte
}

func newFlow(tb testing.TB, local netip.Addr, change func(a, b *Params)) *flow {
	tb.Helper()
	c := newCall(tb, local, change)
	fl := &flow{call: c, worker: newWorker(), packet: c.alice.packet(0, string(make([]byte, 160)))}
	fl.worker.from.set(addr(c.alice.rtp))
	return fl
}

// pass lets the next packet through.
func (fl *flow) pass() {
	n := copy(fl.worker.buf[:], fl.packet)
	h, _ := parseHeader(fl.packet)
	h.seq++
	h.time += 160
	rewrite(fl.packet, h)
	b := fl.worker.buf[:n]
	if fl.seal != nil {
		b = fl.seal(b)
	}
	p := fl.call.toAlice
	p.received(fl.worker, p.sockets.rtp, len(b))
}

// press makes it a stream of telephone events.
func (fl *flow) press() {
	fl.packet = fl.call.alice.packet(codec.DTMF.PT, event(5, false, 320))
}

// flows are the ways in which packets are carried.
func flows(tb testing.TB) map[string]*flow {
	tb.Helper()
	only := func(f codec.Format) []codec.Format { return []codec.Format{f} }
	m := map[string]*flow{
		"relay":      newFlow(tb, loopback4, func(_, _ *Params) {}),
		"relay IPv6": newFlow(tb, loopback6, func(_, _ *Params) {}),
		"transcode": newFlow(tb, loopback4, func(_, b *Params) {
			b.Send, b.Recv = only(codec.PCMA), only(codec.PCMA)
		}),
	}
	m["relay of keys"] = newFlow(tb, loopback4, func(_, _ *Params) {})
	m["relay of keys"].press()
	for _, suite := range Suites() {
		fl := newFlow(tb, loopback4, func(a, b *Params) { a.Crypto, b.Crypto = keys(suite, 1, 2), keys(suite, 3, 4) })
		c, err := newCipher(nil, suite, master(suite, 1), replayWindow)
		if err != nil {
			tb.Fatal(err)
		}
		fl.seal = func(b []byte) []byte {
			out, err := c.seal(b)
			if err != nil {
				tb.Fatal(err)
			}
			return out
		}
		m["relay "+suite] = fl
	}
	return m
}

func TestNoAllocationPerPacket(t *testing.T) {
	skipUnderRaceDetector(t)
	for name, fl := range flows(t) {
		t.Run(name, func(t *testing.T) {
			fl.pass()
			before := fl.call.toBob.Stats().TxPackets
			if a := testing.AllocsPerRun(100, fl.pass); a != 0 {
				t.Errorf("%v allocations per packet, want 0", a)
			}
			if sent := fl.call.toBob.Stats().TxPackets - before; sent != 101 {
				t.Errorf("%d packets sent on, want 101", sent)
			}
		})
	}
}

func TestNoAllocationPerKey(t *testing.T) {
	skipUnderRaceDetector(t)
	fl, keys := newFlow(t, loopback4, func(_, _ *Params) {}), media.NewKeys()
	fl.call.toAlice.SetSink(keys)
	fl.press()
	if a := testing.AllocsPerRun(100, func() { fl.pass(); keys.Release() }); a != 0 {
		t.Errorf("%v allocations per packet, want 0", a)
	}
	if k, pressed := keys.First(); !pressed || k.Digit != '5' {
		t.Errorf("heard %q", k.Digit)
	}
}

func TestNoAllocationPerPacketThroughTheSocket(t *testing.T) {
	skipUnderRaceDetector(t)
	c := newCall(t, loopback4)
	to, _ := c.toAlice.Local()
	b := c.alice.packet(0, string(make([]byte, 160)))
	h, _ := parseHeader(b)
	pass := func() {
		h.seq++
		h.time += 160
		rewrite(b, h)
		if _, err := c.alice.rtp.WriteToUDPAddrPort(b, to); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.bob.rtp.ReadFromUDPAddrPort(c.bob.buf[:]); err != nil {
			t.Fatal(err)
		}
	}
	pass()
	if a := testing.AllocsPerRun(100, pass); a != 0 {
		t.Errorf("%v allocations per packet, want 0", a)
	}
}

func TestNoAllocationPerWrite(t *testing.T) {
	skipUnderRaceDetector(t)
	c := newCall(t, loopback4)
	frame := make([]byte, 160)
	c.toBob.Write(codec.PCMU, frame, 160, true)
	if a := testing.AllocsPerRun(100, func() { c.toBob.Write(codec.PCMU, frame, 160, false) }); a != 0 {
		t.Errorf("%v allocations per frame, want 0", a)
	}
}

// BenchmarkCarry measures what one packet of 20 ms G.711 costs from the buffer of
// the reading goroutine to the kernel's hands, sending included.
func BenchmarkCarry(b *testing.B) {
	for name, fl := range flows(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fl.pass()
			}
		})
	}
}

// BenchmarkRewrite measures the same without sending.
func BenchmarkRewrite(b *testing.B) {
	c := newCall(b, loopback4)
	fl := &flow{call: c, worker: newWorker(), packet: c.alice.packet(0, string(make([]byte, 160)))}
	fl.worker.from.set(addr(c.alice.rtp))
	c.toBob.sockets.rtp.close()
	b.ReportAllocs()
	for b.Loop() {
		fl.pass()
	}
}

var _ media.Sink = (*sinkFunc)(nil)

func skipUnderRaceDetector(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector allocates")
	}
}
