package audio

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"dialtone/media/resample"
)

// Clip is audio of a file or a stream at a rate that was asked for. It is for one
// goroutine.
type Clip struct {
	name   string
	rate   int
	reopen func() (decoder, error) // from its beginning; nil for a stream
	close  func() error
	length time.Duration

	dec     decoder
	re      *resample.Resampler // nil when dec has the rate
	old     []int16             // decoded
	out     []int16             // at the rate
	pending []int16             // of out: what is still to be read
	skip    int                 // samples at the rate that come before the first one
	tail    int                 // samples of silence that bring out the last ones
	played  int64               // samples at the rate, from the beginning
	ended   error
}

// decoder gives what a file holds, as one channel at a rate of its own.
type decoder interface {
	rate() int
	// decode fills pcm with what comes next: at least one sample, unless it gives an
	// error. io.EOF is the end.
	decode(pcm []int16) (int, error)
}

// sized is a decoder that knows how much there is.
type sized interface{ length() time.Duration }

// block is how many samples are decoded at once.
const block = 1024

// Open opens the file called name, without its suffix, in folder, as Find finds it, to
// be heard at rate.
func Open(folder, name string, rate int) (*Clip, error) {
	root, err := openRoot(folder, name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	found, _, err := find(root, folder, name)
	if err != nil {
		return nil, err
	}
	file, err := root.Open(found)
	if err != nil {
		return nil, err
	}
	return openFile(file, found, rate)
}

// OpenPath opens a file by its path, to be heard at rate.
func OpenPath(path string, rate int) (*Clip, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return openFile(file, filepath.Base(path), rate)
}

func openFile(file *os.File, name string, rate int) (*Clip, error) {
	c, err := NewClip(file, rate)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	c.name, c.close = name, file.Close
	return c, nil
}

// NewClip reads the beginning of a file, to be heard at rate. The error says what is
// wrong with it, and what to do.
func NewClip(file io.ReadSeeker, rate int) (*Clip, error) {
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	c := &Clip{rate: rate, close: func() error { return nil }}
	c.reopen = func() (decoder, error) {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return guard(func() (decoder, error) { return decoderOf(file, size, rate) })
	}
	if err := c.rewind(); err != nil {
		return nil, err
	}
	if s, ok := c.dec.(sized); ok {
		c.length = s.length()
	}
	return c, nil
}

// NewStream reads the beginning of a stream, to be heard at rate. It cannot be sought
// in, and Close does not close it.
func NewStream(r io.Reader, rate int) (*Clip, error) {
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	dec, err := guard(func() (decoder, error) { return streamDecoder(r, rate) })
	if err != nil {
		return nil, err
	}
	c := &Clip{rate: rate, close: func() error { return nil }}
	return c, c.use(dec)
}

func checkRate(rate int) error {
	if rate != 8000 && rate != 16000 && rate != 48000 {
		return fmt.Errorf("audio: a rate of %d Hz is not 8000, 16000 or 48000", rate)
	}
	return nil
}

// rewind begins again.
func (c *Clip) rewind() error {
	dec, err := c.reopen()
	if err != nil {
		return err
	}
	return c.use(dec)
}

// use begins to read from dec.
func (c *Clip) use(dec decoder) error {
	c.shut()
	c.dec, c.pending, c.played, c.ended = dec, nil, 0, nil
	c.re, c.skip, c.tail = nil, 0, 0
	if c.old == nil {
		c.old = make([]int16, block)
	}
	if dec.rate() == c.rate {
		return nil
	}
	re, err := resample.NewSharp(dec.rate(), c.rate)
	if err != nil {
		return err
	}
	c.re, c.skip, c.tail = re, re.Delay(), re.Tail()
	if n := re.Len(block) + 1; len(c.out) < n {
		c.out = make([]int16, n)
	}
	return nil
}

// shut gives back what the decoder holds.
func (c *Clip) shut() {
	if d, ok := c.dec.(io.Closer); ok {
		_ = d.Close()
	}
	c.dec = nil
}

// Name is that of the file, with its suffix.
func (c *Clip) Name() string { return c.name }

// Rate is the rate of what is read, in samples a second.
func (c *Clip) Rate() int { return c.rate }

// Length is how long it lasts, as far as the file says; 0 when it does not.
func (c *Clip) Length() time.Duration { return c.length }

// Position is how much of it lies behind.
func (c *Clip) Position() time.Duration {
	return time.Duration(c.played/int64(c.rate))*time.Second +
		time.Duration(c.played%int64(c.rate))*time.Second/time.Duration(c.rate)
}

// Read fills pcm with the samples that come next. It gives fewer only at the end, then
// 0 and io.EOF. What is broken ends there: the error says so once nothing is left.
func (c *Clip) Read(pcm []int16) (int, error) {
	n := 0
	for n < len(pcm) {
		if len(c.pending) == 0 && !c.fill() {
			break
		}
		got := copy(pcm[n:], c.pending)
		c.pending = c.pending[got:]
		n += got
	}
	c.played += int64(n)
	if n == 0 && len(pcm) > 0 {
		return 0, c.ended
	}
	return n, nil
}

// fill makes more samples, perhaps none yet; false at the end.
func (c *Clip) fill() bool {
	n := 0
	if c.ended == nil {
		n, c.ended = c.decode(c.old)
	}
	if c.re == nil {
		c.pending = c.old[:n]
		return n > 0 || c.ended == nil
	}
	if n == 0 && c.ended != nil {
		n = min(c.tail, len(c.old))
		c.tail -= n
		clear(c.old[:n])
	}
	if n == 0 {
		return c.ended == nil
	}
	made := c.re.Process(c.out, c.old[:n])
	skipped := min(c.skip, made)
	c.skip -= skipped
	c.pending = c.out[skipped:made]
	return true
}

// decode is that of the decoder, which may have faults.
func (c *Clip) decode(pcm []int16) (n int, err error) {
	if c.dec == nil {
		return 0, io.EOF
	}
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, errBroken
		}
	}()
	return c.dec.decode(pcm)
}

