package rtp

import (
	"encoding/binary"

	"dialtone/media"
)

const (
	// maxLevelID is the highest number that an extension may have which is written in
	// one byte (RFC 8285 §4.2).
	maxLevelID = 14
	// oneByte is the profile of such extensions.
	oneByte = 0xbede
	// levelSize is what a level adds to a header: the profile, the length, and a word.
	levelSize = 8
)

// level reads how loud a packet is (RFC 6464 §3).
func (s *session) level(b []byte, h header) (l media.Loudness) {
	if s.levels.ID == 0 || !s.levels.Direction.Recv {
		return l
	}
	if e := extension(b, h, s.levels.ID); e != nil {
		return media.Loudness{Known: true, Voice: e[0]&0x80 != 0 || !s.levels.Voice, Below: e[0] & 0x7f}
	}
	return l
}

// extension finds the header extension with a number (RFC 8285 §4.2); nil when there is
// none.
func extension(b []byte, h header, number uint8) []byte {
	if h.beyond == 0 {
		return nil
	}
	e := b[h.size-h.beyond : h.size]
	if binary.BigEndian.Uint16(e) != oneByte {
		return nil
	}
	for e = e[4:]; len(e) > 1; {
		if e[0] == 0 { // padding
			e = e[1:]
			continue
		}
		id, size := e[0]>>4, int(e[0]&0x0f)+1
		if id == maxLevelID+1 || len(e) < 1+size {
			return nil
		}
		if id == number {
			return e[1 : 1+size]
		}
		e = e[1+size:]
	}
	return nil
}

// putLevel writes a level behind the header in b, if the far side is to hear of it,
// and gives the bytes that takes.
func (s *session) putLevel(b []byte, l media.Loudness) int {
	if !l.Known || s.levels.ID == 0 || !s.levels.Direction.Send {
		return 0
	}
	b[0] |= 0x10
	e := b[headerSize:]
	binary.BigEndian.PutUint16(e, oneByte)
	binary.BigEndian.PutUint16(e[2:], 1)
	e[4], e[5], e[6], e[7] = s.levels.ID<<4, l.Below, 0, 0
	if l.Voice {
		e[5] |= 0x80
	}
	return levelSize
}

// carried is a packet of another endpoint without its header extension, whose numbers
// mean something else here; but its level goes on where the far side wants it and there
// is room.
func (s *session) carried(b []byte, l media.Loudness) []byte {
	if b[0]&0x10 == 0 {
		return b
	}
	sources := headerSize + 4*int(b[0]&0x0f)
	if len(b) < sources+4 {
		return b
	}
	beyond := 4 + 4*int(binary.BigEndian.Uint16(b[sources+2:]))
	if len(b) < sources+beyond {
		return b
	}
	b[0] &^= 0x10
	if keep := beyond - levelSize; keep >= 0 && sources == headerSize && l.Known && s.levels.ID != 0 && s.levels.Direction.Send {
		copy(b[keep:], b[:sources])
		s.putLevel(b[keep:], l)
		return b[keep:]
	}
	copy(b[beyond:], b[:sources])
	return b[beyond:]
}
