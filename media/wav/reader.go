// Package wav reads audio files (RIFF WAVE) as telephones need them: one channel,
// 8000 samples a second, a little at a time.
package wav

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"dialtone/media/codec"
	"dialtone/media/resample"
)

// Rate is that of what is read, in samples a second.
const Rate = 8000

// Reader gives the audio of a file. It is for one goroutine.
type Reader struct {
	format format
	frames int64 // that the file has, each one sample of every channel
	source *bufio.Reader
	left   int64 // frames
	raw    []byte
	filter *filter // nil when the file has Rate
}

// What a file may hold.
const (
	formatPCM        = 1
	formatFloat      = 3
	formatALaw       = 6
	formatMuLaw      = 7
	formatExtensible = 0xfffe
)

// format is the chunk "fmt ".
type format struct {
	tag      uint16
	channels int
	rate     int
	bits     int
}

const (
	maxChunks   = 100 // that are skipped on the way to the audio
	maxChannels = 8
	block       = 512 // frames that are decoded at once
)

// errNotWAV says that a file is something else.
var errNotWAV = errors.New("it is no WAV file")

// NewReader reads the beginning of a file. The error says what is wrong with it,
// and what to do.
func NewReader(r io.ReadSeeker) (*Reader, error) {
	out, err := open(r)
	if err != nil || out.format.rate == Rate {
		return out, err
	}
	if out.filter, err = newFilter(out.format.rate, out.decode); err != nil {
		return nil, err
	}
	return out, nil
}

// open finds the audio in a file.
func open(r io.ReadSeeker) (*Reader, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, err
	}
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, errNotWAV
	}
	out := &Reader{}
	at, length, err := out.chunks(r, size)
	if err != nil {
		return nil, err
	}
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return nil, err
	}
	f := out.format
	out.frames = length / int64(f.frame())
	out.left = out.frames
	out.source = bufio.NewReaderSize(r, 4096)
	out.raw = make([]byte, block*f.frame())
	return out, nil
}

// chunks finds the format and where the audio stands.
func (r *Reader) chunks(file io.ReadSeeker, size int64) (at, length int64, err error) {
	at = 12
	for range maxChunks {
		var head [8]byte
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return 0, 0, err
		}
		if _, err := io.ReadFull(file, head[:]); err != nil {
			break
		}
		at += 8
		length = int64(binary.LittleEndian.Uint32(head[4:]))
		switch string(head[:4]) {
		case "fmt ":
			if r.format, err = readFormat(file, length); err != nil {
				return 0, 0, err
			}
		case "data":
			if r.format.rate == 0 {
				return 0, 0, errNotWAV
			}
			// Who was interrupted while writing has left a length that is not true.
			if left := size - at; length == 0 || length > left {
				length = left
			}
			return at, length, nil
		}
		at += length + length&1
	}
	return 0, 0, errors.New("there is no audio in the WAV file")
}

func readFormat(file io.Reader, length int64) (format, error) {
	var b [40]byte
	n := min(length, int64(len(b)))
	if _, err := io.ReadFull(file, b[:n]); err != nil || n < 16 {
		return format{}, errNotWAV
	}
	u16 := binary.LittleEndian.Uint16
	f := format{tag: u16(b[:]), channels: int(u16(b[2:])), rate: int(binary.LittleEndian.Uint32(b[4:])), bits: int(u16(b[14:]))}
	if f.tag == formatExtensible && n == 40 {
		f.tag = u16(b[24:])
	}
	return f, f.check()
}

// check says what keeps a file from being played.
func (f format) check() error {
	const remedy = "; convert it: sox IN.wav -c 1 -b 16 OUT.wav"
	widths := []int{8}
	switch f.tag {
	case formatPCM:
		widths = []int{8, 16, 24, 32}
	case formatFloat:
		widths = []int{32, 64}
	case formatALaw, formatMuLaw:
	default:
		return fmt.Errorf("it holds audio of kind %d, not PCM, A-law or µ-law%s", f.tag, remedy)
	}
	switch {
	case !slices.Contains(widths, f.bits):
		return fmt.Errorf("its samples have %d bits, which nobody writes%s", f.bits, remedy)
	case f.channels < 1 || f.channels > maxChannels:
		return fmt.Errorf("it has %d channels, not 1 to %d%s", f.channels, maxChannels, remedy)
	case f.rate < resample.MinRate || f.rate > resample.MaxRate:
		return fmt.Errorf("it has %d samples a second, not %d to %d%s", f.rate, resample.MinRate, resample.MaxRate, remedy)
	}
	return nil
}

// frame is how many bytes one sample of every channel takes.
func (f format) frame() int { return f.channels * f.bits / 8 }

// Length is how long the file plays.
func (r *Reader) Length() time.Duration {
	rate := int64(r.format.rate)
	return time.Duration(r.frames/rate)*time.Second + time.Duration(r.frames%rate)*time.Second/time.Duration(rate)
}

// Read fills pcm with the samples that come next. It gives fewer only at the end,
// then 0 and io.EOF.
func (r *Reader) Read(pcm []int16) (int, error) {
	n := 0
	for n < len(pcm) {
		var got int
		if r.filter != nil {
			got = r.filter.read(pcm[n:])
		} else {
			got = r.samples(pcm[n:])
		}
		if got == 0 {
			break
		}
		n += got
	}
	if n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// samples decodes to pcm what comes next.
func (r *Reader) samples(pcm []int16) int { return r.decode(pcm[:min(len(pcm), block)]) }

// decode gives the frames that come next, as one channel at the rate of the file;
// 0 at its end. A file that cannot be read to its end ends there.
func (r *Reader) decode(out []int16) int {
	f := r.format
	want := min(int64(len(out)), r.left, block)
	raw := r.raw[:want*int64(f.frame())]
	got, err := io.ReadFull(r.source, raw)
	n := got / f.frame()
	r.left -= int64(n)
	if err != nil {
		r.left = 0
	}
	for i := range n {
		sum := 0
		for c := range f.channels {
			sum += f.sample(raw, i*f.channels+c)
		}
		out[i] = int16(sum / f.channels)
	}
	return n
}

// sample is the i-th sample in raw, as one of 16 bits.
func (f format) sample(raw []byte, i int) int {
	raw = raw[i*f.bits/8:]
	switch f.tag {
	case formatALaw:
		return int(codec.AlawSample(raw[0]))
	case formatMuLaw:
		return int(codec.UlawSample(raw[0]))
	case formatFloat:
		if f.bits == 64 {
			return fromFloat(math.Float64frombits(binary.LittleEndian.Uint64(raw)))
		}
		return fromFloat(float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
	}
	if f.bits == 8 {
		return (int(raw[0]) - 128) << 8
	}
	return int(int16(binary.LittleEndian.Uint16(raw[f.bits/8-2:]))) // the two bytes that weigh most
}

// fromFloat is a sample of -1 to 1 as one of 16 bits.
func fromFloat(v float64) int {
	if math.IsNaN(v) {
		return 0
	}
	return int(math.Round(min(max(v*-math.MinInt16, math.MinInt16), math.MaxInt16)))
}
