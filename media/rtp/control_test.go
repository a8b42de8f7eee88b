package rtp

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"dialtone/media"
	"dialtone/media/codec"
)

// often makes reports come without waiting; a test that wants silence makes
// them seldom.
func often(o *Options) { o.ReportInterval = 20 * time.Millisecond }

// report waits for a compound that carries what is asked for.
func report(t *testing.T, read func() []byte, want func([]rtcp.Packet) bool) []rtcp.Packet {
	t.Helper()
	for range 1000 {
		packets, err := rtcp.Unmarshal(read())
		if err != nil {
			t.Fatal(err)
		}
		if want(packets) {
			return packets
		}
	}
	t.Fatal("no such report")
	return nil
}

func isSR(p []rtcp.Packet) bool { _, ok := p[0].(*rtcp.SenderReport); return ok }

func TestSenderReportSaysWhatWasSent(t *testing.T) {
	c := newCallOn(t, newEngine(t, 8, often), loopback4)
	var last got
	for range 5 {
		c.alice.send(c.toAlice, 0, "12345678")
		last = c.bob.receive()
	}
	sum := uint32(0)
	packets := report(t, func() []byte { return c.bob.read(c.bob.rtcp) }, func(p []rtcp.Packet) bool {
		if isSR(p) {
			sum = p[0].(*rtcp.SenderReport).PacketCount
		}
		return sum == 5
	})
	sr := packets[0].(*rtcp.SenderReport)
	if sr.SSRC != last.ssrc || sr.OctetCount != 40 {
		t.Errorf("SSRC %x with %d bytes, want %x with 40", sr.SSRC, sr.OctetCount, last.ssrc)
	}
	if d := sr.RTPTime - last.time; d > 8000*5 {
		t.Errorf("RTP time is %d after the last packet", d)
	}
	if d := time.Since(time.Unix(int64(sr.NTPTime>>32)-2208988800, 0)); d < 0 || d > time.Minute {
		t.Errorf("NTP time is %v ago", d)
	}
	name := packets[1].(*rtcp.SourceDescription).Chunks[0]
	if name.Source != last.ssrc || name.Items[0].Type != rtcp.SDESCNAME || len(name.Items[0].Text) != 16 {
		t.Errorf("name is %+v", name)
	}
}

func TestReceiverReportSaysWhatWasLost(t *testing.T) {
	c := newCallOn(t, newEngine(t, 8, func(o *Options) { o.ReportInterval = time.Hour }), loopback4)
	for i := range 10 {
		b := c.alice.packet(0, "x")
		if i == 4 || i == 5 || i == 6 {
			continue
		}
		c.alice.sendRaw(c.toAlice, b)
		c.bob.receive()
	}
	sr := rtcp.SenderReport{SSRC: c.alice.ssrc, NTPTime: 0x0102030405060708}
	c.alice.sendControl(c.toAlice, &sr)
	until(t, "sender report read", func() bool {
		c.toAlice.rx.mu.Lock()
		defer c.toAlice.rx.mu.Unlock()
		return c.toAlice.rx.remote.lsr != 0
	})
	c.toAlice.sendReport(false)
	packets := report(t, func() []byte { return c.alice.read(c.alice.rtcp) }, func([]rtcp.Packet) bool { return true })
	rr, ok := packets[0].(*rtcp.ReceiverReport)
	if !ok || len(rr.Reports) != 1 {
		t.Fatalf("got %+v, want a receiver report: nothing was sent to alice", packets[0])
	}
	r := rr.Reports[0]
	if r.SSRC != c.alice.ssrc || r.TotalLost != 3 || r.FractionLost != 3*256/10 || r.LastSequenceNumber != 109 {
		t.Errorf("report is %+v", r)
	}
	if r.LastSenderReport != 0x03040506 || r.Delay > 65536 {
		t.Errorf("last report %x, %d ago", r.LastSenderReport, r.Delay)
	}
	if st := c.toAlice.Stats(); st.RxLost != 3 || st.RxPackets != 7 {
		t.Errorf("lost %d of %d", st.RxLost, st.RxPackets)
	}
}

