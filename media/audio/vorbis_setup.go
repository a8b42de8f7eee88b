package audio

import "math"

// Bounds of what a Vorbis setup may ask for; encoders stay far below.
const (
	maxBookEntries = 1 << 16
	maxBookValues  = 1 << 20
	maxBookBits    = 32
)

// vorbisBits reads bits as Vorbis packs them: the lowest first.
type vorbisBits struct {
	data []byte
	at   int // bits
	over bool
}

func (b *vorbisBits) read(n int) int {
	if b.at+n > 8*len(b.data) {
		b.over, b.at = true, 8*len(b.data)
		return 0
	}
	v := 0
	for i := range n {
		bit := b.data[(b.at+i)/8] >> ((b.at + i) % 8) & 1
		v |= int(bit) << i
	}
	b.at += n
	return v
}

func (b *vorbisBits) skip(n int) {
	if b.at += n; b.at > 8*len(b.data) {
		b.over, b.at = true, 8*len(b.data)
	}
}

// checkVorbisSetup looks at the setup of a Vorbis stream before the decoder does,
// which would take any amount of memory, or time without end, when that asks for it.
// The decoder itself checks what can be wrong in other ways.
func checkVorbisSetup(header []byte) error {
	if len(header) < 8 || string(header[:7]) != "\x05vorbis" || len(header) >= maxPacket {
		return errVorbis
	}
	b := &vorbisBits{data: header[7:]}
	values := 0
	for range b.read(8) + 1 {
		n, ok := b.book()
		if values += n; !ok || b.over || values > maxBookValues {
			return errVorbis
		}
	}
	b.skip(16 * (b.read(6) + 1)) // transforms
	for range b.read(6) + 1 {
		if !b.floor() || b.over {
			return errVorbis
		}
	}
	for range b.read(6) + 1 {
		if !b.residue() || b.over {
			return errVorbis
		}
	}
	return nil
}

// book checks a codebook and gives how many values it holds.
func (b *vorbisBits) book() (values int, ok bool) {
	if b.read(24) != 0x564342 {
		return 0, false
	}
	dimensions, entries := b.read(16), b.read(24)
	if dimensions < 1 || entries < 2 || entries > maxBookEntries || dimensions*entries > maxBookValues || b.over {
		return 0, false
	}
	if !b.lengths(entries) || b.over {
		return 0, false
	}
	lookup := b.read(4)
	if lookup == 0 {
		return 0, true
	}
	b.skip(64)
	bits := b.read(4) + 1
	b.skip(1)
	numbers := entries * dimensions
	switch lookup {
	case 1:
		numbers = int(math.Floor(math.Pow(float64(entries), 1/float64(dimensions))))
	case 2:
	default:
		return 0, false
	}
	b.skip(numbers * bits)
	return entries * dimensions, !b.over && numbers > 0
}

// lengths checks the lengths of the codewords: there are some, and they fit a tree.
func (b *vorbisBits) lengths(entries int) bool {
	used, sum := 0, uint64(0) // sum is in parts of the whole tree, 1<<maxBookBits
	add := func(length, n int) bool {
		if length < 1 || length > maxBookBits {
			return false
		}
		used += n
		sum += uint64(n) << (maxBookBits - length)
		return sum <= 1<<maxBookBits
	}
	if b.read(1) == 0 {
		sparse := b.read(1) == 1
		for range entries {
			if sparse && b.read(1) == 0 {
				continue
			}
			if !add(b.read(5)+1, 1) || b.over {
				return false
			}
		}
		return used > 0
	}
	length := b.read(5) + 1
	for done := 0; done < entries; length++ {
		n := b.read(bitsFor(entries - done))
		if done += n; b.over || length > maxBookBits || done > entries || n > 0 && !add(length, n) {
			return false
		}
	}
	return true
}

// bitsFor is how many bits x takes.
func bitsFor(x int) (n int) {
	for ; x > 0; x >>= 1 {
		n++
	}
	return n
}

// floor checks that of kind 1; kind 0 has not been written since before 2000.
func (b *vorbisBits) floor() bool {
	if b.read(16) != 1 {
		return false
	}
	classes := make([]int, b.read(5))
	top := 0
	for i := range classes {
		classes[i] = b.read(4)
		top = max(top, classes[i])
	}
	dimensions := make([]int, top+1)
	for i := range dimensions {
		dimensions[i] = b.read(3) + 1
		subclass := b.read(2)
		if subclass != 0 {
			b.skip(8)
		}
		b.skip(8 << subclass)
	}
	b.skip(2)
	bits := b.read(4)
	for _, c := range classes {
		b.skip(bits * dimensions[c])
	}
	return true
}

// residue checks that what it spans is not turned round.
func (b *vorbisBits) residue() bool {
	kind, begin, end := b.read(16), b.read(24), b.read(24)
	b.skip(24)
	classes := b.read(6) + 1
	b.skip(8)
	books := 0
	for range classes {
		cascade := b.read(3)
		if b.read(1) == 1 {
			cascade |= b.read(5) << 3
		}
		for ; cascade > 0; cascade &= cascade - 1 {
			books++
		}
	}
	b.skip(8 * books)
	return kind <= 2 && begin <= end
}
