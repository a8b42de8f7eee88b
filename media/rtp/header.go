package rtp

import "encoding/binary"

const (
	// maxPacket is the longest datagram that is read; a longer one is dropped.
	maxPacket = 2048
	// tail is the room behind a packet for what SRTP appends: a tag of at most 16
	// bytes, for SRTCP an index of 4 as well.
	tail       = 32
	headerSize = 12
	version    = 2
)

// header is the RTP header of RFC 3550 §5.1, as far as it matters here.
type header struct {
	pt      uint8
	marker  bool
	padding bool
	seq     uint16
	time    uint32
	ssrc    uint32
	size    int // with contributing sources and header extension
	beyond  int // of that, the bytes of the header extension
}

// parseHeader reads the header of b and reports whether it is one.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < headerSize || b[0]>>6 != version {
		return h, false
	}
	h = header{
		pt:      b[1] & 0x7f,
		marker:  b[1]&0x80 != 0,
		padding: b[0]&0x20 != 0,
		seq:     binary.BigEndian.Uint16(b[2:]),
		time:    binary.BigEndian.Uint32(b[4:]),
		ssrc:    binary.BigEndian.Uint32(b[8:]),
		size:    headerSize + 4*int(b[0]&0x0f),
	}
	if b[0]&0x10 != 0 {
		if len(b) < h.size+4 {
			return h, false
		}
		h.beyond = 4 + 4*int(binary.BigEndian.Uint16(b[h.size+2:]))
		h.size += h.beyond
	}
	return h, len(b) >= h.size
}

// payload gives what follows the header in b, without padding.
func (h header) payload(b []byte) (payload []byte, ok bool) {
	payload = b[h.size:]
	if !h.padding {
		return payload, true
	}
	if len(payload) == 0 {
		return nil, false
	}
	n := int(payload[len(payload)-1])
	if n == 0 || n > len(payload) {
		return nil, false
	}
	return payload[:len(payload)-n], true
}

// putHeader writes the fixed header of RFC 3550 §5.1 to b.
func putHeader(b []byte, h header) {
	b[0] = version << 6
	rewrite(b, h)
}

// rewrite replaces all but the flags of the first byte of the header in b.
func rewrite(b []byte, h header) {
	b[1] = h.pt
	if h.marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], h.seq)
	binary.BigEndian.PutUint32(b[4:], h.time)
	binary.BigEndian.PutUint32(b[8:], h.ssrc)
}

// isRTCP tells RTCP from RTP on one port: the packet types 192 to 223 (RFC 5761
// §4).
func isRTCP(b []byte) bool { return len(b) >= 2 && b[1] >= 192 && b[1] <= 223 }
