package audio

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// FuzzOgg takes Ogg whose checksums are right, whatever else is wrong.
func FuzzOgg(f *testing.F) {
	for name, file := range files(f) {
		if strings.HasSuffix(name, ".ogg") || strings.HasSuffix(name, ".opus") {
			f.Add(file[:min(len(file), 6000)])
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		mend(file)
		for _, whole := range []bool{false, true} {
			c, err := NewStream(bytes.NewReader(file), 8000)
			if whole {
				c, err = NewClip(bytes.NewReader(file), 8000)
			}
			if err != nil {
				continue
			}
			pcm := make([]int16, 2000)
			for range 4 {
				n, err := c.Read(pcm)
				if err != nil {
					break
				}
				if n == 0 {
					t.Fatal("no samples, no error")
				}
			}
			if l := c.Length(); l < 0 || l > maxLength {
				t.Errorf("it lasts %v", l)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// mend puts the checksums of pages right.
func mend(file []byte) {
	for {
		at := bytes.Index(file, []byte("OggS"))
		if at < 0 || len(file) < at+oggHeader {
			return
		}
		file = file[at:]
		end := oggHeader + int(file[26])
		if len(file) < end {
			return
		}
		for _, n := range file[oggHeader:end] {
			end += int(n)
		}
		if end = min(end, len(file)); end < oggHeader {
			return
		}
		binary.LittleEndian.PutUint32(file[22:], oggSum(file[:end]))
		file = file[end:]
	}
}

// What is damaged counts for as much as it is, so that a stream of it comes to an end.
func TestDamagedPagesAreGivenUp(t *testing.T) {
	page := append([]byte("OggS\x00\x02"), make([]byte, oggHeader-6+255+255*255)...)
	page[26] = 255
	copy(page[oggHeader:], bytes.Repeat([]byte{255}, 255))
	stream := &endless{page: page}
	if _, err := NewStream(stream, 8000); err == nil {
		t.Fatal("it was opened")
	}
	if stream.given > 2*maxLost {
		t.Errorf("%d bytes were read", stream.given)
	}
}

// endless gives the same page again and again.
type endless struct {
	page  []byte
	given int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.page[e.given%len(e.page):])
	e.given += n
	return n, nil
}