func (ph *phone) sendControl(p *Port, packets ...rtcp.Packet) {
	ph.t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		ph.t.Fatal(err)
	}
	_, to := p.Local()
	if _, err := ph.rtcp.WriteToUDPAddrPort(b, to); err != nil {
		ph.t.Fatal(err)
	}
}

func TestRemoteReportGivesLossJitterAndRoundTrip(t *testing.T) {
	c := newCallOn(t, newEngine(t, 8), loopback4)
	c.bob.send(c.toBob, 0, "x")
	ours := c.alice.receive().ssrc
	now := middle(c.engine.ntp(c.engine.since()))
	block := rtcp.ReceptionReport{SSRC: ours, TotalLost: 12, Jitter: 80, LastSenderReport: now - 65536, Delay: 32768}
	stranger := rtcp.ReceptionReport{SSRC: ours + 1, TotalLost: 999}
	c.alice.sendControl(c.toAlice, &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{stranger, block}})
	until(t, "report read", func() bool { return c.toAlice.Stats().RemoteLost == 12 })
	st := c.toAlice.Stats()
	if st.RemoteJitter != 10*time.Millisecond {
		t.Errorf("jitter is %v, want 10ms", st.RemoteJitter)
	}
	if st.RTT < 500*time.Millisecond || st.RTT > 500*time.Millisecond+patience {
		t.Errorf("round trip is %v, want 500ms and a bit", st.RTT)
	}
}

func TestControlFromStrangersIsRefused(t *testing.T) {
	c := newCall(t, loopback4)
	mallory := newPhone(t, loopback4)
	c.alice.send(c.toAlice, 0, "x")
	c.bob.receive()
	c.alice.sendControl(c.toAlice, &rtcp.ReceiverReport{SSRC: 1})
	bad := rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: c.toAlice.tx.ssrc, TotalLost: 99}}}
	// From the same host: only the first source that speaks is taken.
	mallory.sendControl(c.toAlice, &bad)
	until(t, "report rejected", func() bool { return c.toAlice.Stats().RxRejected == 1 })
	if l := c.toAlice.Stats().RemoteLost; l != 0 {
		t.Errorf("%d lost, from a stranger", l)
	}
}

func TestMuxPutsControlOnOnePort(t *testing.T) {
	e := newEngine(t, 8, often)
	c := newCallOn(t, e, loopback4, func(a, _ *Params) { a.Mux = true })
	c.bob.send(c.toBob, 0, "x")
	c.alice.receive()
	block := rtcp.ReceptionReport{SSRC: c.toAlice.tx.ssrc, TotalLost: 7}
	b, _ := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{block}}})
	c.alice.sendRaw(c.toAlice, b)
	until(t, "report read", func() bool { return c.toAlice.Stats().RemoteLost == 7 })
	report(t, func() []byte { return c.alice.read(c.alice.rtp) }, isSR)
}

func TestGoodbyeAtClose(t *testing.T) {
	c := newCallOn(t, newEngine(t, 8), loopback4)
	c.alice.send(c.toAlice, 0, "x")
	ours := c.bob.receive().ssrc
	c.toBob.Close()
	packets := report(t, func() []byte { return c.bob.read(c.bob.rtcp) }, isSR)
	bye, ok := packets[len(packets)-1].(*rtcp.Goodbye)
	if !ok || len(bye.Sources) != 1 || bye.Sources[0] != ours {
		t.Errorf("last packet is %+v, want the goodbye of %x", packets[len(packets)-1], ours)
	}
}

