package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Writer takes audio as it comes. It is for one goroutine. After an error of Write
// what came before stays playable.
type Writer interface {
	// Write takes samples; those of several channels alternate.
	Write(pcm []int16) error
	// Flush returns when what was written so far is on the disk and plays.
	Flush() error
	// Length is how much was written.
	Length() time.Duration
	// Close writes what is left. It does not close the target.
	Close() error
}

// ErrFull says that a file cannot hold more.
var ErrFull = errors.New("the file is full")

const (
	wavHeader = 44
	wavMost   = 1<<32 - 1 - wavHeader // bytes of audio
	// wavPatch is how much audio is written until the header says so: by that much it
	// is short when the process is killed, and the file is longer than it says.
	wavPatch = 500 * time.Millisecond
)

// sync returns when everything is on the disk, if to can tell.
func sync(to io.Writer) error {
	if s, ok := to.(interface{ Sync() error }); ok {
		return s.Sync()
	}
	return nil
}

// WAVWriter writes a WAV file of 16 bits. It can be killed at any moment: the header
// is put right all the time. To what is no io.WriterAt the header says that the audio
// goes on to the end of the file, which is what players do with it.
type WAVWriter struct {
	to       io.Writer
	at       io.WriterAt
	rate     int
	channels int
	buf      []byte
	written  int64 // bytes of audio
	says     int64 // the header
}

// NewWAVWriter begins a file, which must be empty.
func NewWAVWriter(to io.Writer, rate, channels int) (*WAVWriter, error) {
	if rate < 1 || channels < 1 || channels > 8 {
		return nil, fmt.Errorf("audio: no file of %d channels at %d Hz is written", channels, rate)
	}
	w := &WAVWriter{to: to, rate: rate, channels: channels}
	w.at, _ = to.(io.WriterAt)
	_, err := to.Write(w.header(nil))
	return w, err
}

func (w *WAVWriter) header(b []byte) []byte {
	u16, u32 := binary.LittleEndian.AppendUint16, binary.LittleEndian.AppendUint32
	width := 2 * w.channels
	size, most := wavHeader-8+w.written, int64(1<<32-1)
	audio := w.written
	if w.at == nil {
		size, audio = most, most
	}
	b = u32(append(b, "RIFF"...), uint32(size))
	b = u32(append(b, "WAVEfmt "...), 16)
	b = u32(u16(u16(b, 1), uint16(w.channels)), uint32(w.rate))
	b = u16(u16(u32(b, uint32(w.rate*width)), uint16(width)), 16)
	return u32(append(b, "data"...), uint32(audio))
}

// Write implements Writer.
func (w *WAVWriter) Write(pcm []int16) error {
	if w.written+int64(2*len(pcm)) > wavMost {
		return ErrFull
	}
	w.buf = w.buf[:0]
	for _, s := range pcm {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(s))
	}
	n, err := w.to.Write(w.buf)
	w.written += int64(n)
	if err != nil {
		return err
	}
	if w.written-w.says >= int64(wavPatch)*int64(w.rate*w.channels*2)/int64(time.Second) {
		return w.patch()
	}
	return nil
}

// patch puts the header right.
func (w *WAVWriter) patch() error {
	if w.at == nil {
		return nil
	}
	w.buf = w.header(w.buf[:0])
	if _, err := w.at.WriteAt(w.buf, 0); err != nil {
		return err
	}
	w.says = w.written
	return nil
}

// Flush implements Writer.
func (w *WAVWriter) Flush() error { return errors.Join(w.patch(), sync(w.to)) }

// Length implements Writer.
func (w *WAVWriter) Length() time.Duration {
	return lasting(w.written/int64(2*w.channels), w.rate)
}

// Close implements Writer.
func (w *WAVWriter) Close() error { return w.Flush() }
