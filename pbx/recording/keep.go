package recording

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"

	"dialtone/storage"
)

// keep makes a recording of a file that is complete. When it returns without an error, it
// is there for good.
func (s *Service) keep(r *storage.Recording) error {
	path, err := s.path(r)
	if err != nil {
		return err
	}
	if r.SHA256, r.Bytes, err = sum(path); err != nil {
		return err
	}
	if err := s.syncFolders(path); err != nil {
		return err
	}
	r.State = storage.RecordingKept
	return s.store.SaveRecording(*r)
}

func sum(path string) (hash string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// syncFolders makes the name of a file durable, with those of the folders that it is in.
func (s *Service) syncFolders(path string) error {
	for dir := filepath.Dir(path); len(dir) >= len(s.folder); dir = filepath.Dir(dir) {
		if err := s.sync(dir); err != nil {
			return err
		}
		if dir == s.folder {
			break
		}
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Fault is a recording that is not as it was made.
type Fault struct {
	ID   string `json:"id"`
	File string `json:"file"`
	Why  string `json:"why"`
}

// Verify reads all files again, compares them with what is known of them, and says how many
// are as they were made, and what is wrong with the others. stop ends it, when it reports
// true.
func (s *Service) Verify(stop func() bool) (good int, faults []Fault, err error) {
	var list []storage.Recording
	err = s.Recordings(storage.RecordingFilter{}, func(r storage.Recording) bool {
		if r.State == storage.RecordingKept {
			list = append(list, r)
		}
		return true
	})
	for i := range list {
		if stop() {
			break
		}
		if why := s.fault(&list[i]); why != "" {
			if _, err := s.find(list[i].ID); errors.Is(err, ErrNotFound) {
				continue // it was deleted meanwhile
			}
			faults = append(faults, Fault{ID: list[i].ID, File: list[i].File, Why: why})
			continue
		}
		good++
	}
	return good, faults, err
}

func (s *Service) fault(r *storage.Recording) string {
	path, err := s.path(r)
	if err != nil {
		return err.Error()
	}
	hash, size, err := sum(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "the file is gone"
	case err != nil:
		return err.Error()
	case hash != r.SHA256 || size != r.Bytes:
		return "the file was changed"
	}
	return ""
}
