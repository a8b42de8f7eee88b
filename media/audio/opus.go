package audio

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"time"

	"dialtone/media/codec"
)

// opusClock is what positions in a file are counted in, a second.
const opusClock = 48000

// maxOpusStreams is how many streams a file may hold side by side.
const maxOpusStreams = 8

// opusDecoder reads Opus in Ogg (RFC 7845). Each stream of a file with several is
// decoded as one channel, and all are mixed.
type opusDecoder struct {
	ogg     *oggReader
	hz      int
	count   int             // of streams
	streams []codec.Decoder // from when the first packet is read: they are big
	gain    float64
	preskip int64
	lasts   time.Duration

	pcm   []int16 // decoded
	part  []int16 // of one stream
	sum   []int32
	rest  []int16 // of pcm: what is still to be read
	skip  int64   // samples that are left out at the beginning
	given int64   // samples before those that are left out at the end
	over  bool
}

func isOpusHead(b []byte) bool { return len(b) >= 19 && string(b[:8]) == "OpusHead" }

func newOpusDecoder(o *oggReader, head []byte, rate int) (decoder, error) {
	d := &opusDecoder{ogg: o, hz: rate}
	return d, d.begin(head)
}

// begin reads the header of a stream (RFC 7845 §5.1).
func (d *opusDecoder) begin(head []byte) error {
	if head[8]>>4 != 0 {
		return errors.New("it holds Opus of a kind that is not known here")
	}
	d.count = 1
	if head[18] != 0 {
		if len(head) < 21 || head[19] == 0 || head[19] > maxOpusStreams {
			return errors.New("it holds more channels than can be mixed; convert it: ffmpeg -i IN -ac 1 OUT.opus")
		}
		d.count = int(head[19])
	}
	_ = d.Close() // those of the stream before
	d.preskip = int64(binary.LittleEndian.Uint16(head[10:]))
	d.gain = math.Pow(10, float64(int16(binary.LittleEndian.Uint16(head[16:])))/256/20)
	d.skip, d.given, d.over = d.preskip*int64(d.hz)/opusClock, 0, false
	return nil
}

// open gets the decoders, unless they are there.
func (d *opusDecoder) open() error {
	for len(d.streams) < d.count {
		dec, err := codec.NewDecoder(codec.Opus, d.hz)
		if err != nil {
			return err
		}
		d.streams = append(d.streams, dec)
	}
	if longest := d.hz / 1000 * 120; d.pcm == nil {
		d.pcm, d.part, d.sum = make([]int16, longest), make([]int16, longest), make([]int32, longest)
	}
	return nil
}

// Close gives back the decoders.
func (d *opusDecoder) Close() error {
	for _, s := range d.streams {
		s.Close()
	}
	d.streams = nil
	return nil
}

func (d *opusDecoder) rate() int             { return d.hz }
func (d *opusDecoder) length() time.Duration { return d.lasts }

// measure implements measured.
func (d *opusDecoder) measure(file io.ReadSeeker, size int64) error {
	last, err := lastGranule(file, size, d.ogg.serial)
	d.lasts = lasting(last-d.preskip, opusClock)
	return err
}

func (d *opusDecoder) decode(pcm []int16) (int, error) {
	for len(d.rest) == 0 {
		p, err := d.ogg.next()
		if err != nil {
			return 0, err
		}
		switch {
		case isOpusHead(p.data):
			if err := d.begin(p.data); err != nil {
				return 0, err
			}
		case p.first: // another kind of stream behind ours
			return 0, io.EOF
		case len(p.data) >= 8 && string(p.data[:8]) == "OpusTags", d.over:
		default:
			if err := d.open(); err != nil {
				return 0, err
			}
			d.take(p)
		}
	}
	n := copy(pcm, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// take decodes a packet.
func (d *opusDecoder) take(p oggPacket) {
	n := d.mix(p.data)
	d.rest = d.pcm[:n]
	if p.end && p.granule >= 0 { // the last packet may be longer than what it holds
		total := p.granule*int64(d.hz)/opusClock - d.given
		if keep := max(0, total); keep < int64(n) && int64(n)-keep < int64(d.hz) {
			d.rest = d.rest[:keep]
		}
		d.over = true
	}
	d.given += int64(n)
	skip := min(d.skip, int64(len(d.rest)))
	d.skip -= skip
	d.rest = d.rest[skip:]
}

// mix decodes all streams of a packet to pcm.
func (d *opusDecoder) mix(packet []byte) int {
	longest := 0
	clear(d.sum)
	for i, dec := range d.streams {
		part := packet
		if i < len(d.streams)-1 {
			part, packet = undelimit(packet)
		}
		if len(part) == 0 {
			break
		}
		n := dec.Decode(d.part, part)
		for j, s := range d.part[:n] {
			d.sum[j] += int32(s)
		}
		longest = max(longest, n)
	}
	scale := d.gain
	if len(d.streams) > 2 { // two are the sides of a call: nobody speaks at once
		scale *= 2 / float64(len(d.streams))
	}
	for i, s := range d.sum[:longest] {
		d.pcm[i] = int16(min(max(float64(s)*scale, math.MinInt16), math.MaxInt16))
	}
	return longest
}

// undelimit takes the first stream out of a packet that holds several (RFC 6716,
// appendix B), as a packet of its own; nil when it is broken.
func undelimit(b []byte) (packet, rest []byte) {
	if len(b) < 2 {
		return nil, nil
	}
	toc, at := b[0], 1
	header := 1 // bytes of the packet before the length that is put in
	counted := 1
	vbr := false
	switch toc & 3 {
	case 1:
		counted = 2
	case 2:
		vbr, counted = true, 2
	case 3:
		counted, vbr = int(b[1]&0x3f), b[1]&0x80 != 0
		at, header = 2, 2
		if b[1]&0x40 != 0 {
			return nil, nil // padding: nobody puts it here
		}
	}
	total := 0
	if vbr {
		for range counted - 1 {
			n, used := opusLength(b[at:])
			if used == 0 {
				return nil, nil
			}
			total, at = total+n, at+used
		}
		header = at
	}
	n, used := opusLength(b[at:])
	if used == 0 {
		return nil, nil
	}
	at += used
	if vbr {
		total += n
	} else {
		total = n * counted
	}
	if at+total > len(b) {
		return nil, nil
	}
	packet = append(make([]byte, 0, header+total), b[:header]...)
	return append(packet, b[at:at+total]...), b[at+total:]
}

// opusLength reads the length of a frame (RFC 6716 §3.2.1) and gives how many bytes it
// took, 0 when it is not there.
func opusLength(b []byte) (n, used int) {
	switch {
	case len(b) == 0:
		return 0, 0
	case b[0] < 252:
		return int(b[0]), 1
	case len(b) == 1:
		return 0, 0
	}
	return int(b[0]) + 4*int(b[1]), 2
}