// errBroken is for a file that a decoder stumbled over.
var errBroken = errors.New("the file is broken: make it anew")

// guard opens a decoder, which may have faults.
func guard(open func() (decoder, error)) (dec decoder, err error) {
	defer func() {
		if r := recover(); r != nil {
			dec, err = nil, errBroken
		}
	}()
	return open()
}

// ErrNoSeek says that a stream cannot be sought in.
var ErrNoSeek = errors.New("a stream cannot be sought in")

// Seek goes on at a place; before the beginning is at the beginning, behind the end at
// the end. Going back decodes the file from its beginning.
func (c *Clip) Seek(to time.Duration) error {
	if c.reopen == nil {
		return ErrNoSeek
	}
	target := int64(max(to, 0)) * int64(c.rate) / int64(time.Second)
	if target < c.played {
		if err := c.rewind(); err != nil {
			return err
		}
	}
	// Most of the way needs no resampling.
	if c.re != nil {
		old := (target - c.played - int64(c.rate)/5) * int64(c.dec.rate()) / int64(c.rate)
		if old > 0 && c.ended == nil {
			c.leap(old)
		}
	}
	pcm := make([]int16, block)
	for c.played < target {
		if n, _ := c.Read(pcm[:min(block, target-c.played)]); n == 0 {
			return nil // the end, which the next Read says
		}
	}
	return nil
}

// leap leaves out n samples of the file.
func (c *Clip) leap(n int64) {
	native := int64(c.dec.rate())
	left := n
	for left > 0 && c.ended == nil {
		var got int
		got, c.ended = c.decode(c.old[:min(int64(len(c.old)), left)])
		left -= int64(got)
	}
	c.played += (n - left) * int64(c.rate) / native
}

// Close closes the file.
func (c *Clip) Close() error {
	c.shut()
	return c.close()
}
