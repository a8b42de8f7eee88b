package audio

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

// wavDecoder reads WAV (RIFF WAVE).
type wavDecoder struct {
	format wavFormat
	frames int64 // that the file has, each one sample of every channel
	source *bufio.Reader
	left   int64 // frames
	raw    []byte
}

// What a file may hold.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xfffe
)

// wavFormat is the chunk "fmt ".
type wavFormat struct {
	tag      uint16
	channels int
	rate     int
	bits     int
}

const (
	maxChunks   = 100 // that are skipped on the way to the audio
	maxChannels = 8
	wavBlock    = 512 // frames that are decoded at once
)

// newWAVDecoder finds the audio in a file of size bytes, which stands at its beginning.
func newWAVDecoder(r io.ReadSeeker, size int64) (*wavDecoder, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, errUnknown
	}
	out := &wavDecoder{}
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
	out.raw = make([]byte, wavBlock*f.frame())
	return out, nil
}

// chunks finds the format and where the audio stands.
func (r *wavDecoder) chunks(file io.ReadSeeker, size int64) (at, length int64, err error) {
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
			if r.format, err = readWAVFormat(file, length); err != nil {
				return 0, 0, err
			}
		case "data":
			if r.format.rate == 0 {
				return 0, 0, errBroken
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

func readWAVFormat(file io.Reader, length int64) (wavFormat, error) {
	var b [40]byte
	n := min(length, int64(len(b)))
	if _, err := io.ReadFull(file, b[:n]); err != nil || n < 16 {
		return wavFormat{}, errBroken
	}
	u16 := binary.LittleEndian.Uint16
	f := wavFormat{tag: u16(b[:]), channels: int(u16(b[2:])), rate: int(binary.LittleEndian.Uint32(b[4:])), bits: int(u16(b[14:]))}
	if f.tag == wavExtensible && n == 40 {
		f.tag = u16(b[24:])
	}
	return f, f.check()
}

// check says what keeps a file from being played.
func (f wavFormat) check() error {
	const remedy = "; convert it: sox IN.wav -c 1 -b 16 OUT.wav"
	widths := []int{8}
	switch f.tag {
	case wavPCM:
		widths = []int{8, 16, 24, 32}
	case wavFloat:
		widths = []int{32, 64}
	case wavALaw, wavMuLaw:
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
func (f wavFormat) frame() int { return f.channels * f.bits / 8 }

func (r *wavDecoder) rate() int { return r.format.rate }

func (r *wavDecoder) length() time.Duration { return lasting(r.frames, r.format.rate) }

// decode implements decoder. A file that cannot be read to its end ends there.
func (r *wavDecoder) decode(out []int16) (int, error) {
	f := r.format
	want := min(int64(len(out)), r.left, wavBlock)
	raw := r.raw[:want*int64(f.frame())]
	got, err := io.ReadFull(r.source, raw)
	n := got / f.frame()
	r.left -= int64(n)
	if err != nil {
		r.left = 0
	}
	if n == 0 {
		return 0, io.EOF
	}
	for i := range n {
		sum := 0
		for c := range f.channels {
			sum += f.sample(raw, i*f.channels+c)
		}
		out[i] = int16(sum / f.channels)
	}
	return n, nil
}

// sample is the i-th sample in raw, as one of 16 bits.
func (f wavFormat) sample(raw []byte, i int) int {
	raw = raw[i*f.bits/8:]
	switch f.tag {
	case wavALaw:
		return int(codec.AlawSample(raw[0]))
	case wavMuLaw:
		return int(codec.UlawSample(raw[0]))
	case wavFloat:
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
