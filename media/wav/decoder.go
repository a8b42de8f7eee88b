package wav

import (
	"io"
	"time"
)

// Decoder gives the audio of a file as one channel, at the rate that the file has. It
// is for one goroutine.
type Decoder struct{ r *Reader }

// NewDecoder reads the beginning of a file, like NewReader.
func NewDecoder(file io.ReadSeeker) (*Decoder, error) {
	r, err := open(file)
	if err != nil {
		return nil, err
	}
	return &Decoder{r}, nil
}

// Rate is that of the file, in samples a second.
func (d *Decoder) Rate() int { return d.r.format.rate }

// Length is how long the file plays.
func (d *Decoder) Length() time.Duration { return d.r.Length() }

// Decode fills pcm with what comes next, and gives how many samples that were: 0 at
// the end, and perhaps fewer than there is room for before.
func (d *Decoder) Decode(pcm []int16) int { return d.r.decode(pcm) }
