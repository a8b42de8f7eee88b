package prompts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"dialtone/media/codec"
)

// opusClock is the rate in which Ogg Opus counts (RFC 7845 §4).
const opusClock = 48000

// maxPacket is how many samples of the highest rate one packet holds at most: 120 ms.
const maxPacket = opusClock / 1000 * 120

var errNotOpus = errors.New("it is no Ogg Opus file of one channel")

// Clip is a recording that is played. It is for one goroutine.
type Clip struct {
	packets [][]byte
	decoder codec.Decoder // from when the first packet is read until the last was
	rate    int
	skip    int // samples at the beginning that are not heard
	length  int // samples
	left    int
	rest    []int16 // that were decoded and not read
	pcm     []int16
}

// NewClip reads the audio of an Ogg Opus file, at a rate of 8000, 16000 or 48000
// samples a second.
func NewClip(file []byte, rate int) (*Clip, error) {
	packets, end, err := unpack(file)
	if err != nil {
		return nil, err
	}
	if len(packets) < 2 || len(packets[0]) < 19 || string(packets[0][:8]) != "OpusHead" || packets[0][9] != 1 {
		return nil, errNotOpus
	}
	skip := int64(binary.LittleEndian.Uint16(packets[0][10:]))
	if end < skip {
		return nil, errNotOpus
	}
	if rate != 8000 && rate != 16000 && rate != opusClock {
		return nil, fmt.Errorf("a rate of %d is none of 8000, 16000 and 48000", rate)
	}
	n := int((end - skip) * int64(rate) / opusClock)
	return &Clip{
		packets: packets[2:], rate: rate,
		skip: int(skip) * rate / opusClock, length: n, left: n,
	}, nil
}

// Length is how long it lasts.
func (c *Clip) Length() time.Duration {
	return time.Duration(c.length) * time.Second / time.Duration(c.rate)
}

// Rate is that of what is read, in samples a second.
func (c *Clip) Rate() int { return c.rate }

// Read fills pcm with what comes next. It gives fewer samples only at the end, then 0
// and io.EOF.
func (c *Clip) Read(pcm []int16) (int, error) {
	n := 0
	for n < len(pcm) && c.left > 0 && c.fill() {
		got := copy(pcm[n:], c.rest[:min(len(c.rest), c.left)])
		c.rest, c.left = c.rest[got:], c.left-got
		n += got
	}
	if c.left == 0 {
		_ = c.Close()
	}
	if n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// fill decodes the next packet when nothing is left of the last one; false at the end.
func (c *Clip) fill() bool {
	for len(c.rest) == 0 {
		if len(c.packets) == 0 || !c.open() {
			return false
		}
		c.rest = c.pcm[:c.decoder.Decode(c.pcm, c.packets[0])]
		c.packets = c.packets[1:]
		gone := min(c.skip, len(c.rest))
		c.rest, c.skip = c.rest[gone:], c.skip-gone
	}
	return true
}

// open gets a decoder, unless there is one; false when there is none to be had.
func (c *Clip) open() bool {
	if c.decoder == nil {
		d, err := codec.NewDecoder(codec.Opus, c.rate)
		if err != nil {
			return false
		}
		c.decoder, c.pcm = d, make([]int16, maxPacket*c.rate/opusClock)
	}
	return true
}

// Close gives back the decoder; nothing can be read from then on. It may be called
// more than once.
func (c *Clip) Close() error {
	c.packets, c.left = nil, 0
	if c.decoder != nil {
		c.decoder.Close()
		c.decoder = nil
	}
	return nil
}

// oggHead is the length of the head of a page before its table (RFC 3533 §6).
const oggHead = 27

// unpack gives the packets of an Ogg file with one stream, and the time at its end.
func unpack(file []byte) (packets [][]byte, end int64, err error) {
	var part []byte // of a packet that goes on
	for len(file) > 0 {
		if len(file) < oggHead || string(file[:4]) != "OggS" {
			return nil, 0, errNotOpus
		}
		table := int(file[26])
		if len(file) < oggHead+table {
			return nil, 0, errNotOpus
		}
		end = int64(binary.LittleEndian.Uint64(file[6:]))
		body := file[oggHead+table:]
		for _, length := range file[oggHead : oggHead+table] {
			if len(body) < int(length) {
				return nil, 0, errNotOpus
			}
			part = append(part, body[:length]...)
			body = body[length:]
			if length < 255 {
				packets, part = append(packets, part), nil
			}
		}
		file = body
	}
	return packets, end, nil
}
