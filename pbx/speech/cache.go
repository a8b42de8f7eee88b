package speech

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// cache keeps what was spoken in files that are named by hashes. What was not asked for
// longest goes first.
type cache struct {
	folder string
	mu     sync.Mutex // of those who write
	size   int64      // of the files
	known  bool       // size is
}

const suffix = ".wav"

func (c *cache) path(key string) string { return filepath.Join(c.folder, key+suffix) }

// get gives what is kept under a key, nil when nothing is.
func (c *cache) get(key string) []byte {
	info, err := os.Lstat(c.path(key))
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxAudio {
		return nil
	}
	data, err := os.ReadFile(c.path(key))
	if err != nil {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(c.path(key), now, now) // it was asked for
	return data
}

// put keeps data under a key, unless it is more than most bytes, and makes room for it.
func (c *cache) put(key string, data []byte, most int64) error {
	if int64(len(data)) > most {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return err
	}
	if err := c.room(most - int64(len(data))); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.folder, "new")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.path(key))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	c.size += int64(len(data))
	return nil
}

// room deletes files until there are no more than most bytes.
func (c *cache) room(most int64) error {
	if c.known && c.size <= most {
		return nil
	}
	list, err := os.ReadDir(c.folder)
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	c.size, c.known = 0, true
	for _, e := range list {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if !strings.HasSuffix(e.Name(), suffix) { // left by who was killed while writing
			_ = os.Remove(filepath.Join(c.folder, e.Name()))
			continue
		}
		files = append(files, info)
		c.size += info.Size()
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, f := range files {
		if c.size <= most {
			break
		}
		if err := os.Remove(filepath.Join(c.folder, f.Name())); err != nil {
			return err
		}
		c.size -= f.Size()
	}
	return nil
}
