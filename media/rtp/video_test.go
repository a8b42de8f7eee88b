package rtp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"dialtone/media"
	"dialtone/media/codec"
)

var vp8 = codec.Format{Name: "VP8", PT: 96, Clock: 90000, Channels: 1}

// film is a call with video: the far sides of it, and our ports.
type film struct {
	*call
	one, two       *phone // the video of alice and bob
	toOne, toTwo   *Port
	screening      *media.Screening
	paramsA, param Params
}

// every is all feedback there is.
var every = Feedback{true, true, true, true}

func newFilm(tb testing.TB, change ...func(a, b *Params)) *film {
	tb.Helper()
	c := newCallOn(tb, newEngine(tb, 8, func(o *Options) { o.ReportInterval = time.Hour }), loopback4)
	f := &film{call: c, one: newPhone(tb, loopback4), two: newPhone(tb, loopback4)}
	f.two.ssrc = 0x3333
	f.toOne, f.toTwo = openVideo(tb, c.toAlice), openVideo(tb, c.toBob)
	f.paramsA, f.param = f.one.params(vp8), f.two.params(codec.Format{Name: "VP8", PT: 100, Clock: 90000, Channels: 1})
	f.paramsA.Feedback, f.param.Feedback = every, every
	for _, ch := range change {
		ch(&f.paramsA, &f.param)
	}
	configure(tb, f.toOne, f.paramsA)
	configure(tb, f.toTwo, f.param)
	f.screening = media.Screen(nil, c.toAlice, c.toBob)
	if f.screening == nil {
		tb.Fatal("the two do not see each other")
	}
	return f
}

