package rtp

import (
	"net/netip"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestRelayCarriesBothWays(t *testing.T) {
	families(t, func(t *testing.T, local netip.Addr) {
		c := newCall(t, local)
		var first, other got
		for i := range 20 {
			c.alice.send(c.toAlice, 0, "from alice")
			c.bob.send(c.toBob, 0, "from bob")
			g, back := c.bob.receive(), c.alice.receive()
			if g.payload != "from alice" || back.payload != "from bob" {
				t.Fatalf("got %q and %q", g.payload, back.payload)
			}
			if i == 0 {
				first, other = g, back
				continue
			}
			if g.seq != first.seq+uint16(i) || g.time != first.time+uint32(160*i) || g.ssrc != first.ssrc {
				t.Fatalf("packet %d is %+v after %+v", i, g.header, first.header)
			}
			if back.seq != other.seq+uint16(i) || back.ssrc != other.ssrc {
				t.Fatalf("packet %d is %+v after %+v", i, back.header, other.header)
			}
		}
		if first.ssrc == c.alice.ssrc || first.ssrc == other.ssrc {
			t.Error("a side has not its own SSRC")
		}
	})
}

func TestLossAndOrderPassThrough(t *testing.T) {
	c := newCall(t, loopback4)
	var packets [][]byte
	for range 8 {
		packets = append(packets, c.alice.packet(0, "x"))
	}
	var base uint16
	for n, i := range []int{0, 1, 4, 3, 7} {
		c.alice.sendRaw(c.toAlice, packets[i])
		g := c.bob.receive()
		if n == 0 {
			base = g.seq
		}
		if g.seq != base+uint16(i) {
			t.Errorf("packet %d has number %d after the first, want %d", i, g.seq-base, i)
		}
	}
}

func TestPayloadTypesAreMapped(t *testing.T) {
	other := func(f codec.Format, pt uint8) codec.Format { f.PT = pt; return f }
	c := newCall(t, loopback4, func(_, b *Params) {
		b.Send = []codec.Format{other(codec.PCMU, 96), other(codec.DTMF, 102), other(codec.Opus, 120)}
		b.Recv = b.Send
	})
	for _, x := range []struct {
		name    string
		in, out uint8
	}{
		{"audio", 0, 96},
		{"telephone-event", 101, 102},
	} {
		c.alice.send(c.toAlice, x.in, "abcd")
		if g := c.bob.receive(); g.pt != x.out {
			t.Errorf("%s: payload type %d, want %d", x.name, g.pt, x.out)
		}
		c.bob.send(c.toBob, x.out, "abcd")
		if g := c.alice.receive(); g.pt != x.in {
			t.Errorf("%s back: payload type %d, want %d", x.name, g.pt, x.in)
		}
	}
}

func TestWhatTheFarSideDoesNotKnowIsDroppedWithoutAGap(t *testing.T) {
	c := newCall(t, loopback4, func(_, b *Params) {
		b.Send = []codec.Format{codec.PCMU}
	})
	c.alice.send(c.toAlice, 0, "one")
	first := c.bob.receive()
	c.alice.send(c.toAlice, 101, "digi")
	c.alice.send(c.toAlice, 13, "n")
	c.alice.send(c.toAlice, 0, "two")
	if g := c.bob.receive(); g.payload != "two" || g.seq != first.seq+1 || g.time != first.time+3*160 {
		t.Errorf("got %q, number %d and time %d after the first", g.payload, g.seq-first.seq, g.time-first.time)
	}
	if d := c.toBob.Stats().TxDropped; d != 2 {
		t.Errorf("%d dropped, want 2", d)
	}
}

func TestUnknownPayloadTypeIsDroppedAndCounted(t *testing.T) {
	c := newCall(t, loopback4)
	c.alice.send(c.toAlice, 77, "x")
	c.alice.send(c.toAlice, 0, "y")
	if g := c.bob.receive(); g.payload != "y" {
		t.Errorf("got %q", g.payload)
	}
	if st := c.toAlice.Stats(); st.RxDropped != 1 || st.RxPackets != 2 {
		t.Errorf("dropped %d of %d, want 1 of 2", st.RxDropped, st.RxPackets)
	}
}

func TestTelephoneEventKeepsDurationAndTime(t *testing.T) {
	c := newCall(t, loopback4)
	c.alice.send(c.toAlice, 0, "x")
	audio := c.bob.receive()
	start := c.alice.time
	for i := range 10 {
		c.alice.time = start // RFC 4733 §2.3.3: the time of the start of the event
		payload := event(5, i > 6, uint16(160*min(i+1, 7)))
		c.alice.send(c.toAlice, 101, payload)
		g := c.bob.receive()
		if g.payload != payload {
			t.Fatalf("event %x became %x", payload, g.payload)
		}
		if g.time != audio.time+160 || g.seq != audio.seq+uint16(i+1) {
			t.Fatalf("event packet %d: time %d and number %d after the audio", i, g.time-audio.time, g.seq-audio.seq)
		}
	}
	c.alice.time = start + 7*160
	c.alice.send(c.toAlice, 0, "x")
	if g := c.bob.receive(); g.time != audio.time+8*160 {
		t.Errorf("audio goes on %d after, want %d", g.time-audio.time, 8*160)
	}
}

func TestPartnerSwapIsContinuous(t *testing.T) {
	for _, same := range []bool{false, true} {
		c := newCall(t, loopback4)
		carol := newPhone(t, loopback4)
		carol.seq, carol.time, carol.ssrc = 60000, 0xf0000000, 0x3333
		if same { // even when both have the same SSRC
			carol.ssrc = c.alice.ssrc
		}
		toCarol := open(t, c.engine, loopback4)
		configure(t, toCarol, carol.params())
		c.alice.send(c.toAlice, 0, "alice")
		before := c.bob.receive()
		if _, err := media.Bridge(toCarol, c.toBob); err != nil {
			t.Fatal(err)
		}
		carol.send(toCarol, 0, "carol")
		after := c.bob.receive()
		if after.ssrc != before.ssrc || after.seq != before.seq+1 {
			t.Errorf("%+v after %+v", after.header, before.header)
		}
		if d := after.time - before.time; d < 160 || d > 5*8000 {
			t.Errorf("timestamp advanced by %d, want the time that passed", d)
		}
		if !after.marker {
			t.Error("no marker where the new talk spurt starts")
		}
	}
}

func TestSourceThatStartsOverIsFollowed(t *testing.T) {
	for _, back := range []uint16{2, 10, 70, 5000} {
		c := newCall(t, loopback4)
		for range 20 {
			c.alice.send(c.toAlice, 0, "old")
		}
		var last got
		for range 20 {
			last = c.bob.receive()
		}
		c.alice.seq -= back // the same SSRC, numbers that were there before
		c.alice.time += 5_000_000
		for range min(back, 100) + 10 {
			c.alice.send(c.toAlice, 0, "new")
		}
		var g got
		for g = c.bob.receive(); int16(g.seq-last.seq) <= 0; g = c.bob.receive() {
		}
		if g.seq != last.seq+1 || g.ssrc != last.ssrc {
			t.Errorf("%d back: %+v after %+v", back, g.header, last.header)
		}
	}
}

func TestConfigureAgainLosesNothing(t *testing.T) {
	c := newCall(t, loopback4)
	c.alice.send(c.toAlice, 0, "x")
	first := c.bob.receive()
	for i := range 10 {
		configure(t, c.toAlice, c.alice.params())
		configure(t, c.toBob, c.bob.params(codec.PCMA, codec.PCMU))
		c.alice.send(c.toAlice, 0, "x")
		if g := c.bob.receive(); g.seq != first.seq+uint16(i+1) || g.ssrc != first.ssrc || g.time != first.time+uint32(160*(i+1)) {
			t.Fatalf("%+v after %+v", g.header, first.header)
		}
	}
}

func TestDirectionStopsAudio(t *testing.T) {
	c := newCall(t, loopback4)
	c.alice.send(c.toAlice, 0, "before")
	before := c.bob.receive()

	hold := c.bob.params()
	hold.Direction = media.RecvOnly
	configure(t, c.toBob, hold)
	for range 5 {
		c.alice.send(c.toAlice, 0, "held")
	}
	until(t, "five packets dropped", func() bool { return c.toBob.Stats().TxDropped == 5 })
	c.bob.hearsNothing()
	c.bob.send(c.toBob, 0, "music")
	if g := c.alice.receive(); g.payload != "music" {
		t.Errorf("got %q", g.payload)
	}

	configure(t, c.toBob, c.bob.params())
	c.alice.send(c.toAlice, 0, "after")
	if g := c.bob.receive(); g.payload != "after" || g.seq != before.seq+1 || g.time == before.time {
		t.Errorf("%q %+v after %+v, want no gap", g.payload, g.header, before.header)
	}

	send := c.bob.params()
	send.Direction = media.SendOnly
	configure(t, c.toBob, send)
	c.bob.send(c.toBob, 0, "unwanted")
	until(t, "a packet dropped", func() bool { return c.toBob.Stats().RxDropped == 1 })
	c.alice.hearsNothing()
}

// Extensions are what one phone and we have agreed on: see TestExtensionsAreNotPassedOn.
func TestSourcesAndPaddingPass(t *testing.T) {
	c := newCall(t, loopback4)
	b := []byte{
		0xb1, 0x00, 0, 1, 0, 0, 0, 9, 0, 0, 0x11, 0x11, // padding, extension, one source
		1, 2, 3, 4, // contributing source
		0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0, // extension
		'a', 'u', 'd', 'i', 'o', 0, 0, 3, // payload, three bytes of padding
	}
	c.alice.sendRaw(c.toAlice, b)
	g := c.bob.receive()
	if string(g.raw[12:16]) != string(b[12:16]) || string(g.raw[16:]) != string(b[24:]) || g.raw[0] != b[0]&^0x10 {
		t.Errorf("%x became %x", b, g.raw)
	}
}

func TestTranscodesBetweenG711(t *testing.T) {
	c := newCall(t, loopback4, func(a, b *Params) {
		a.Send, a.Recv = []codec.Format{codec.PCMU, codec.DTMF}, []codec.Format{codec.PCMU, codec.DTMF}
		b.Send, b.Recv = []codec.Format{codec.PCMA, codec.DTMF}, []codec.Format{codec.PCMA, codec.DTMF}
	})
	in := []byte{0x00, 0x7f, 0x80, 0xff, 0x55}
	c.alice.send(c.toAlice, 0, string(in))
	g := c.bob.receive()
	want := make([]byte, len(in))
	for i, b := range in {
		want[i] = codec.AlawFrom(codec.UlawSample(b))
	}
	if g.pt != 8 || g.payload != string(want) {
		t.Errorf("payload type %d, %x, want 8, %x", g.pt, g.payload, want)
	}
	c.alice.send(c.toAlice, 101, event(1, false, 160))
	if g := c.bob.receive(); g.pt != 101 || g.payload != event(1, false, 160) {
		t.Errorf("event became %d, %x", g.pt, g.payload)
	}
	c.bob.send(c.toBob, 8, "\x55")
	if g := c.alice.receive(); g.pt != 0 || g.payload[0] != codec.UlawFrom(codec.AlawSample(0x55)) {
		t.Errorf("back: %d, %x", g.pt, g.payload)
	}
}

func TestEchoComesBack(t *testing.T) {
	families(t, func(t *testing.T, local netip.Addr) {
		e := newEngine(t, 2)
		ph, p := newPhone(t, local), open(t, e, local)
		configure(t, p, ph.params())
		stop := media.Echo(p)
		for _, pt := range []uint8{0, 8, 101} {
			ph.send(p, pt, "hello")
			if g := ph.receive(); g.payload != "hello" || g.pt != pt {
				t.Errorf("got %q with %d, want it with %d", g.payload, g.pt, pt)
			}
		}
		stop()
		ph.send(p, 0, "nobody")
		until(t, "the packet dropped", func() bool { return p.Stats().RxDropped == 1 })
	})
}

func TestOldBridgeDoesNotDisturbTheNewOne(t *testing.T) {
	c := newCall(t, loopback4)
	old := c.bridge
	if _, err := media.Bridge(c.toAlice, c.toBob); err != nil {
		t.Fatal(err)
	}
	old.Close()
	c.alice.send(c.toAlice, 0, "still here")
	if g := c.bob.receive(); g.payload != "still here" {
		t.Errorf("got %q", g.payload)
	}
}
