package testphone

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/srtp/v3"
)

// Heard counts what arrived at a call's audio port.
type Heard struct {
	Packets  int              // RTP, understood or not
	Lost     int              // gaps in the sequence numbers
	Garbled  int              // packets that could not be decrypted, or of an unknown payload type
	Reports  int              // RTCP
	SSRCs    []uint32         // in order of appearance
	Types    map[int]int      // packets by payload type
	Sources  []netip.AddrPort // in order of appearance
	StampGap int              // biggest jump of the timestamp, beyond what the sequence numbers explain, in samples
}

// audio is the RTP side of one call: a socket pair, a reader for each, and a
// paced sender.
type audio struct {
	rtp, rtcp *net.UDPConn
	ptime     time.Duration
	done      chan struct{}
	wg        sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced with each change
	remote   netip.AddrPort
	codec    string
	coder    coder
	sendPT   int
	eventPT  int // what the far side wants digits in, -1 for none
	eventAt  int // their clock
	recv     map[int]string
	sending  bool
	started  bool
	encrypt  *srtp.Context
	decrypt  *srtp.Context
	keyless  bool      // the answer will have the key
	keys     [2]string // that the two contexts were made of
	hz       float64
	phase    float64
	muted    bool
	loses    int // percent of what is sent
	events   []event
	ssrc     uint32
	seq      uint16
	stamp    uint32
	pcm      []int16 // the last second heard
	listened bool    // somebody has asked what is heard
	samples  int64   // heard in all
	lastLoud time.Time
	digits   string
	inband   inband
	lastTone uint32
	anyTone  bool
	heard    Heard
	lastSeq  uint16
	lastTS   uint32
}

// newAudio opens an even RTP port and the odd one above it on ip.
func newAudio(ip netip.Addr, ptime time.Duration) (*audio, error) {
	var err error
	for range 100 {
		var rtp, rtcp *net.UDPConn
		if rtp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0))); err != nil {
			return nil, err
		}
		port := rtp.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		if port%2 == 0 {
			if rtcp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port+1))); err == nil {
				return startAudio(rtp, rtcp, ptime), nil
			}
		}
		_ = rtp.Close()
	}
	return nil, err
}

func startAudio(rtp, rtcp *net.UDPConn, ptime time.Duration) *audio {
	a := &audio{
		rtp: rtp, rtcp: rtcp, ptime: ptime, done: make(chan struct{}), changed: make(chan struct{}),
		eventPT: -1, ssrc: rand.Uint32(), seq: uint16(rand.Uint32()), stamp: rand.Uint32(),
		heard: Heard{Types: map[int]int{}},
	}
	a.wg.Go(a.readRTP)
	a.wg.Go(a.readRTCP)
	return a
}

func (a *audio) port() uint16 { return a.rtp.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

func (a *audio) close() {
	close(a.done)
	_ = a.rtp.Close()
	_ = a.rtcp.Close()
	a.wg.Wait()
}

// wake tells all waiters that something changed; mu is held.
func (a *audio) wake() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// expect is ready for what is offered: it may come before the answer (RFC 3264 §5.1), but
// nothing can be made of it as long as the answer has the key.
func (a *audio) expect(mine *SDP) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.receive(mine)
	a.keyless = !a.started && len(mine.Crypto) > 0
}

// receive adds formats to those that may arrive; mu is held.
func (a *audio) receive(mine *SDP) {
	if a.recv == nil {
		a.recv = map[int]string{}
	}
	for name, pt := range mine.PT {
		a.recv[pt] = name
	}
}

// agree takes over what offer and answer came to. mine and theirs are the two
// descriptions, direction is from this side.
func (a *audio) agree(mine, theirs *SDP, direction string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remote, a.eventPT, a.codec = theirs.Addr, -1, ""
	for _, name := range theirs.Codecs {
		if _, have := mine.PT[name]; have && speaks(name) {
			a.codec, a.sendPT = name, theirs.PT[name]
			break
		}
	}
	if pt, ok := theirs.PT["TELEPHONE-EVENT"]; ok {
		a.eventPT, a.eventAt = pt, max(theirs.EventClock, rate)
	}
	a.receive(mine)
	a.keyless = false
	a.sending = (direction == "sendrecv" || direction == "sendonly") && theirs.Addr.Port() != 0
	if err := a.secure(mine.Crypto, theirs.Crypto); err != nil {
		return err
	}
	if !a.started {
		a.started = true
		a.wg.Go(a.send)
	}
	a.wake()
	return nil
}

