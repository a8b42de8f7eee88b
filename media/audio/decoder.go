package audio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"dialtone/media/resample"
)

// errUnknown says that something is no audio that can be read here.
var errUnknown = errors.New("it is no WAV, FLAC, Opus, Vorbis or MP3; convert it: ffmpeg -i IN OUT.wav")

// decoderOf finds out what a file of size bytes holds, which stands at its beginning.
func decoderOf(file io.ReadSeeker, size int64, rate int) (decoder, error) {
	head := make([]byte, 12)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if head = head[:n]; bytes.HasPrefix(head, []byte("RIFF")) {
		return newWAVDecoder(file, size)
	}
	dec, err := streamDecoder(file, rate)
	if err != nil {
		return nil, err
	}
	if m, ok := dec.(measured); ok {
		if err := m.measure(file, size); err != nil {
			return nil, err
		}
	}
	return dec, nil
}

// measured is a decoder that can find out how long a file is; it leaves the file where
// it stands.
type measured interface {
	measure(file io.ReadSeeker, size int64) error
}

// streamDecoder finds out what a stream holds.
func streamDecoder(r io.Reader, rate int) (decoder, error) {
	in := bufio.NewReaderSize(r, 16<<10)
	if err := skipID3(in); err != nil {
		return nil, err
	}
	head, err := in.Peek(4)
	if len(head) < 4 {
		if err == nil || errors.Is(err, io.EOF) {
			err = errUnknown
		}
		return nil, err
	}
	var dec decoder
	switch {
	case string(head) == "fLaC":
		dec, err = newFLACDecoder(in)
	case string(head) == "OggS":
		dec, err = newOggDecoder(in, rate)
	default:
		dec, err = newMP3Decoder(in)
	}
	if err != nil {
		return nil, err
	}
	if r := dec.rate(); r < resample.MinRate || r > resample.MaxRate {
		return nil, fmt.Errorf("it has %d samples a second, not %d to %d", r, resample.MinRate, resample.MaxRate)
	}
	return dec, nil
}

// skipID3 leaves out what some programs put before the audio: names, covers.
func skipID3(in *bufio.Reader) error {
	for range 4 {
		head, _ := in.Peek(10)
		if len(head) < 10 || string(head[:3]) != "ID3" {
			return nil
		}
		size := int(head[6]&0x7f)<<21 | int(head[7]&0x7f)<<14 | int(head[8]&0x7f)<<7 | int(head[9]&0x7f)
		if head[5]&0x10 != 0 { // a footer
			size += 10
		}
		if _, err := in.Discard(10 + size); err != nil {
			return errUnknown
		}
	}
	return errUnknown
}

// lasting is how long n samples at rate are.
func lasting(n int64, rate int) time.Duration {
	if n <= 0 || rate <= 0 || n/int64(rate) > int64(maxLength/time.Second) {
		return 0
	}
	r := int64(rate)
	return time.Duration(n/r)*time.Second + time.Duration(n%r)*time.Second/time.Duration(r)
}

// maxLength is what no file is longer than; who says so is not believed.
const maxLength = 1000 * time.Hour
