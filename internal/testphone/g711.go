package testphone

// silence is the octet that stands for the smallest amplitude.
func silence(name string) byte {
	if name == "PCMA" {
		return 0xd5
	}
	return 0xff
}

// encode gives the G.711 octet of one linear sample.
func encode(name string, s int16) byte {
	if name == "PCMA" {
		return encodeA(s)
	}
	return encodeU(s)
}

// decode gives the linear sample of one G.711 octet.
func decode(name string, b byte) int16 {
	if name == "PCMA" {
		return decodeA(b)
	}
	return decodeU(b)
}

// segment is the position of the highest bit of v above bit low, 0 to 7.
func segment(v int, low uint) int {
	n := 0
	for v >>= low; v > 1 && n < 7; v >>= 1 {
		n++
	}
	return n
}

func encodeU(s int16) byte {
	const bias, clip = 132, 32635
	v, sign := int(s), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, clip) + bias
	seg := segment(v, 7)
	return ^(sign | byte(seg<<4) | byte(v>>(seg+3))&0x0f)
}

func decodeU(b byte) int16 {
	b = ^b
	v := (int(b&0x0f)<<3+132)<<(b>>4&7) - 132
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

func encodeA(s int16) byte {
	v, sign := int(s)>>3, byte(0x80)
	if v < 0 {
		v, sign = -v-1, 0
	}
	seg := segment(v, 4)
	return (sign | byte(seg<<4) | byte(v>>max(seg, 1))&0x0f) ^ 0x55
}

func decodeA(b byte) int16 {
	b ^= 0x55
	v, seg := int(b&0x0f)<<4+8, b>>4&7
	if seg > 0 {
		v = (v + 0x100) << (seg - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}
