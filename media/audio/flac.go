package audio

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
)

// flacDecoder reads FLAC.
type flacDecoder struct {
	stream *flac.Stream
	frame  *frame.Frame
	at     int // in frame: the next sample
	shift  int // of samples to 16 bits; negative is to the left
}

func newFLACDecoder(in io.Reader) (decoder, error) {
	s, err := flac.New(in)
	if err != nil {
		return nil, fmt.Errorf("the FLAC file is broken: %w", err)
	}
	return &flacDecoder{stream: s, shift: int(s.Info.BitsPerSample) - 16}, nil
}

func (d *flacDecoder) rate() int { return int(d.stream.Info.SampleRate) }

func (d *flacDecoder) length() time.Duration {
	return lasting(int64(min(d.stream.Info.NSamples, 1<<62)), d.rate())
}

func (d *flacDecoder) decode(pcm []int16) (int, error) {
	for d.frame == nil || d.at >= int(d.frame.BlockSize) {
		f, err := d.stream.ParseNext()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return 0, io.EOF // one that was cut off plays to where it is
		case err != nil:
			return 0, fmt.Errorf("the FLAC file is broken: %w", err)
		case len(f.Subframes) == 0:
			return 0, errBroken
		}
		d.frame, d.at = f, 0
	}
	n := min(len(pcm), int(d.frame.BlockSize)-d.at)
	channels := len(d.frame.Subframes)
	for i := range n {
		sum := 0
		for _, s := range d.frame.Subframes {
			sum += int(s.Samples[d.at+i])
		}
		pcm[i] = d.narrow(sum / channels)
	}
	d.at += n
	return n, nil
}

// narrow is a sample of 16 bits.
func (d *flacDecoder) narrow(v int) int16 {
	if d.shift < 0 {
		v <<= -d.shift
	} else {
		v >>= d.shift
	}
	return int16(min(max(v, -32768), 32767))
}
