package rtp

import (
	"strings"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestGarbageIsDroppedAndHarmsNothing(t *testing.T) {
	c := newCall(t, loopback4)
	c.alice.send(c.toAlice, 0, "x")
	c.bob.receive()
	header := string(c.alice.packet(0, ""))
	garbage := []string{
		"x",
		"\x80",
		header[:11],
		"\x00\x01\x00\x00\x21\x12\xa4\x42transaction",      // STUN
		"\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x01", // DTLS
		"\x40" + header[1:] + "version 1",
		"\x8f" + header[1:] + "15 sources that are not there",
		"\x90" + header[1:],                                   // no room for the extension
		"\x90" + header[1:] + "\xbe\xde\xff\xff",              // an extension beyond the end
		"\xa0" + header[1:],                                   // padding without a byte
		"\xa0" + header[1:] + "abc\x00",                       // no padding at all
		"\xa0" + header[1:] + "abc\x05",                       // more padding than payload
		strings.Repeat("long", 500) + strings.Repeat("x", 49), // one too many
		header + strings.Repeat("x", 60000),
	}
	for _, g := range garbage {
		c.alice.sendRaw(c.toAlice, []byte(g))
	}
	until(t, "garbage dropped", func() bool { return c.toAlice.Stats().RxDropped == uint64(len(garbage)) })
	c.bob.hearsNothing()
	c.alice.send(c.toAlice, 0, "fine")
	if g := c.bob.receive(); g.payload != "fine" {
		t.Errorf("got %q", g.payload)
	}
}

func TestHugeAndEmptyPayloadsPass(t *testing.T) {
	for _, suite := range append([]string{""}, Suites()...) {
		c := newCall(t, loopback4, func(_, b *Params) {
			if suite != "" {
				b.Crypto = keys(suite, 3, 4)
			}
		})
		for _, size := range []int{maxPacket - headerSize, 0} {
			c.alice.send(c.toAlice, 0, strings.Repeat("x", size))
			g := c.bob.receive()
			payload := g.payload
			if suite != "" {
				payload = newSecured(t, suite, 3, 4).open(t, g.raw)
			}
			if len(payload) != size {
				t.Errorf("%s: %d bytes arrived, want %d", suite, len(payload), size)
			}
		}
	}
}

func TestForwardAndWriteRefuseWhatCannotBeSent(t *testing.T) {
	e := newEngine(t, 1)
	p := open(t, e, loopback4)
	f := codec.PCMU
	whole := &media.Packet{Raw: make([]byte, 20), Format: &f}
	p.Forward(whole) // not configured
	configure(t, p, newPhone(t, loopback4).params(codec.PCMA))
	p.Forward(whole) // format unknown to the far side
	a := codec.PCMA
	p.Forward(&media.Packet{Raw: make([]byte, 20)})
	p.Forward(&media.Packet{Raw: make([]byte, 3), Format: &a})
	p.Write(codec.PCMU, make([]byte, 160), 160, false)
	p.Write(codec.PCMA, make([]byte, maxFrame+1), maxFrame+1, false)
	if st := p.Stats(); st.TxDropped != 6 || st.TxPackets != 0 {
		t.Errorf("%d dropped, %d sent, want 6 and 0", st.TxDropped, st.TxPackets)
	}
}

func TestWriteFollowsWhateverWasSentBefore(t *testing.T) {
	c := newCall(t, loopback4)
	c.alice.send(c.toAlice, 0, "x")
	last := c.bob.receive()
	for i := range 5 {
		c.toBob.Write(codec.PCMA, []byte("tone"), 160, i == 0)
		g := c.bob.receive()
		if g.payload != "tone" || g.pt != 8 || g.seq != last.seq+1 || g.ssrc != last.ssrc || g.marker != (i == 0) {
			t.Fatalf("%q %+v after %+v", g.payload, g.header, last.header)
		}
		if d := g.time - last.time; i > 0 && d != 160 || d < 160 {
			t.Fatalf("timestamp advanced by %d", d)
		}
		last = g
	}
	c.alice.send(c.toAlice, 0, "y")
	if g := c.bob.receive(); g.seq != last.seq+1 || g.payload != "y" {
		t.Errorf("%q %+v after %+v", g.payload, g.header, last.header)
	}
}

// Silence that is not sent is no loss, and no delay that grows.
func TestWritePauses(t *testing.T) {
	c := newCall(t, loopback4)
	frame := func(payload string) { c.toBob.Write(codec.PCMU, []byte(payload), 160, false) }
	frame("one")
	first := c.bob.receive()
	for n := 1; n <= 3; n++ {
		for range 5 { // less than what is noticed by the clock
			frame("")
		}
		frame("two")
		g := c.bob.receive()
		if g.seq != first.seq+uint16(2*n-1) || g.time != first.time+uint32(160*(7*n-1)) || !g.marker {
			t.Errorf("after pause %d: %d later, number %d, marker %v", n, g.time-first.time, g.seq-first.seq, g.marker)
		}
		frame("three")
		if g := c.bob.receive(); g.seq != first.seq+uint16(2*n) || g.time != first.time+uint32(160*7*n) || g.marker {
			t.Errorf("behind pause %d: %d later, number %d, marker %v", n, g.time-first.time, g.seq-first.seq, g.marker)
		}
	}
	if st := c.toBob.Stats(); st.TxPackets != 7 || st.TxDropped != 0 {
		t.Errorf("%d sent, %d dropped", st.TxPackets, st.TxDropped)
	}
}

// FuzzReceive feeds a port with packets of any content, on both sockets, plain
// and encrypted: whatever is accepted must leave as valid RTP.
func FuzzReceive(f *testing.F) {
	c := newCall(f, loopback4)
	f.Add(c.alice.packet(0, "audio"), false)
	f.Add(c.alice.packet(101, event(1, true, 160)), false)
	f.Add([]byte("\xb1\x00\x00\x01\x00\x00\x00\x09\x00\x00\x11\x11\x01\x02\x03\x04\xbe\xde\x00\x01\x10\xff\x00\x00audio\x00\x00\x03"), false)
	f.Add([]byte("\x81\xc8\x00\x0c\x00\x00\x00\x01"+strings.Repeat("report", 8)), true)
	f.Add([]byte("\x80\xc9\x00\x01\x00\x00\x00\x01\x81\xca\x00\x02\x00\x00\x00\x01\x01\x00\x00\x00"), true)
	var p *media.Packet
	c.toAlice.SetSink(&sinkFunc{func(got *media.Packet) { p = got }})
	secret := c.bob.params()
	secret.Crypto = keys(Suites()[2], 1, 2)
	configure(f, c.toBob, secret)
	w := newWorker()
	w.from.set(addr(c.alice.rtp))
	f.Fuzz(func(t *testing.T, b []byte, control bool) {
		if len(b) > maxPacket {
			return
		}
		p = nil
		for _, port := range []*Port{c.toAlice, c.toBob} {
			s := port.sockets.rtp
			if control {
				s = port.sockets.rtcp
			}
			port.received(w, s, copy(w.buf[:], b))
		}
		if p == nil {
			return
		}
		h, ok := parseHeader(p.Raw)
		if !ok || p.Format == nil || h.seq != p.Seq || len(p.Payload) > len(p.Raw)-headerSize {
			t.Fatalf("%x was handed on as %+v", b, p)
		}
		c.toBob.Forward(p)
		c.toAlice.Stats()
	})
}

// FuzzReports reads RTCP of any content.
func FuzzReports(f *testing.F) {
	f.Add([]byte("\x81\xc9\x00\x07\x00\x00\x00\x01\x00\x00\xab\xcd\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00"))
	f.Add([]byte("\x80\xc8\x00\x06" + strings.Repeat("x", 24) + "\x81\xcb\x00\x01\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r remoteReports
		r.read(b, 0xabcd, 0x12345678, 0)
		if r.rtt < 0 {
			t.Fatalf("round trip %v from %x", r.rtt, b)
		}
	})
}
