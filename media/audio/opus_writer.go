package audio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"dialtone/media/codec"
)

// OpusOptions say how to write Opus.
type OpusOptions struct {
	Rate     int // of the PCM: 8000, 16000 or 48000 Hz
	Channels int // 1, or 2: the two sides of a call, which are kept apart entirely
	Bitrate  int // of each channel, in bits/s; 0 is fit for speech
	// Comments are put into the header, such as TITLE=...
	Comments []string
}

const (
	opusFrame   = 20 * time.Millisecond
	opusPage    = 25  // packets: what is lost at most when the process is killed
	opusPreskip = 312 // samples of 48 kHz by which the encoder is late
	opusTicks   = int64(opusFrame * opusClock / time.Second)
	maxComments = 4096
	nothing     = 31 << 3 // a packet of 20 ms that the decoder makes up
)

// OpusWriter writes Opus in Ogg. What was cut off at any byte plays up to there. Two
// channels are two streams of one channel each.
type OpusWriter struct {
	to       io.Writer
	o        OpusOptions
	enc      []codec.Encoder
	frame    int     // samples of each channel
	pending  []int16 // less than a frame
	single   []int16 // a frame of one channel
	payload  []byte  // of one channel
	packet   []byte
	serial   uint32
	sequence uint32
	granule  int64 // samples of 48 kHz in packets
	taken    int64 // samples of each channel
	packets  int   // on the page
	table    []byte
	body     []byte
	page     []byte
}

// NewOpusWriter begins a file or stream, and writes its headers.
func NewOpusWriter(to io.Writer, o OpusOptions) (*OpusWriter, error) {
	if o.Channels != 1 && o.Channels != 2 {
		return nil, fmt.Errorf("audio: Opus of %d channels is not written", o.Channels)
	}
	w := &OpusWriter{to: to, o: o, serial: rand.Uint32(), payload: make([]byte, 1400)}
	for range o.Channels {
		e, err := codec.NewEncoder(codec.Opus, codec.Options{Rate: o.Rate, Bitrate: o.Bitrate})
		if err != nil {
			w.release()
			return nil, err
		}
		w.enc = append(w.enc, e)
	}
	w.frame = int(opusFrame * time.Duration(o.Rate) / time.Second)
	w.single = make([]int16, w.frame)
	if err := w.headers(); err != nil {
		w.release()
		return nil, err
	}
	return w, nil
}

// headers writes the two pages that a file begins with (RFC 7845 §5).
func (w *OpusWriter) headers() error {
	u16, u32 := binary.LittleEndian.AppendUint16, binary.LittleEndian.AppendUint32
	head := append([]byte("OpusHead"), 1, byte(w.o.Channels))
	head = u16(u32(u16(head, opusPreskip), uint32(w.o.Rate)), 0)
	if w.o.Channels == 1 {
		head = append(head, 0)
	} else {
		head = append(head, 1, 2, 0, 0, 1) // two streams, none of them stereo: left, right
	}
	w.add(head)
	if err := w.flush(oggFirst, 0); err != nil {
		return err
	}
	const vendor = "Dialtone"
	tags := append(u32([]byte("OpusTags"), uint32(len(vendor))), vendor...)
	tags = u32(tags, uint32(len(w.o.Comments)))
	for _, c := range w.o.Comments {
		tags = append(u32(tags, uint32(len(c))), c...)
	}
	if len(tags) > maxComments {
		return fmt.Errorf("audio: %d bytes of comments are too many", len(tags))
	}
	w.add(tags)
	return w.flush(0, 0)
}

// add puts a packet on the page.
func (w *OpusWriter) add(packet []byte) {
	n := len(packet)
	for ; n >= 255; n -= 255 {
		w.table = append(w.table, 255)
	}
	w.table = append(w.table, byte(n))
	w.body = append(w.body, packet...)
}

// flush writes the page in one go.
func (w *OpusWriter) flush(flags byte, granule int64) error {
	u32 := binary.LittleEndian.AppendUint32
	w.page = append(w.page[:0], 'O', 'g', 'g', 'S', 0, flags)
	w.page = binary.LittleEndian.AppendUint64(w.page, uint64(granule))
	w.page = u32(u32(u32(w.page, w.serial), w.sequence), 0)
	w.page = append(append(append(w.page, byte(len(w.table))), w.table...), w.body...)
	binary.LittleEndian.PutUint32(w.page[22:], oggSum(w.page))
	w.sequence++
	w.table, w.body, w.packets = w.table[:0], w.body[:0], 0
	_, err := w.to.Write(w.page)
	return err
}

// Write implements Writer.
func (w *OpusWriter) Write(pcm []int16) error {
	w.taken += int64(len(pcm) / w.o.Channels)
	size := w.frame * w.o.Channels
	if len(w.pending) > 0 {
		n := min(len(pcm), size-len(w.pending))
		w.pending = append(w.pending, pcm[:n]...)
		if pcm = pcm[n:]; len(w.pending) < size {
			return nil
		}
		if err := w.encode(w.pending); err != nil {
			return err
		}
		w.pending = w.pending[:0]
	}
	for ; len(pcm) >= size; pcm = pcm[size:] {
		if err := w.encode(pcm[:size]); err != nil {
			return err
		}
	}
	w.pending = append(w.pending, pcm...)
	return nil
}

// encode makes a packet of a frame, behind a page that is written if it is full.
func (w *OpusWriter) encode(pcm []int16) error {
	if w.packets == opusPage {
		if err := w.flush(0, w.granule); err != nil {
			return err
		}
	}
	w.packet = w.packet[:0]
	for c, enc := range w.enc {
		mono := pcm
		if w.o.Channels > 1 {
			for i := range w.single {
				w.single[i] = pcm[i*w.o.Channels+c]
			}
			mono = w.single
		}
		one := w.payload[:enc.Encode(w.payload, mono)]
		if len(one) == 0 || one[0]&3 != 0 { // not one frame
			one = append(one[:0], nothing)
		}
		if c == len(w.enc)-1 {
			w.packet = append(w.packet, one...)
		} else {
			w.packet = delimit(w.packet, one)
		}
	}
	w.add(w.packet)
	w.packets++
	w.granule += opusTicks
	return nil
}

// delimit appends a packet of one frame together with its length (RFC 6716, appendix
// B).
func delimit(out, packet []byte) []byte {
	n := len(packet) - 1
	out = append(out, packet[0])
	if n < 252 {
		out = append(out, byte(n))
	} else {
		first := 252 + n&3
		out = append(out, byte(first), byte((n-first)/4))
	}
	return append(out, packet[1:]...)
}

// Flush implements Writer. What is less than 20 ms stays.
func (w *OpusWriter) Flush() error {
	if w.packets > 0 {
		if err := w.flush(0, w.granule); err != nil {
			return err
		}
	}
	return sync(w.to)
}

// Length implements Writer.
func (w *OpusWriter) Length() time.Duration { return lasting(w.taken, w.o.Rate) }

// Close implements Writer.
func (w *OpusWriter) Close() error {
	defer w.release()
	// The encoder is late: some silence brings out the last of what it was given.
	end := opusPreskip + w.taken*opusClock/int64(w.o.Rate)
	for w.granule < end {
		frame := append(w.pending, make([]int16, w.frame*w.o.Channels-len(w.pending))...)
		if err := w.encode(frame); err != nil {
			return err
		}
		w.pending = w.pending[:0]
	}
	if err := w.flush(oggLast, end); err != nil {
		return err
	}
	return sync(w.to)
}

func (w *OpusWriter) release() {
	for _, e := range w.enc {
		e.Close()
	}
	w.enc = nil
}