func openVideo(tb testing.TB, p *Port) *Port {
	tb.Helper()
	v, err := p.OpenVideo()
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// show sends a packet of one's video and gives it as two gets it.
func (f *film) show(payload string) got {
	f.one.send(f.toOne, 96, payload)
	return f.two.receive()
}

// told waits for feedback of one kind at a phone.
func told[T rtcp.Packet](t *testing.T, ph *phone) (out T) {
	t.Helper()
	report(t, func() []byte { return ph.read(ph.rtcp) }, func(ps []rtcp.Packet) bool {
		for _, p := range ps {
			if found, ok := p.(T); ok {
				out = found
				return true
			}
		}
		return false
	})
	return out
}

// asks lets two send feedback.
func (f *film) asks(t *testing.T, p ...rtcp.Packet) {
	t.Helper()
	for _, one := range p {
		f.two.sendControl(f.toTwo, one)
	}
}

// Video is passed on with our source, our numbers and the payload type of who sees it,
// without the header extensions of who sends it.
func TestVideoIsPassedOn(t *testing.T) {
	f := newFilm(t)
	first := f.show("a picture")
	if own, _ := f.toTwo.Source(); first.ssrc != own || first.pt != 100 || first.payload != "a picture" {
		t.Errorf("got %+v", first)
	}
	if audio, _ := f.toBob.Source(); first.ssrc == audio {
		t.Error("audio and video have one source, so one key stream")
	}
	b := f.one.packet(96, "another")
	b = slices.Concat(b[:headerSize], []byte{0xbe, 0xde, 0, 1, 0x40, 'x', 0, 0}, b[headerSize:])
	b[0] |= 0x10
	f.one.sendRaw(f.toOne, b)
	if second := f.two.receive(); second.seq != first.seq+1 || second.payload != "another" || second.raw[0]&0x10 != 0 || second.time != first.time+160 {
		t.Errorf("then %+v, after %+v", second, first)
	}
}

// The time when a packet was sent goes on, by the number that who receives it has for that.
func TestTheSendTimeOfVideoIsPassedOn(t *testing.T) {
	f := newFilm(t, func(a, b *Params) { a.SendTime, b.SendTime = 3, 5 })
	for _, more := range []string{"", "\x10x\x00\x00"} { // another extension, before it
		b := f.one.packet(96, "picture")
		e := append([]byte{0xbe, 0xde, 0, byte(1 + len(more)/4)}, more+"\x32abc"...)
		b = slices.Concat(b[:headerSize], e, b[headerSize:])
		b[0] |= 0x10
		f.one.sendRaw(f.toOne, b)
		g := f.two.receive()
		if want := "\xbe\xde\x00\x01\x52abc"; g.payload != "picture" || string(g.raw[headerSize:headerSize+8]) != want {
			t.Errorf("got %x with %q", g.raw, g.payload)
		}
	}
}

// What comes hundreds of packets late keeps its place.
func TestLateVideoKeepsItsPlace(t *testing.T) {
	f := newFilm(t)
	first := f.show("first")
	late := f.one.packet(96, "late")
	for range 300 {
		f.show("x")
	}
	f.one.sendRaw(f.toOne, late)
	if l := f.two.receive(); l.seq != first.seq+1 || l.payload != "late" {
		t.Errorf("it has number %d after %d: %q", l.seq, first.seq, l.payload)
	}
	f.one.sendRaw(f.toOne, late)
	if next := f.show("next"); next.seq != first.seq+302 {
		t.Errorf("after a duplicate: %d, want %d", next.seq, first.seq+302)
	}
}

// Lost packets are sent again as they were; those that never came are asked for, by the
// numbers of their source.
func TestLostVideoComesAgain(t *testing.T) {
	f := newFilm(t)
	f.show("first")
	second := f.show("second")
	f.one.packet(96, "lost before it came")
	fourth := f.show("fourth")
	f.asks(t, &rtcp.TransportLayerNack{SenderSSRC: f.two.ssrc, MediaSSRC: second.ssrc, Nacks: []rtcp.NackPair{{PacketID: second.seq, LostPackets: 0b11}}})
	if again := f.two.receive(); !bytes.Equal(again.raw, second.raw) {
		t.Errorf("second again: %x, was %x", again.raw, second.raw)
	}
	if again := f.two.receive(); !bytes.Equal(again.raw, fourth.raw) {
		t.Errorf("fourth again: %x, was %x", again.raw, fourth.raw)
	}
	nack := told[*rtcp.TransportLayerNack](t, f.one)
	if want := []rtcp.NackPair{{PacketID: 102}}; !slices.Equal(nack.Nacks, want) || nack.MediaSSRC != f.one.ssrc {
		t.Errorf("asked for %+v of %x, want %v of %x", nack.Nacks, nack.MediaSSRC, want, f.one.ssrc)
	}
}

// Who asks for a whole picture, in whatever way, gets it from the source, in the way that
// the source knows; who asks all the time is not listened to all the time.
func TestPicturesAreAskedFor(t *testing.T) {
	f := newFilm(t)
	ssrc := f.show("x").ssrc
	f.asks(t, &rtcp.PictureLossIndication{SenderSSRC: f.two.ssrc, MediaSSRC: ssrc})
	if pli := told[*rtcp.PictureLossIndication](t, f.one); pli.MediaSSRC != f.one.ssrc {
		t.Errorf("asked %x", pli.MediaSSRC)
	}
	params := f.paramsA
	params.Feedback = Feedback{FIR: true, REMB: true}
	configure(t, f.toOne, params)
	f.asks(t, &rtcp.FullIntraRequest{SenderSSRC: f.two.ssrc, FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: 9}}})
	fir := told[*rtcp.FullIntraRequest](t, f.one)
	if len(fir.FIR) != 1 || fir.FIR[0].SSRC != f.one.ssrc || fir.FIR[0].SequenceNumber != 1 {
		t.Errorf("asked %+v", fir)
	}
	for range 100 {
		f.asks(t, &rtcp.PictureLossIndication{SenderSSRC: f.two.ssrc, MediaSSRC: ssrc})
	}
	f.asks(t, &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: f.two.ssrc, Bitrate: 1_500_000, SSRCs: []uint32{ssrc}})
	told[*rtcp.ReceiverEstimatedMaximumBitrate](t, f.one) // the port hears them in their order
	f.toOne.tx.mu.Lock()
	defer f.toOne.tx.mu.Unlock()
	if sent := f.toOne.video.fir; sent > askBurst+1 {
		t.Errorf("the source was asked %d times", sent)
	}
}

