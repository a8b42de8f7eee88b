package audio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
)

// Pages of Ogg (RFC 3533 §6).
const (
	oggHeader    = 27 // bytes before the table of segments
	oggContinued = 1
	oggFirst     = 2
	oggLast      = 4

	// maxPacket is how long a packet may be; of a longer one, a cover perhaps, only
	// the beginning is read.
	maxPacket = 256 << 10
	// maxLost is how many bytes may be no Ogg before a stream is given up.
	maxLost = 1 << 20
)

// oggReader takes one stream out of Ogg, packet by packet. When that has ended and
// another one begins behind it, as in the broadcasts of radio stations, it goes on with
// that.
type oggReader struct {
	in     *bufio.Reader
	serial uint32
	known  bool
	page   []byte // header, table and content
	table  []byte // what is left of it
	body   []byte // what is left of it
	packet []byte
	broken bool // the packet that is being read lacks something
	lost   int  // bytes since the last page
}

// oggPacket is one packet; it is valid until the next is read.
type oggPacket struct {
	data    []byte
	first   bool  // of a stream
	granule int64 // of the page, if it is the last one that ends there; else -1
	end     bool  // the stream ends with it
}

func newOggReader(in *bufio.Reader) *oggReader {
	return &oggReader{in: in}
}

// next reads a packet.
func (o *oggReader) next() (oggPacket, error) {
	o.packet = o.packet[:0]
	for {
		if len(o.table) == 0 {
			if err := o.turn(); err != nil {
				return oggPacket{}, err
			}
			continue
		}
		n := int(o.table[0])
		o.table = o.table[1:]
		if room := maxPacket - len(o.packet); room > 0 {
			o.packet = append(o.packet, o.body[:min(n, room)]...)
		}
		o.body = o.body[n:]
		if n == 255 {
			continue
		}
		if o.broken {
			o.broken, o.packet = false, o.packet[:0]
			continue
		}
		p := oggPacket{data: o.packet, granule: -1}
		p.first = o.page[5]&oggFirst != 0
		if len(o.table) == 0 || allFull(o.table) {
			p.granule = int64(binary.LittleEndian.Uint64(o.page[6:]))
			p.end = o.page[5]&oggLast != 0
		}
		return p, nil
	}
}

// allFull reports whether no packet ends in what table says.
func allFull(table []byte) bool {
	for _, n := range table {
		if n < 255 {
			return false
		}
	}
	return true
}

// turn goes to the next page of the stream.
func (o *oggReader) turn() error {
	for {
		if err := o.read(); err != nil {
			return err
		}
		flags, serial := o.page[5], binary.LittleEndian.Uint32(o.page[14:])
		switch {
		case flags&oggFirst != 0 && !o.known, flags&oggFirst != 0 && audioHead(o.body):
			o.known, o.serial = true, serial
			o.packet, o.broken = o.packet[:0], false
		case !o.known || serial != o.serial:
			continue // another stream beside ours: a video, a cover
		case flags&oggContinued == 0 && len(o.packet) > 0:
			o.packet = o.packet[:0] // its end is lost
		case flags&oggContinued != 0 && len(o.packet) == 0:
			o.broken = true // its beginning is lost
		}
		o.table = o.page[oggHeader : oggHeader+int(o.page[26])]
		return nil
	}
}

// audioHead reports whether a stream that begins with b is one that can be played.
func audioHead(b []byte) bool { return isOpusHead(b) || isVorbisHead(b) }

