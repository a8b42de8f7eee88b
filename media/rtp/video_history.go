package rtp

import "time"

// wideSize is how many sequence numbers a wideWindow knows: a few seconds of video.
const wideSize = 2048

// wideWindow is a window for video, where packets that were lost come late.
type wideWindow struct {
	started bool
	top     uint16
	bits    [wideSize / 64]uint64
}

// take reports whether seq was not sent before, and notes that it is now.
func (w *wideWindow) take(seq uint16) bool {
	d := int(int16(seq - w.top))
	switch {
	case !w.started || d >= wideSize:
		*w = wideWindow{started: true, top: seq}
	case d > 0:
		for ; w.top != seq; w.top++ {
			w.bits[(w.top+1)%wideSize/64] &^= 1 << ((w.top + 1) % 64)
		}
	case d <= -wideSize || w.has(seq):
		return false
	}
	w.bits[seq%wideSize/64] |= 1 << (seq % 64)
	return true
}

func (w *wideWindow) has(seq uint16) bool { return w.bits[seq%wideSize/64]>>(seq%64)&1 != 0 }

// took reports whether seq was sent, or is too long ago to know.
func (w *wideWindow) took(seq uint16) bool {
	d := int(int16(seq - w.top))
	return !w.started || d > 0 || d <= -wideSize || w.has(seq)
}

const (
	// historyBytes is how much video is kept to be sent again: a second at 1 Mbit/s.
	historyBytes = 128 << 10
	historySlots = 256
)

// history are the packets that were sent last, as they went out: sending one again needs
// no key stream a second time.
type history struct {
	data  []byte
	end   uint64 // bytes that were ever written
	slots [historySlots]slot
}

type slot struct {
	seq   uint16
	size  uint16 // 0 when there is nothing
	start uint64
}

func (h *history) keep(seq uint16, b []byte) {
	if h.data == nil {
		h.data = make([]byte, historyBytes)
	}
	if at := int(h.end % historyBytes); at+len(b) > historyBytes {
		h.end += uint64(historyBytes - at)
	}
	h.slots[seq%historySlots] = slot{seq, uint16(len(b)), h.end}
	copy(h.data[h.end%historyBytes:], b)
	h.end += uint64(len(b))
}

// find gives the packet with number seq, nil when it is not there any more.
func (h *history) find(seq uint16) []byte {
	s := h.slots[seq%historySlots]
	if s.size == 0 || s.seq != seq || h.end-s.start > historyBytes {
		return nil
	}
	at := s.start % historyBytes
	return h.data[at : at+uint64(s.size)]
}

// clear forgets all.
func (h *history) clear() { h.slots = [historySlots]slot{} }

// bucket allows so many things a second, and some at once.
type bucket struct {
	rate, burst float64
	tokens      float64
	at          time.Duration
}

func newBucket(rate, burst float64) bucket { return bucket{rate: rate, burst: burst, tokens: burst} }

func (b *bucket) take(now time.Duration) bool {
	b.tokens = min(b.burst, b.tokens+(now-b.at).Seconds()*b.rate)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