func TestTheRoomForVideoIsTold(t *testing.T) {
	f := newFilm(t)
	ssrc := f.show("x").ssrc
	f.asks(t, &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: f.two.ssrc, Bitrate: 1_500_000, SSRCs: []uint32{ssrc}})
	remb := told[*rtcp.ReceiverEstimatedMaximumBitrate](t, f.one)
	if !slices.Equal(remb.SSRCs, []uint32{f.one.ssrc}) || remb.Bitrate < 1_490_000 || remb.Bitrate > 1_500_000 {
		t.Errorf("told %v of %x", remb.Bitrate, remb.SSRCs)
	}
	f.asks(t, &rtcp.ReceiverReport{SSRC: f.two.ssrc, Reports: []rtcp.ReceptionReport{{SSRC: ssrc, FractionLost: 77}}})
	until(t, "loss noted", func() bool { return f.toOne.video.fares.Load() == 77 })
	f.toOne.sendReport(false)
	rr := told[*rtcp.ReceiverReport](t, f.one)
	for len(rr.Reports) == 0 {
		rr = told[*rtcp.ReceiverReport](t, f.one)
	}
	if rr.Reports[0].FractionLost != 77 || rr.Reports[0].SSRC != f.one.ssrc {
		t.Errorf("reported %+v", rr.Reports[0])
	}
}

// When a picture was taken goes on by our clock, with our source and timestamps: the time
// between two of them stays what it was.
func TestTheTimeOfPicturesIsTold(t *testing.T) {
	f := newFilm(t)
	x := f.show("x")
	shift := x.time - 5000
	f.one.sendControl(f.toOne, &rtcp.SenderReport{SSRC: f.one.ssrc, NTPTime: 100 << 32, RTPTime: 5000})
	first := told[*rtcp.SenderReport](t, f.two)
	f.one.sendControl(f.toOne, &rtcp.SenderReport{SSRC: f.one.ssrc, NTPTime: 100<<32 + 1<<29, RTPTime: 5000 + 90000/8})
	second := told[*rtcp.SenderReport](t, f.two)
	if first.SSRC != x.ssrc || first.RTPTime != 5000+shift || second.RTPTime-first.RTPTime != 90000/8 {
		t.Errorf("told %+v, then %+v", first, second)
	}
	if d := int64(ntpTime(time.Now()) - first.NTPTime); d < 0 || d > int64(patience.Seconds())<<32 {
		t.Errorf("it was taken %d s ago", d>>32)
	}
	// The second report says that it was taken 125 ms later, and came at once.
	if d := time.Duration(second.NTPTime-first.NTPTime) * time.Second >> 32; d > 127*time.Millisecond {
		t.Errorf("%v between two", d)
	}
}

// Who says all the time when pictures were taken makes us send no more than that is worth.
func TestTheTimeOfPicturesIsNotToldAllTheTime(t *testing.T) {
	f := newFilm(t)
	x := f.show("x")
	f.two.send(f.toTwo, 100, "y")
	f.one.receive()
	var many []rtcp.Packet
	for range 30 {
		many = append(many, &rtcp.SenderReport{SSRC: f.one.ssrc, NTPTime: 100 << 32, RTPTime: 5000})
	}
	for range 5 {
		f.one.sendControl(f.toOne, many...)
	}
	own, _ := f.toOne.Source()
	f.one.sendControl(f.toOne, &rtcp.PictureLossIndication{SenderSSRC: f.one.ssrc, MediaSSRC: own})
	told := 0
	report(t, func() []byte { return f.two.read(f.two.rtcp) }, func(ps []rtcp.Packet) bool {
		for _, p := range ps {
			switch p := p.(type) {
			case *rtcp.SenderReport:
				if told++; p.SSRC != x.ssrc {
					t.Errorf("told of %x", p.SSRC)
				}
			case *rtcp.PictureLossIndication: // comes after all of them
				return true
			}
		}
		return false
	})
	if told == 0 || told > newsBurst+newsRate {
		t.Errorf("told %d times", told)
	}
}

