package codec

// opusFrameLength is how many samples at rate one frame of the packet lasts, by its
// first byte (RFC 6716 §3.1); 0 for an empty packet.
func opusFrameLength(packet []byte, rate int) int {
	if len(packet) == 0 {
		return 0
	}
	config := packet[0] >> 3
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return rate / 100 * [...]int{1, 2, 4, 6}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return rate / 100 * int(1+config&1)
	}
	return rate / 400 << (config & 3) // CELT: 2.5, 5, 10, 20 ms
}

// OpusDuration is how many samples at rate a packet of Opus lasts; 0 when it is none.
func OpusDuration(packet []byte, rate int) int {
	frames := 1
	switch {
	case len(packet) == 0:
		return 0
	case packet[0]&3 == 3:
		if len(packet) < 2 {
			return 0
		}
		frames = int(packet[1] & 0x3f)
	case packet[0]&3 != 0:
		frames = 2
	}
	n := frames * opusFrameLength(packet, rate)
	if n > rate/1000*maxOpus {
		return 0
	}
	return n
}

// OpusHasFEC reports whether a packet of Opus carries the frame before it once more,
// in less detail (LBRR, RFC 6716 §4.2.4).
func OpusHasFEC(packet []byte) bool {
	if len(packet) == 0 || packet[0]>>3 >= 16 { // CELT has none
		return false
	}
	frame, ok := firstOpusFrame(packet)
	if !ok || len(frame) == 0 {
		return false
	}
	// The frame begins with a bit of voice activity for each 20 ms, then this one;
	// for stereo the same again.
	parts := 1
	if config := packet[0] >> 3; config < 12 {
		parts = [...]int{1, 1, 2, 3}[config&3]
	}
	has := frame[0]>>(7-parts)&1 == 1
	if packet[0]&4 != 0 {
		has = has || frame[0]>>(6-2*parts)&1 == 1
	}
	return has
}

// firstOpusFrame is the first frame of a packet (RFC 6716 §3.2).
func firstOpusFrame(packet []byte) ([]byte, bool) {
	rest := packet[1:]
	switch packet[0] & 3 {
	case 0:
		return rest, true
	case 1:
		return rest[:len(rest)/2], len(rest)%2 == 0
	case 2:
		return sizedOpusFrame(rest)
	}
	if len(rest) == 0 {
		return nil, false
	}
	count := rest[0]
	rest = rest[1:]
	for more := count&0x40 != 0; more; {
		if len(rest) == 0 {
			return nil, false
		}
		more = rest[0] == 255
		rest = rest[1:]
	}
	if count&0x80 != 0 {
		return sizedOpusFrame(rest)
	}
	return rest, true
}

// sizedOpusFrame is a frame behind its length (RFC 6716 §3.2.1).
func sizedOpusFrame(rest []byte) ([]byte, bool) {
	if len(rest) == 0 {
		return nil, false
	}
	n, rest := int(rest[0]), rest[1:]
	if n >= 252 {
		if len(rest) == 0 {
			return nil, false
		}
		n, rest = n+4*int(rest[0]), rest[1:]
	}
	if n > len(rest) {
		return nil, false
	}
	return rest[:n], true
}
