package rtp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"dialtone/media"
)

// Feedback is what the far side takes about the video that it sends (RFC 4585, RFC 5104).
type Feedback struct {
	NACK, PLI, FIR, REMB bool
}

// video makes a port one for video: packets are passed on as they are, also late ones, and
// are kept for a moment for who has lost some.
type video struct {
	source atomic.Pointer[cameraBox] // of what is forwarded here
	seen   atomic.Uint32             // SSRC that arrives, 0 before there is one
	fares  atomic.Uint32             // part of what arrives that its viewer loses, of 256

	// The receiver's lock guards these.
	shift   uint64 // from the clock of the far side to ours, in the format of NTP
	shifted bool

	// The sender's lock guards these.
	sent     wideWindow
	kept     history
	taken    time.Duration // when the far side was last told when a picture was taken
	fir      uint8         // number of the last request
	repairs  bucket        // packets that are sent again
	asks     bucket        // requests for pictures
	gaps     bucket        // requests for packets
	limits   bucket        // news of how much room there is
	news     bucket        // and of when pictures were taken
	scratch  []byte        // for RTCP
	answered uint16        // the last number sent again, and when
	at       time.Duration
}

// cameraBox lets an interface be swapped atomically.
type cameraBox struct{ media.Camera }

var (
	_ media.VideoEndpoint = (*Port)(nil)
	_ media.Visual        = (*Port)(nil)
)

// What a far side may ask for.
const (
	repairRate, repairBurst = 500, 200 // packets a second
	askRate, askBurst       = 2, 4     // pictures a second
	gapRate, gapBurst       = 100, 50  // requests a second, of 17 packets each at most
	limitRate, limitBurst   = 10, 10
	newsRate, newsBurst     = 5, 10
	// maxLate is how many packets a packet of video may be late: what is lost on the way
	// to us is sent again.
	maxLate = wideSize - 48
	// videoReplay is the same for SRTP.
	videoReplay = 1024
	// videoBuffer takes a whole picture while we stand still.
	videoBuffer = 512 << 10
)

func newVideo() *video {
	return &video{
		repairs: newBucket(repairRate, repairBurst), asks: newBucket(askRate, askBurst),
		gaps: newBucket(gapRate, gapBurst), limits: newBucket(limitRate, limitBurst),
		news: newBucket(newsRate, newsBurst),
	}
}

// Video implements media.Visual.
func (p *Port) Video() media.VideoEndpoint {
	if v := p.beside.Load(); v != nil {
		return v
	}
	return nil
}

// Beside is the port for video of OpenVideo, nil before.
func (p *Port) Beside() *Port { return p.beside.Load() }

// OpenVideo opens the port for the video that goes with the audio of p: over the same wire
// and with the same keys, or a pair of ports of its own at the same address. It is closed
// with p.
func (p *Port) OpenVideo() (*Port, error) {
	p.configure.Lock()
	defer p.configure.Unlock()
	if v := p.beside.Load(); v != nil {
		return v, nil
	}
	if p.closed || p.video != nil {
		return nil, fmt.Errorf("open RTP port for video: %w", ErrClosed)
	}
	v, err := p.openBeside()
	if err != nil {
		return nil, fmt.Errorf("open RTP port for video: %w", err)
	}
	p.beside.Store(v)
	return v, nil
}

