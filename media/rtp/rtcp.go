package rtp

import (
	"encoding/binary"
	"time"
)

// RTCP packet types (RFC 3550 §12.1).
const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBYE  = 203
)

// reportBlock is what one side says about packets it received (RFC 3550 §6.4.1).
type reportBlock struct {
	ssrc     uint32
	fraction uint8
	lost     int32
	highest  uint32
	jitter   uint32 // ticks of the clock of the format
	lsr      uint32 // middle of the NTP time of the last sender report
	dlsr     uint32 // since then, in 1/65536 s
}

// senderInfo is what a sender says about what it sent.
type senderInfo struct {
	ntp            uint64
	time           uint32 // RTP timestamp at the same moment
	packets, bytes uint32
}

// compound is one RTCP packet of ours (RFC 3550 §6.1): a report, our name, and
// a goodbye at the end.
type compound struct {
	ssrc   uint32
	sender *senderInfo  // nil: we sent nothing lately
	block  *reportBlock // nil: we received nothing
	cname  string
	bye    bool
}

// maxCompound is how long a compound of ours can be.
const maxCompound = 256

// append writes c behind b.
func (c compound) append(b []byte) []byte {
	b = c.appendReport(b)
	b = c.appendName(b)
	if c.bye {
		b = binary.BigEndian.AppendUint32(b, version<<30|1<<24|typeBYE<<16|1)
		b = binary.BigEndian.AppendUint32(b, c.ssrc)
	}
	return b
}

func (c compound) appendReport(b []byte) []byte {
	be := binary.BigEndian
	words, kind, count := uint32(1), uint32(typeRR), uint32(0)
	if c.sender != nil {
		words, kind = words+5, typeSR
	}
	if c.block != nil {
		words, count = words+6, 1
	}
	b = be.AppendUint32(b, version<<30|count<<24|kind<<16|words)
	b = be.AppendUint32(b, c.ssrc)
	if s := c.sender; s != nil {
		b = be.AppendUint64(b, s.ntp)
		b = be.AppendUint32(b, s.time)
		b = be.AppendUint32(b, s.packets)
		b = be.AppendUint32(b, s.bytes)
	}
	if r := c.block; r != nil {
		b = be.AppendUint32(b, r.ssrc)
		b = be.AppendUint32(b, uint32(r.fraction)<<24|uint32(r.lost)&0xffffff)
		b = be.AppendUint32(b, r.highest)
		b = be.AppendUint32(b, r.jitter)
		b = be.AppendUint32(b, r.lsr)
		b = be.AppendUint32(b, r.dlsr)
	}
	return b
}

// appendName adds the SDES with our CNAME (RFC 3550 §6.5.1).
func (c compound) appendName(b []byte) []byte {
	const itemCNAME = 1
	size := 4 + 2 + len(c.cname) + 1 // SSRC, item, end of the list
	padded := (size + 3) &^ 3
	b = binary.BigEndian.AppendUint32(b, version<<30|1<<24|typeSDES<<16|uint32(padded/4))
	b = binary.BigEndian.AppendUint32(b, c.ssrc)
	b = append(b, itemCNAME, byte(len(c.cname)))
	b = append(b, c.cname...)
	for range padded - size + 1 {
		b = append(b, 0)
	}
	return b
}

// remoteReports is what the far side says in RTCP.
type remoteReports struct {
	lsr    uint32        // middle of the NTP time of its last sender report
	lsrAt  time.Duration // when that arrived; since the epoch
	lost   uint64
	recent recentLoss
	jitter uint32 // ticks
	rtt    time.Duration
}

// read takes over the reports in the compound b that concern our source ssrc,
// and reports whether b is RTCP at all. ntp is the middle of our NTP time at now.
func (r *remoteReports) read(b []byte, ssrc, ntp uint32, now time.Duration) bool {
	if len(b) < 8 {
		return false
	}
	for len(b) > 0 {
		kind, count, body, rest, ok := nextRTCP(b)
		if !ok {
			return false
		}
		switch kind {
		case typeSR:
			if len(body) >= 24 {
				r.lsr, r.lsrAt = binary.BigEndian.Uint32(body[6:]), now
				r.blocks(body[24:], count, ssrc, ntp)
			}
		case typeRR:
			if len(body) >= 4 {
				r.blocks(body[4:], count, ssrc, ntp)
			}
		}
		b = rest
	}
	return true
}

// nextRTCP splits the first packet off a compound.
func nextRTCP(b []byte) (kind uint8, count int, body, rest []byte, ok bool) {
	if len(b) < 4 || b[0]>>6 != version {
		return 0, 0, nil, nil, false
	}
	size := 4 * (1 + int(binary.BigEndian.Uint16(b[2:])))
	if size > len(b) {
		return 0, 0, nil, nil, false
	}
	return b[1], int(b[0] & 0x1f), b[4:size], b[size:], true
}

// blocks reads the report blocks in b, at most count.
func (r *remoteReports) blocks(b []byte, count int, ssrc, ntp uint32) {
	const size = 24
	for ; count > 0 && len(b) >= size; count, b = count-1, b[size:] {
		be := binary.BigEndian
		if be.Uint32(b) != ssrc {
			continue
		}
		lost := int32(be.Uint32(b[4:])<<8) >> 8
		r.lost = uint64(max(lost, 0))
		r.recent.report(b[4])
		r.jitter = be.Uint32(b[12:])
		lsr, dlsr := be.Uint32(b[16:]), be.Uint32(b[20:])
		// RFC 3550 §6.4.1, figure 2. A result that is negative comes from clocks
		// that were set in between.
		if rtt := int32(ntp - lsr - dlsr); lsr != 0 && rtt >= 0 {
			r.rtt = time.Duration(rtt) * time.Second / 65536
		}
	}
}

// ntpTime is t in the format of NTP: seconds since 1900 in the upper half.
func ntpTime(t time.Time) uint64 {
	const until1970 = 2208988800
	return uint64(t.Unix()+until1970)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// middle is the part of an NTP time that reports carry.
func middle(ntp uint64) uint32 { return uint32(ntp >> 16) }
