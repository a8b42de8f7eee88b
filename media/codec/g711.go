package codec

import "math/bits"

// Companding tables of ITU-T G.711. An encoder looks at the upper 14 bits of a
// sample for µ-law and at the upper 12 for A-law, so its table has one entry for
// each of them. They are filled once and only read.
var (
	ulawDecode = table256(ulawExpand)
	alawDecode = table256(alawExpand)
	ulawEncode = ulawEncodeTable()
	alawEncode = alawEncodeTable()
	ulawToAlaw = recode(&ulawDecode, AlawFrom)
	alawToUlaw = recode(&alawDecode, UlawFrom)
)

// UlawFrom encodes one sample of 16 bits.
func UlawFrom(sample int16) byte { return ulawEncode[uint16(sample)>>2] }

// AlawFrom encodes one sample of 16 bits.
func AlawFrom(sample int16) byte { return alawEncode[uint16(sample)>>4] }

// UlawSample decodes one byte of µ-law to 16 bits.
func UlawSample(b byte) int16 { return ulawDecode[b] }

// AlawSample decodes one byte of A-law to 16 bits.
func AlawSample(b byte) int16 { return alawDecode[b] }

func table256(f func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = f(byte(i))
	}
	return t
}

func recode(decode *[256]int16, encode func(int16) byte) (t [256]byte) {
	for i, s := range decode {
		t[i] = encode(s)
	}
	return t
}

// ulawBias shifts the segments so that each starts at a power of two (G.711
// table 2), in the 16-bit scale.
const ulawBias = 33 << 2

func ulawExpand(b byte) int16 {
	b = ^b
	m := (int16(b&0x0f)<<3 + ulawBias) << (b >> 4 & 7)
	if b&0x80 != 0 {
		return ulawBias - m
	}
	return m - ulawBias
}

func alawExpand(b byte) int16 {
	b ^= 0x55
	m := int16(b&0x0f)<<4 + 8
	if seg := b >> 4 & 7; seg > 0 {
		m = (m + 0x100) << (seg - 1)
	}
	if b&0x80 == 0 {
		return -m
	}
	return m
}

func ulawEncodeTable() *[1 << 14]byte {
	t := new([1 << 14]byte)
	for i := range t {
		s := int(int16(i << 2))
		sign := byte(0x80)
		if s < 0 {
			s, sign = ^s, 0
		}
		m := min(s>>2+ulawBias>>2, 0x1fff)
		seg := bits.Len(uint(m >> 6))
		t[i] = sign | ^byte(seg<<4|m>>(seg+1)&0x0f)&0x7f
	}
	return t
}

func alawEncodeTable() *[1 << 12]byte {
	t := new([1 << 12]byte)
	for i := range t {
		s := int(int16(i << 4))
		sign := byte(0x80)
		if s < 0 {
			s, sign = ^s, 0
		}
		m := s >> 4
		if seg := bits.Len(uint(m >> 4)); seg > 0 {
			m = seg<<4 | m>>(seg-1)&0x0f
		}
		t[i] = (sign | byte(m)) ^ 0x55
	}
	return t
}
