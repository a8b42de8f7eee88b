package personal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// SetPicture keeps the picture of an extension; none is no picture.
func (b *Book) SetPicture(extension string, jpg []byte) error {
	tag := ""
	if len(jpg) > 0 {
		sum := sha256.Sum256(jpg)
		tag = hex.EncodeToString(sum[:8])
	}
	return b.Change(extension, func(o *Own) error {
		o.Picture = tag
		if tag != "" {
			return b.write(extension+".jpg", jpg)
		}
		if err := os.Remove(filepath.Join(b.folder, extension+".jpg")); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// Picture is that of an extension, as a JPEG.
func (b *Book) Picture(extension string) ([]byte, error) {
	if b.Of(extension).Picture == "" {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(filepath.Join(b.folder, extension+".jpg"))
}