// read reads one page, of whatever stream, that is not damaged.
func (o *oggReader) read() error {
	for {
		head, err := o.in.Peek(oggHeader)
		if err != nil {
			return eof(err)
		}
		if string(head[:4]) != "OggS" || head[4] != 0 {
			if o.lost++; o.lost > maxLost {
				return errBroken
			}
			if _, err := o.in.Discard(1); err != nil {
				return eof(err)
			}
			continue
		}
		o.page = append(o.page[:0], head...)
		if _, err := o.in.Discard(oggHeader); err != nil {
			return eof(err)
		}
		segments := int(head[26])
		if err := o.more(segments); err != nil {
			return err
		}
		size := 0
		for _, n := range o.page[oggHeader:] {
			size += int(n)
		}
		if err := o.more(size); errors.Is(err, io.EOF) && o.known {
			return o.torn(segments)
		} else if err != nil {
			return err
		}
		sum := binary.LittleEndian.Uint32(o.page[22:])
		if oggSum(o.page) != sum {
			if o.lost += len(o.page); o.lost > maxLost {
				return errBroken
			}
			continue
		}
		o.lost = 0
		o.body = o.page[oggHeader+segments:]
		return nil
	}
}

// more reads n bytes of a page.
func (o *oggReader) more(n int) error {
	at := len(o.page)
	o.page = slices.Grow(o.page, n)[:at+n]
	got, err := io.ReadFull(o.in, o.page[at:])
	o.page = o.page[:at+got]
	return eof(err)
}

// torn takes what is whole of a page that was cut off with the file: the last moments
// of a recording that was interrupted.
func (o *oggReader) torn(segments int) error {
	o.body = o.page[oggHeader+segments:]
	have, whole := 0, 0
	for i, n := range o.page[oggHeader : oggHeader+segments] {
		if have += int(n); have > len(o.body) {
			break
		}
		if n < 255 {
			whole = i + 1
		}
	}
	if whole == 0 {
		return io.EOF
	}
	o.page[5] &^= oggLast
	o.page[26] = byte(whole)
	binary.LittleEndian.PutUint64(o.page[6:], math.MaxUint64)
	return nil
}

// eof takes a file that was cut off for one that ends there.
func eof(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// oggSum is the checksum of a page, with that of its header taken as 0.
func oggSum(page []byte) uint32 {
	sum := uint32(0)
	for i, b := range page {
		if i >= 22 && i < 26 {
			b = 0
		}
		sum = sum<<8 ^ oggTable[byte(sum>>24)^b]
	}
	return sum
}

// oggTable is that of the polynomial 0x04c11db7.
var oggTable = func() (table [256]uint32) {
	for i := range table {
		r := uint32(i) << 24
		for range 8 {
			if r&(1<<31) != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		table[i] = r
	}
	return table
}()

// lastGranule is the position of the last page of the stream serial in a file of size
// bytes, which it leaves where it stands; 0 when there is none.
func lastGranule(file io.ReadSeeker, size int64, serial uint32) (granule int64, err error) {
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	tail := make([]byte, min(size, 128<<10))
	if _, err := file.Seek(size-int64(len(tail)), io.SeekStart); err != nil {
		return 0, err
	}
	n, _ := io.ReadFull(file, tail)
	for i := n - oggHeader; i >= 0; i-- {
		page := tail[i:n]
		if string(page[:4]) != "OggS" || binary.LittleEndian.Uint32(page[14:]) != serial {
			continue
		}
		if g := int64(binary.LittleEndian.Uint64(page[6:])); g > 0 {
			granule = g
			break
		}
	}
	_, err = file.Seek(at, io.SeekStart)
	return granule, err
}

// newOggDecoder finds out what is in Ogg.
func newOggDecoder(in *bufio.Reader, rate int) (decoder, error) {
	o := newOggReader(in)
	p, err := o.next()
	for err == nil && !audioHead(p.data) {
		if !p.first {
			return nil, errors.New("there is neither Opus nor Vorbis in the Ogg file; convert it: ffmpeg -i IN OUT.opus")
		}
		o.known = false
		p, err = o.next()
	}
	if err != nil {
		return nil, errUnknown
	}
	if isOpusHead(p.data) {
		return newOpusDecoder(o, p.data, rate)
	}
	return newVorbisDecoder(o, p.data)
}
