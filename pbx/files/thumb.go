package files

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // pages may make either
	"io"
	"os"
)

const (
	// MaxPicture is how many bytes a small picture has at most.
	MaxPicture  = 512 << 10
	pictureSide = 1024 // pixels
	quality     = 82
	// maxScans bounds how often a JPEG goes over its pixels: what canvases make does so once,
	// and a few bytes are enough for one more time.
	maxScans = 64
)

// Picture reads a small picture that a page has made, and draws it anew: what else was in
// the bytes is gone.
func Picture(r io.Reader) (jpg []byte, size image.Point, err error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxPicture+1))
	if err != nil {
		return nil, size, err
	}
	head, kind, err := image.DecodeConfig(bytes.NewReader(b))
	if kind == "jpeg" && bytes.Count(b, []byte{0xff, 0xda}) > maxScans {
		return nil, size, ErrPicture
	}
	if err != nil || len(b) > MaxPicture || head.Width > pictureSide || head.Height > pictureSide || head.Width < 1 || head.Height < 1 {
		return nil, size, ErrPicture
	}
	picture, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, size, ErrPicture
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, size, ErrPicture
	}
	return out.Bytes(), picture.Bounds().Size(), nil
}

// SetThumb keeps the small picture of a file, for its sender.
func (s *Store) SetThumb(id, extension string, r io.Reader) error {
	f, err := s.Get(id, extension)
	if err != nil || f.From != extension {
		return ErrUnknown
	}
	jpg, size, err := Picture(r)
	if err != nil {
		return err
	}
	if err := s.room.RoomFor(uint64(len(jpg))); err != nil {
		return err
	}
	return s.illustrate(id, jpg, size)
}

// illustrate puts a small picture beside its file. Its bytes count as those of the file do.
func (s *Store) illustrate(id string, jpg []byte, size image.Point) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.all[id]
	more := int64(len(jpg)) - f.Picture
	switch {
	case !known:
		return ErrUnknown
	case more > 0 && s.used[f.From]+more > s.Config().Web.Files.QuotaBytes():
		return ErrQuota
	}
	if err := s.put(id+".jpg", jpg); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	f.Width, f.Height, f.Picture = size.X, size.Y, int64(len(jpg))
	if err := s.write(f); err != nil {
		return err
	}
	s.all[id] = f
	s.used[f.From] += more
	return nil
}

// Thumb is the small picture of a file, for somebody who may have it.
func (s *Store) Thumb(id, extension string) ([]byte, error) {
	f, err := s.Get(id, extension)
	switch {
	case err != nil:
		return nil, err
	case f.State != Ready:
		return nil, ErrHeld
	case f.Width == 0:
		return nil, ErrUnknown
	}
	return os.ReadFile(s.path(id, ".jpg"))
}