func (p *Port) openBeside() (*Port, error) {
	beside := func(v *Port) {
		v.video, v.cname = newVideo(), p.cname
		defer func() { v.tx.late = maxLate }()
		for v.tx.ssrc == p.tx.ssrc { // two key streams would be one
			v.tx = newSender()
		}
	}
	if p.wire == nil {
		return p.engine.openAt(p.local, beside)
	}
	v, err := p.engine.openWire(p.wire, beside)
	if err != nil || p.keys == nil {
		return v, err
	}
	if err := v.SetKeys(*p.keys); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// closeBeside closes the video of p; configure is held.
func (p *Port) closeBeside() {
	if v := p.beside.Swap(nil); v != nil {
		v.Close()
	}
}

// keep sets the keys of the wire for p and its video; configure is held.
func (p *Port) keep(c Crypto) error {
	p.keys = &c
	if v := p.beside.Load(); v != nil {
		return v.SetKeys(c)
	}
	return nil
}

// arrivedBeside hands a datagram of n bytes to the video of p, if it is for that, and
// reports whether it is for p, too: RTCP is for both, as each knows its own sources.
func (p *Port) arrivedBeside(a *Arrival, n int, from netip.AddrPort) (mine bool) {
	v := p.beside.Load()
	if v == nil || n < 2 || n > maxPacket {
		return true
	}
	if b := a.w.buf[:n]; isRTCP(b) {
		if a.copy == nil {
			a.copy = newWorker()
		}
		copy(a.copy.buf[:n], b)
		v.arrive(a.copy, n, from)
		return true
	}
	if s := v.session.Load(); s == nil || s.format(a.w.buf[1]) == nil {
		return true
	}
	v.arrive(&a.w, n, from)
	return false
}

// forwardVideo sends a packet of another endpoint. Late ones keep their place.
func (p *Port) forwardVideo(pk *media.Packet) {
	t, v := &p.tx, p.video
	t.mu.Lock()
	defer t.mu.Unlock()
	s := p.session.Load()
	src, pt, ok := t.admit(s, pk)
	if !ok {
		t.dropped++
		return
	}
	h := header{pt: pt, marker: pk.Marker, ssrc: t.ssrc}
	h.seq, h.time, _ = t.place(src, pk.Seq, pk.Time, false, p.engine.since())
	if !v.sent.take(h.seq) {
		t.dropped++
		return
	}
	raw := s.filmed(pk.Raw, pk.Sent)
	rewrite(raw, h)
	if sent := p.transmit(raw, len(pk.Payload)); sent != nil && s.feedback.NACK {
		v.kept.keep(h.seq, sent)
	}
}

// sentAt reads when a packet was sent, as its sender says.
func (s *session) sentAt(b []byte, h header) (t media.SendTime) {
	if s.sendTime == 0 {
		return t
	}
	if e := extension(b, h, s.sendTime); len(e) == 3 {
		return media.SendTime{Known: true, At: uint32(e[0])<<16 | uint32(e[1])<<8 | uint32(e[2])}
	}
	return t
}

// filmed is a packet of another endpoint without its header extension, but with the time
// when it was sent, where the far side wants that: so it can tell how much room there is
// on the whole way.
func (s *session) filmed(b []byte, t media.SendTime) []byte {
	const added = 8 // the profile, the length, and a word
	if !t.Known || s.sendTime == 0 || b[0]&0x1f != 0x10 || len(b) < headerSize+added {
		return s.carried(b, media.Loudness{})
	}
	begin := 4 + 4*int(binary.BigEndian.Uint16(b[headerSize+2:])) - added
	if begin < 0 || len(b) < headerSize+added+begin {
		return s.carried(b, media.Loudness{})
	}
	copy(b[begin:], b[:headerSize])
	e := b[begin+headerSize:]
	binary.BigEndian.PutUint16(e, oneByte)
	binary.BigEndian.PutUint16(e[2:], 1)
	e[4], e[5], e[6], e[7] = s.sendTime<<4|2, byte(t.At>>16), byte(t.At>>8), byte(t.At)
	return b[begin:]
}

// Watch implements media.VideoEndpoint.
func (p *Port) Watch(c media.Camera) {
	if p.video == nil {
		return
	}
	if c == nil {
		p.video.source.Store(nil)
		return
	}
	p.video.source.Store(&cameraBox{c})
}

// Forget implements media.VideoEndpoint.
func (p *Port) Forget(c media.Camera) {
	if p.video == nil {
		return
	}
	if box := p.video.source.Load(); box != nil && box.Camera == c {
		p.video.source.CompareAndSwap(box, nil)
	}
}