func (a *audio) readRTP() {
	buf := make([]byte, 2048)
	for {
		n, from, err := a.rtp.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		a.arrived(buf[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
	}
}

func (a *audio) readRTCP() {
	buf := make([]byte, 2048)
	for {
		if _, _, err := a.rtcp.ReadFromUDPAddrPort(buf); err != nil {
			return
		}
		a.mu.Lock()
		a.heard.Reports++
		a.wake()
		a.mu.Unlock()
	}
}

// arrived takes one packet from the RTP port: RTP, or RTCP by its payload type
// (RFC 5761 §4).
func (a *audio) arrived(raw []byte, from netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.wake()
	if len(raw) < 12 || raw[0]>>6 != 2 {
		// Somebody else may think that who had this port before still has it.
		if slices.Contains(a.heard.Sources, from) {
			a.heard.Garbled++
		}
		return
	}
	if raw[1] >= 192 && raw[1] <= 223 {
		a.heard.Reports++
		return
	}
	a.count(raw, from)
	if a.keyless {
		return
	}
	if a.decrypt != nil {
		plain, err := a.decrypt.DecryptRTP(nil, raw, nil)
		if err != nil {
			a.heard.Garbled++
			return
		}
		raw = plain
	}
	header := 12 + 4*int(raw[0]&0x0f)
	if raw[0]&0x10 != 0 && len(raw) >= header+4 {
		header += 4 + 4*int(binary.BigEndian.Uint16(raw[header+2:]))
	}
	if len(raw) < header {
		a.heard.Garbled++
		return
	}
	a.payload(int(raw[1]&0x7f), binary.BigEndian.Uint32(raw[4:]), raw[header:])
}

// count keeps the statistics of one packet.
func (a *audio) count(raw []byte, from netip.AddrPort) {
	h := &a.heard
	seq, stamp, ssrc := binary.BigEndian.Uint16(raw[2:]), binary.BigEndian.Uint32(raw[4:]), binary.BigEndian.Uint32(raw[8:])
	if n := len(h.SSRCs); n == 0 || h.SSRCs[n-1] != ssrc {
		h.SSRCs = append(h.SSRCs, ssrc)
	} else if step := int16(seq - a.lastSeq); step > 0 {
		h.Lost += int(step) - 1
		explained := int(step) * int(a.ptime/time.Millisecond) * clockOf(a.recv[int(raw[1]&0x7f)]) / 1000
		h.StampGap = max(h.StampGap, int(int32(stamp-a.lastTS))-explained)
	}
	if n := len(h.Sources); n == 0 || h.Sources[n-1] != from {
		h.Sources = append(h.Sources, from)
	}
	a.lastSeq, a.lastTS = seq, stamp
	h.Packets++
	h.Types[int(raw[1]&0x7f)]++
}

func (a *audio) payload(pt int, stamp uint32, data []byte) {
	switch name := a.recv[pt]; name {
	case "PCMU", "PCMA", "G722", "OPUS":
		pcm, ok := a.coder.decode(name, data)
		if !ok {
			a.heard.Garbled++
			return
		}
		a.inband.listen(pcm)
		a.pcm = append(a.pcm, pcm...)
		if RMS(pcm) > noiseFloor {
			a.lastLoud = time.Now()
		}
		a.samples += int64(len(pcm))
		if extra := len(a.pcm) - rate; extra > 0 {
			a.pcm = append(a.pcm[:0], a.pcm[extra:]...)
		}
	case "TELEPHONE-EVENT":
		if len(data) >= 4 && int(data[0]) < len(keypad) && (!a.anyTone || stamp != a.lastTone) {
			a.digits += string(keypad[data[0]])
			a.lastTone, a.anyTone = stamp, true
		}
	case "CN":
	default:
		a.heard.Garbled++
	}
}
