package audio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hajimehoshi/go-mp3"
)

// mp3Decoder reads MP3 (MPEG 1 and 2, layer 3).
type mp3Decoder struct {
	in    *mp3Source
	dec   *mp3.Decoder
	hz    int
	first mp3Header // of the first frame
	lasts time.Duration
	buf   [4 * 1152]byte
}

// mp3Source lets the decoder read; what is no audio comes to an end.
type mp3Source struct {
	*bufio.Reader
	idle int // bytes since audio was found
}

const (
	maxIdle    = 1 << 20 // bytes without a frame, then it is no MP3
	maxStumble = 200     // frames in sequence that cannot be decoded
)

func (s *mp3Source) Read(p []byte) (int, error) {
	if s.idle > maxIdle {
		return 0, errUnknown
	}
	n, err := s.Reader.Read(p)
	s.idle += n
	return n, err
}

func newMP3Decoder(in *bufio.Reader) (decoder, error) {
	d := &mp3Decoder{in: &mp3Source{Reader: in}}
	if err := d.find(); err != nil {
		return nil, err
	}
	if err := d.begin(); err != nil {
		return nil, errUnknown
	}
	d.hz = d.dec.SampleRate()
	return d, nil
}

// find goes to the first frame.
func (d *mp3Decoder) find() error {
	for range maxIdle {
		head, err := d.in.Peek(4)
		if err != nil {
			return errUnknown
		}
		if h, ok := readMP3Header(head); ok && d.follows(h) {
			d.first = h
			return h.check()
		}
		if _, err := d.in.Discard(1); err != nil {
			return errUnknown
		}
	}
	return errUnknown
}

// follows reports whether another frame stands behind h, which is then none by chance.
func (d *mp3Decoder) follows(h mp3Header) bool {
	next, err := d.in.Peek(h.size() + 4)
	if err != nil {
		return errors.Is(err, io.EOF) && len(next) >= h.size()
	}
	g, ok := readMP3Header(next[h.size():])
	return ok && g.version == h.version && g.layer == h.layer && g.rate == h.rate
}

// begin starts decoding where the source stands. Frames that lean on others before
// them, which are not there, are left out.
func (d *mp3Decoder) begin() (err error) {
	for range maxStumble {
		if d.dec, err = mp3.NewDecoder(d.in); err == nil {
			return nil
		}
		if errors.Is(err, io.EOF) || d.in.idle > maxIdle {
			break
		}
	}
	d.dec = nil
	return err
}

func (d *mp3Decoder) rate() int { return d.hz }

func (d *mp3Decoder) length() time.Duration { return d.lasts }

func (d *mp3Decoder) decode(pcm []int16) (int, error) {
	n := 0
	for range maxStumble {
		if d.dec == nil {
			return 0, io.EOF
		}
		var err error
		n, err = d.dec.Read(d.buf[:min(len(d.buf), 4*len(pcm))])
		if n >= 4 {
			break
		}
		if errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		if err := d.begin(); err != nil {
			return 0, io.EOF // whatever stands behind the audio
		}
	}
	if n < 4 {
		return 0, errBroken
	}
	d.in.idle = 0
	for i := range n / 4 { // the decoder always gives two channels
		left, right := binary.LittleEndian.Uint16(d.buf[4*i:]), binary.LittleEndian.Uint16(d.buf[4*i+2:])
		pcm[i] = int16((int(int16(left)) + int(int16(right))) / 2)
	}
	return n / 4, nil
}

// measure implements measured, by what the first frame says: how many there are, or
// else how many bytes a second takes.
func (d *mp3Decoder) measure(file io.ReadSeeker, size int64) error {
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	begin := max(0, at-int64(d.in.Buffered())-int64(d.in.idle))
	if _, err := file.Seek(begin, io.SeekStart); err != nil {
		return err
	}
	head := make([]byte, 256)
	n, _ := io.ReadFull(file, head)
	if frames := d.first.frames(head[:n]); frames > 0 {
		d.lasts = lasting(int64(frames)*int64(d.first.samples()), d.hz)
	} else {
		d.lasts = lasting((size-begin)*8*int64(d.hz)/int64(max(d.first.bitrate, 1)), d.hz)
	}
	_, err = file.Seek(at, io.SeekStart)
	return err
}

// mp3Header is what stands before every frame.
type mp3Header struct {
	version int // 1, 2; 25 is 2.5
	layer   int
	bitrate int // bits a second
	rate    int
	padded  bool
	mono    bool
}

func readMP3Header(b []byte) (h mp3Header, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return h, false
	}
	h.version = [...]int{25, 0, 2, 1}[b[1]>>3&3]
	h.layer = 4 - int(b[1]>>1&3)
	index, rate := int(b[2]>>4), int(b[2]>>2&3)
	if h.version == 0 || h.layer != 3 || index == 0 || index == 15 || rate == 3 {
		return h, false
	}
	h.bitrate = [...]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}[index] * 1000
	if h.version == 1 {
		h.bitrate = [...]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}[index] * 1000
	}
	h.rate = [...]int{44100, 48000, 32000}[rate] / map[int]int{1: 1, 2: 2, 25: 4}[h.version]
	h.padded, h.mono = b[2]&2 != 0, b[3]>>6 == 3
	return h, true
}

// check says what keeps frames from being decoded.
func (h mp3Header) check() error {
	if h.version == 25 {
		return fmt.Errorf("it is an MP3 of %d samples a second, a kind that is not known here; convert it: ffmpeg -i IN.mp3 -ar 16000 OUT.wav", h.rate)
	}
	return nil
}

// samples is how many a frame holds.
func (h mp3Header) samples() int {
	if h.version == 1 {
		return 1152
	}
	return 576
}

// size is how many bytes a frame has.
func (h mp3Header) size() int {
	n := h.samples() / 8 * h.bitrate / h.rate
	if h.padded {
		n++
	}
	return n
}

// frames is how many the file has, if its first frame says so.
func (h mp3Header) frames(frame []byte) int {
	at := 4 + 32
	switch {
	case h.version == 1 && h.mono, h.version != 1 && !h.mono:
		at = 4 + 17
	case h.version != 1:
		at = 4 + 9
	}
	if len(frame) < at+12 || string(frame[at:at+4]) != "Xing" && string(frame[at:at+4]) != "Info" || frame[at+7]&1 == 0 {
		return 0
	}
	return int(binary.BigEndian.Uint32(frame[at+8:]))
}