// A leg that has agreed on no video, or holds it, gets none and is not heard.
func TestVideoThatWasNotAgreedOnGoesNowhere(t *testing.T) {
	f := newFilm(t)
	f.show("x")
	f.param.Direction = media.RecvOnly
	configure(t, f.toTwo, f.param)
	f.one.send(f.toOne, 96, "unseen")
	f.one.send(f.toOne, 97, "of another format")
	f.one.send(f.toOne, 96, "unseen")
	until(t, "all dropped", func() bool { return f.toTwo.Stats().TxDropped == 2 && f.toOne.Stats().RxDropped == 1 })
	f.two.hearsNothing()
	f.screening.Close()
	f.param.Direction = media.SendRecv
	configure(t, f.toTwo, f.param)
	f.one.send(f.toOne, 96, "nobody looks")
	until(t, "dropped", func() bool { return f.toOne.Stats().RxDropped == 2 })
	f.two.hearsNothing()
}

// Over a wire audio and video share keys and way: packets are told apart by payload type,
// RTCP by its sources.
func TestVideoSharesAWire(t *testing.T) {
	w, ph := &sentWire{}, &phone{t: t, seq: 7, ssrc: 5}
	p, err := newEngine(t, 2, func(o *Options) { o.ReportInterval = time.Hour }).OpenWire(w)
	if err != nil {
		t.Fatal(err)
	}
	configure(t, p, Params{Send: g711, Recv: g711, Direction: media.SendRecv})
	const suite = "AEAD_AES_128_GCM"
	v := openVideo(t, p)
	configure(t, v, Params{Send: []codec.Format{vp8}, Recv: []codec.Format{vp8}, Direction: media.SendRecv, Feedback: every})
	arrive(p, ph.packet(96, "before there are keys"))
	if err := p.SetKeys(*keys(suite, 1, 2)); err != nil {
		t.Fatal(err)
	}
	far, err := newCipher(nil, suite, master(suite, 1), replayWindow)
	if err != nil {
		t.Fatal(err)
	}
	var heard, seen int
	p.SetSink(&sinkFunc{func(*media.Packet) { heard++ }})
	v.SetSink(&sinkFunc{func(*media.Packet) { seen++ }})
	for _, pt := range []uint8{0, 96, 96} {
		b, _ := far.seal(ph.packet(pt, "hello"))
		arrive(p, b)
	}
	if heard != 1 || seen != 2 || v.Stats().RxRejected != 1 {
		t.Fatalf("heard %d, seen %d, rejected %d", heard, seen, v.Stats().RxRejected)
	}
	ssrc, _ := v.Source()
	rr := rtcp.ReceiverReport{SSRC: 5, Reports: []rtcp.ReceptionReport{{SSRC: ssrc, TotalLost: 3}}}
	plain, _ := rr.Marshal()
	b, _ := far.sealControl(append(make([]byte, 0, 200), plain...))
	arrive(p, b)
	if lost := v.Stats().RemoteLost; lost != 3 {
		t.Errorf("the video has lost %d", lost)
	}
	if lost := p.Stats().RemoteLost; lost != 0 {
		t.Errorf("the audio has lost %d", lost)
	}
	p.Close()
	if p.Video() != nil {
		t.Error("the video was not closed with the audio")
	}
}

// A flood of requests for lost packets costs the far side its repairs, and nobody else's
// bandwidth.
func TestRepairsAreBounded(t *testing.T) {
	f := newFilm(t)
	var all []rtcp.NackPair
	ssrc := uint32(0)
	for range 3 {
		g := f.show("x")
		ssrc = g.ssrc
		all = append(all, rtcp.NackPair{PacketID: g.seq})
	}
	for range 400 {
		f.asks(t, &rtcp.TransportLayerNack{SenderSSRC: f.two.ssrc, MediaSSRC: ssrc, Nacks: all})
	}
	end := f.toTwo.video
	until(t, "the allowance is used up", func() bool {
		f.toTwo.tx.mu.Lock()
		defer f.toTwo.tx.mu.Unlock()
		return end.repairs.tokens < 1
	})
}

