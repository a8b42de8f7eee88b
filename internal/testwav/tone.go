// Package testwav makes and reads audio files for tests.
package testwav

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"time"
)

// Format is how a file holds its audio. The zero Format is 8000 samples a second
// of 16 bits in one channel.
type Format struct {
	Rate     int // samples a second; 0 is 8000
	Channels int // 0 is 1
	// Encode makes bytes of a sample, for a Tag other than 1 (PCM).
	Encode func(sample int16) byte
	Tag    uint16
}

// Tone is a file with a tone of hz at a quarter of full scale, on every channel.
func (f Format) Tone(hz float64, d time.Duration) []byte {
	rate := max(f.Rate, 0)
	if rate == 0 {
		rate = 8000
	}
	pcm := make([]int16, int(d*time.Duration(rate)/time.Second))
	for i := range pcm {
		pcm[i] = int16(8192 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return f.File(pcm)
}

// File is a file with pcm on every channel.
func (f Format) File(pcm []int16) []byte {
	rate, channels, tag, width := f.Rate, max(1, f.Channels), f.Tag, 2
	if rate == 0 {
		rate = 8000
	}
	if tag == 0 {
		tag = 1
	}
	if f.Encode != nil {
		width = 1
	}
	u16, u32 := binary.LittleEndian.AppendUint16, binary.LittleEndian.AppendUint32
	size := len(pcm) * channels * width
	b := u32([]byte("RIFF"), uint32(36+size))
	b = u32(append(b, "WAVEfmt "...), 16)
	b = u16(u16(b, tag), uint16(channels))
	b = u32(u32(b, uint32(rate)), uint32(rate*channels*width))
	b = u16(u16(b, uint16(channels*width)), uint16(8*width))
	b = u32(append(b, "data"...), uint32(size))
	for _, s := range pcm {
		for range channels {
			if f.Encode != nil {
				b = append(b, f.Encode(s))
			} else {
				b = u16(b, uint16(s))
			}
		}
	}
	return b
}

// Write makes the file name, and the folders that it is in, with a tone.
func Write(name string, hz float64, d time.Duration) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, Format{}.Tone(hz, d), 0o600)
}
