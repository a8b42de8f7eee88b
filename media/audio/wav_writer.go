package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Target is what a recording is written to: an *os.File.
type Target interface {
	io.Writer
	io.WriterAt
	// Sync returns when everything is on the disk.
	Sync() error
}

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

// WAVWriter writes a WAV file of 16 bits. It can be killed at any moment: the header
// is put right all the time.
type WAVWriter struct {
	to       Target
	rate     int
	channels int
	buf      []byte
	written  int64 // bytes of audio
	says     int64 // the header
}

// NewWAVWriter begins a file, which must be empty.
func NewWAVWriter(to Target, rate, channels int) (*WAVWriter, error) {
	if rate < 1 || channels < 1 || channels > 8 {
		return nil, fmt.Errorf("audio: no file of %d channels at %d Hz is written", channels, rate)
	}
	w := &WAVWriter{to: to, rate: rate, channels: channels}
	_, err := to.Write(w.header(nil))
	return w, err
}

func (w *WAVWriter) header(b []byte) []byte {
	u16, u32 := binary.LittleEndian.AppendUint16, binary.LittleEndian.AppendUint32
	width := 2 * w.channels
	b = u32(append(b, "RIFF"...), uint32(wavHeader-8+w.written))
	b = u32(append(b, "WAVEfmt "...), 16)
	b = u32(u16(u16(b, 1), uint16(w.channels)), uint32(w.rate))
	b = u16(u16(u32(b, uint32(w.rate*width)), uint16(width)), 16)
	return u32(append(b, "data"...), uint32(w.written))
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
	w.buf = w.header(w.buf[:0])
	if _, err := w.to.WriteAt(w.buf, 0); err != nil {
		return err
	}
	w.says = w.written
	return nil
}

// Flush implements Writer.
func (w *WAVWriter) Flush() error { return errors.Join(w.patch(), w.to.Sync()) }

// Length implements Writer.
func (w *WAVWriter) Length() time.Duration {
	return lasting(w.written/int64(2*w.channels), w.rate)
}

// Close implements Writer.
func (w *WAVWriter) Close() error { return w.Flush() }