func TestControlIsEncryptedToo(t *testing.T) {
	for _, suite := range Suites() {
		t.Run(suite, func(t *testing.T) {
			c := newCallOn(t, newEngine(t, 8), loopback4, func(a, _ *Params) { a.Crypto = keys(suite, 1, 2) })
			alice := newSecured(t, suite, 1, 2)
			c.bob.send(c.toBob, 0, "x")
			c.alice.receive()
			block := rtcp.ReceptionReport{SSRC: c.toAlice.tx.ssrc, TotalLost: 5}
			plain, _ := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{block}}})
			b, err := alice.out.EncryptRTCP(nil, plain, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, to := c.toAlice.Local()
			for _, packet := range [][]byte{plain, b} {
				if _, err := c.alice.rtcp.WriteToUDPAddrPort(packet, to); err != nil {
					t.Fatal(err)
				}
			}
			until(t, "report read", func() bool { return c.toAlice.Stats().RemoteLost == 5 })
			if r := c.toAlice.Stats().RxRejected; r != 1 {
				t.Errorf("%d rejected, want the one in clear", r)
			}
			c.toAlice.Close()
			out, err := alice.in.DecryptRTCP(nil, c.alice.read(c.alice.rtcp), nil)
			if err != nil {
				t.Fatal(err)
			}
			if packets, err := rtcp.Unmarshal(out); err != nil || !isSR(packets) {
				t.Errorf("goodbye is %v, %v", packets, err)
			}
		})
	}
}

func TestReportsAreReadWithinBounds(t *testing.T) {
	ours := uint32(0xabcd)
	block := rtcp.ReceptionReport{SSRC: ours, TotalLost: 4}
	good, _ := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 1, Reports: []rtcp.ReceptionReport{block}}})
	for _, c := range []struct {
		name   string
		change func(b []byte) []byte
		ok     bool
		lost   uint64
	}{
		{"as it should be", func(b []byte) []byte { return b }, true, 4},
		{"cut short", func(b []byte) []byte { return b[:len(b)-4] }, false, 0},
		{"length beyond the end", func(b []byte) []byte { binary.BigEndian.PutUint16(b[2:], 0xffff); return b }, false, 0},
		{"more blocks announced than there are", func(b []byte) []byte { b[0] |= 31; return b }, true, 4},
		{"shorter than a sender report", func(b []byte) []byte { binary.BigEndian.PutUint16(b[2:], 2); return b[:12] }, true, 0},
		{"another version", func(b []byte) []byte { b[0] &= 0x3f; return b }, false, 0},
		{"rest that is no RTCP", func(b []byte) []byte { return append(b, 1, 2, 3) }, false, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r remoteReports
			ok := r.read(c.change(append([]byte(nil), good...)), ours, 0, 0)
			if ok != c.ok || r.lost != c.lost {
				t.Errorf("%v with %d lost, want %v with %d", ok, r.lost, c.ok, c.lost)
			}
		})
	}
}

func TestStatsBeforeAndAfterAudio(t *testing.T) {
	e := newEngine(t, 2)
	ph, p := newPhone(t, loopback4), open(t, e, loopback4)
	if st := p.Stats(); st != (media.Stats{}) {
		t.Errorf("before anything: %+v", st)
	}
	configure(t, p, ph.params())
	media.Echo(p)
	for range 5 {
		ph.send(p, 8, "12345678")
		ph.receive()
	}
	st := p.Stats()
	if st.Codec != codec.PCMA.String() || st.RxPackets != 5 || st.TxPackets != 5 || st.RxBytes != 100 || st.TxBytes != 100 || st.MOS < 4 || st.LastReceived.IsZero() {
		t.Errorf("after five packets: %+v", st)
	}
}

// A phone that puts RTCP on the RTP port without having agreed to does not spoil
// what is known of its audio.
func TestControlOnTheRTPPortIsNoAudio(t *testing.T) {
	c := newCall(t, loopback4)
	for range 3 {
		c.alice.send(c.toAlice, 0, "x")
		c.bob.receive()
		b, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: c.alice.ssrc, NTPTime: 0x0102030405060708}})
		if err != nil {
			t.Fatal(err)
		}
		c.alice.sendRaw(c.toAlice, b)
	}
	until(t, "reports dropped", func() bool { return c.toAlice.Stats().RxDropped == 3 })
	if st := c.toAlice.Stats(); st.RxPackets != 3 || st.RxLost != 0 {
		t.Errorf("%d packets received and %d lost, want 3 and 0", st.RxPackets, st.RxLost)
	}
}