func TestHistoryForgetsTheOldest(t *testing.T) {
	var h history
	const n = 3000
	for i := range n {
		h.keep(uint16(i), bytes.Repeat([]byte{byte(i)}, 100+i%1200))
	}
	found := 0
	for i := range n {
		b := h.find(uint16(i))
		if b == nil {
			continue
		}
		if found++; len(b) != 100+i%1200 || b[0] != byte(i) || b[len(b)-1] != byte(i) {
			t.Fatalf("packet %d is not as it was", i)
		}
	}
	if found < 100 || found > historySlots || h.find(n-1) == nil {
		t.Errorf("%d are left", found)
	}
	h.clear()
	if h.find(n-1) != nil {
		t.Error("it was not cleared")
	}
}

func TestWideWindow(t *testing.T) {
	var w wideWindow
	for _, c := range []struct {
		seq  uint16
		want bool
	}{
		{65000, true},
		{65000, false},
		{64999, true},
		{65500, true},
		{65400, true},
		{65400, false},
		{100, true},
		{65500, false},
		{65499, true},
		{65535, true},
		{20000, true},
		{100, false},
	} {
		if got := w.take(c.seq); got != c.want {
			t.Fatalf("take(%d) = %v", c.seq, got)
		}
	}
	if w.took(19999) || !w.took(20000) || !w.took(10000) || !w.took(20001) {
		t.Error("what was sent is not known")
	}
}

// filmFlow passes packets of video from one to two without a socket on our side.
func filmFlow(tb testing.TB) func() {
	tb.Helper()
	suite := Suites()[0]
	f := newFilm(tb, func(a, b *Params) { a.Crypto, b.Crypto = keys(suite, 1, 2), keys(suite, 3, 4) })
	c, err := newCipher(nil, suite, master(suite, 1), replayWindow)
	if err != nil {
		tb.Fatal(err)
	}
	w := newWorker()
	w.from.set(addr(f.one.rtp))
	packet := make([]byte, headerSize+1100, headerSize+1100+tail)
	seq := uint16(0)
	return func() {
		putHeader(packet, header{pt: 96, seq: seq, time: uint32(seq/4) * 3000, ssrc: 7})
		seq++
		sealed, err := c.seal(packet)
		if err != nil {
			tb.Fatal(err)
		}
		n := copy(w.buf[:], sealed)
		f.toOne.received(w, f.toOne.sockets.rtp, n)
	}
}

func TestNoAllocationPerPacketOfVideo(t *testing.T) {
	skipUnderRaceDetector(t)
	pass := filmFlow(t)
	pass()
	if a := testing.AllocsPerRun(1000, pass); a != 0 {
		t.Errorf("%v allocations per packet, want 0", a)
	}
}

// BenchmarkVideo measures what one packet of 1100 bytes costs, encrypted on both sides,
// kept to be sent again, sending included.
func BenchmarkVideo(b *testing.B) {
	pass := filmFlow(b)
	b.ReportAllocs()
	for b.Loop() {
		pass()
	}
}

// FuzzFeedback lets far sides say anything in RTCP.
func FuzzFeedback(f *testing.F) {
	nack, _ := (&rtcp.TransportLayerNack{MediaSSRC: 1, Nacks: []rtcp.NackPair{{PacketID: 3, LostPackets: 7}}}).Marshal()
	fir, _ := (&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 1}}}).Marshal()
	remb, _ := (&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e9, SSRCs: []uint32{1}}).Marshal()
	sr, _ := (&rtcp.SenderReport{Reports: []rtcp.ReceptionReport{{SSRC: 1}}}).Marshal()
	for _, b := range [][]byte{nack, fir, remb, sr} {
		f.Add(b)
	}
	film := newFilm(f)
	film.toTwo.tx.ssrc = 1
	f.Fuzz(func(_ *testing.T, b []byte) {
		film.toTwo.rx.mu.Lock()
		defer film.toTwo.rx.mu.Unlock()
		film.toTwo.heed(b, binary.BigEndian.Uint64(append(b[:min(len(b), 4):4], 0, 0, 0, 0, 0, 0, 0, 0)))
	})
}
