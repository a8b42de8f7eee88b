package testphone

import (
	"encoding/binary"
	mathrand "math/rand/v2"
	"net/netip"
	"strings"
	"time"
)

// keypad are the events 0 to 15 of RFC 4733 §3.2.
const keypad = "0123456789*#ABCD"

// event is one digit on its way out (RFC 4733 §2.5).
type event struct {
	code  byte
	stamp uint32
	sent  int // packets so far; 0: not begun
}

const (
	eventPackets = 5 // of 20 ms before the end of a digit
	eventRepeats = 3 // of the end
	eventGap     = 3 // silent frames behind it
)

// speak sets the tone that is sent; 0 is silence.
func (a *audio) speak(hz float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hz = hz
}

// mute stops and starts the sending of packets altogether.
func (a *audio) mute(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.muted = on
}

// press queues digits.
func (a *audio) press(digits string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.eventPT < 0 {
		return false
	}
	for _, d := range strings.ToUpper(digits) {
		if i := strings.IndexRune(keypad, d); i >= 0 {
			a.events = append(a.events, event{code: byte(i)})
		}
	}
	return true
}

// send is the paced sender: a frame each ptime, or a step of a digit.
func (a *audio) send() {
	tick := time.NewTicker(a.ptime)
	defer tick.Stop()
	for {
		select {
		case <-a.done:
			return
		case <-tick.C:
			a.frame()
		}
	}
}

func (a *audio) frame() {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := int(a.ptime/time.Millisecond) * rate / 1000
	defer func() { a.stamp += uint32(n * clockOf(a.codec) / rate) }()
	if !a.sending || a.muted || a.codec == "" {
		return
	}
	if len(a.events) > 0 && a.digit(n) {
		return
	}
	pcm := make([]int16, n)
	sounding := a.inband.sound(pcm)
	if a.hz > 0 && !sounding {
		a.phase = sine(pcm, a.hz, a.phase)
	}
	payload := a.coder.encode(a.codec, pcm, a.hz == 0 && !sounding)
	a.write(a.sendPT, a.stamp, false, payload)
}

// digit sends the next packet of the first digit in the queue; false during the
// gap behind a digit.
func (a *audio) digit(n int) bool {
	e := &a.events[0]
	if e.sent == 0 {
		e.stamp = a.stamp
	}
	e.sent++
	if e.sent > eventPackets+1 {
		if e.sent > eventPackets+1+eventGap {
			a.events = a.events[1:]
		}
		return false
	}
	data := []byte{e.code, 10, 0, 0}
	binary.BigEndian.PutUint16(data[2:], uint16(e.sent*n*a.eventAt/rate))
	if e.sent <= eventPackets {
		a.write(a.eventPT, e.stamp, e.sent == 1, data)
		return true
	}
	data[1] |= 0x80
	for range eventRepeats {
		a.write(a.eventPT, e.stamp, false, data)
	}
	return true
}

// write sends one packet to the far side.
func (a *audio) write(pt int, stamp uint32, marker bool, payload []byte) {
	raw := make([]byte, 12, 12+len(payload)+32)
	raw[0], raw[1] = 0x80, byte(pt)
	if marker {
		raw[1] |= 0x80
	}
	a.seq++
	binary.BigEndian.PutUint16(raw[2:], a.seq)
	binary.BigEndian.PutUint32(raw[4:], stamp)
	binary.BigEndian.PutUint32(raw[8:], a.ssrc)
	if mathrand.IntN(100) < a.loses {
		return
	}
	raw = append(raw, payload...)
	if a.encrypt != nil {
		sealed, err := a.encrypt.EncryptRTP(nil, raw, nil)
		if err != nil {
			return
		}
		raw = sealed
	}
	_, _ = a.rtp.WriteToUDPAddrPort(raw, a.remote)
}

// throw sends a packet of noise from this call's port to anywhere, as an
// attacker would.
func (a *audio) throw(to netip.AddrPort, raw []byte) { _, _ = a.rtp.WriteToUDPAddrPort(raw, to) }
