package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jfreymuth/vorbis"

	"dialtone/media/resample"
)

// vorbisDecoder reads Vorbis in Ogg.
type vorbisDecoder struct {
	ogg      *oggReader
	dec      *vorbis.Decoder
	hz       int
	channels int
	lasts    time.Duration

	buf   []float32
	rest  []float32 // of buf: what is still to be read
	given int64     // samples of each channel so far
	over  bool
}

func isVorbisHead(b []byte) bool { return len(b) >= 30 && string(b[:7]) == "\x01vorbis" }

// noComment takes the place of the header that holds titles and covers.
const noComment = "\x03vorbis\x00\x00\x00\x00\x00\x00\x00\x00\x01"

func newVorbisDecoder(o *oggReader, head []byte) (decoder, error) {
	d := &vorbisDecoder{ogg: o}
	return d, d.begin(head)
}

// begin reads the headers of a stream, of which head is the first.
func (d *vorbisDecoder) begin(head []byte) error {
	channels, hz := int(head[11]), int(binary.LittleEndian.Uint32(head[12:]))
	short, long := head[28]&15, head[28]>>4
	switch {
	case channels < 1 || channels > 8 || short < 6 || long > 13 || short > long:
		return errBroken
	case hz < resample.MinRate || hz > resample.MaxRate:
		return fmt.Errorf("it has %d samples a second, not %d to %d", hz, resample.MinRate, resample.MaxRate)
	case d.hz != 0 && hz != d.hz:
		return io.EOF // another piece with another rate
	}
	dec, err := readVorbisHeaders(d.ogg, head)
	if err != nil {
		return err
	}
	d.dec, d.hz, d.channels, d.given, d.over = dec, hz, channels, 0, false
	d.buf, d.rest = make([]float32, dec.BufferSize()), nil
	return nil
}

// readVorbisHeaders gives the decoder head and the two headers behind it.
func readVorbisHeaders(o *oggReader, head []byte) (*vorbis.Decoder, error) {
	dec := &vorbis.Decoder{}
	if err := dec.ReadHeader(head); err != nil { // before the next packet takes its place
		return nil, errBroken
	}
	_, comment := o.next()
	setup, err := o.next()
	if comment != nil || err != nil || dec.ReadHeader([]byte(noComment)) != nil {
		return nil, errBroken
	}
	if err := checkVorbisSetup(setup.data); err != nil {
		return nil, err
	}
	if dec.ReadHeader(setup.data) != nil {
		return nil, errBroken
	}
	return dec, nil
}

func (d *vorbisDecoder) rate() int             { return d.hz }
func (d *vorbisDecoder) length() time.Duration { return d.lasts }

// measure implements measured.
func (d *vorbisDecoder) measure(file io.ReadSeeker, size int64) error {
	last, err := lastGranule(file, size, d.ogg.serial)
	d.lasts = lasting(last, d.hz)
	return err
}

func (d *vorbisDecoder) decode(pcm []int16) (int, error) {
	for len(d.rest) < d.channels {
		p, err := d.ogg.next()
		if err != nil {
			return 0, err
		}
		switch {
		case p.first && isVorbisHead(p.data):
			if err := d.begin(p.data); err != nil {
				return 0, err
			}
		case p.first:
			return 0, io.EOF
		case !d.over && len(p.data) > 0:
			if err := d.take(p); err != nil {
				return 0, err
			}
		}
	}
	n := min(len(pcm), len(d.rest)/d.channels)
	for i := range n {
		sum := float32(0)
		for _, v := range d.rest[i*d.channels : (i+1)*d.channels] {
			sum += v
		}
		pcm[i] = int16(min(max(sum/float32(d.channels)*32768, -32768), 32767))
	}
	d.rest = d.rest[n*d.channels:]
	return n, nil
}

// take decodes a packet. One that is broken is left out, as long as there are others.
func (d *vorbisDecoder) take(p oggPacket) error {
	out, err := d.dec.DecodeInto(p.data, d.buf)
	if err != nil {
		d.rest = nil
		return nil //nolint:nilerr // the next one may be well
	}
	n := int64(len(out) / d.channels)
	if p.end && p.granule >= 0 {
		if keep := max(0, p.granule-d.given); keep < n {
			out = out[:keep*int64(d.channels)]
		}
		d.over = true
	}
	d.given += n
	d.rest = out
	return nil
}

// errVorbis says that Vorbis was made by something strange.
var errVorbis = errors.New("the Vorbis file is broken, or of a kind that nobody writes; convert it: ffmpeg -i IN OUT.opus")
