package recording

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dialtone/media/audio"
	"dialtone/media/record"
	"dialtone/media/sealed"
	"dialtone/storage"
)

// interrupted is why what is recovered is not complete.
const interrupted = "the server ended while it was made"

// recover finishes what was interrupted.
func (s *Service) recover() error {
	known := map[string]bool{}
	var left []storage.Recording
	err := s.store.Recordings(storage.RecordingFilter{}, func(r storage.Recording) bool {
		known[r.File] = true
		if r.State != storage.RecordingKept {
			left = append(left, r)
		}
		return true
	})
	if err != nil {
		return err
	}
	for i := range left {
		r := &left[i]
		if r.State == storage.RecordingDeleted {
			err = s.forget(r)
		} else {
			err = s.rescue(r)
		}
		if err != nil {
			s.log.Error("a recording that was interrupted cannot be put right", eventKey, event, "recording", r.ID, "file", r.File, "error", err)
		}
	}
	return s.adopt(known)
}

// rescue makes a recording of what is in its file.
func (s *Service) rescue(r *storage.Recording) error {
	name, err := s.path(r)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Size() <= nothing {
		s.log.Warn("a recording was interrupted before anything of it was on the disk", "recording", r.ID, "call", r.Call)
		return s.forget(r)
	}
	if err != nil {
		return err
	}
	r.Incomplete = cmp.Or(r.Incomplete, interrupted)
	if !r.Sealed { // what is in those cannot be looked at
		if r.Format == "wav" {
			err = correct(name)
		}
		if err == nil {
			r.Length, err = length(name)
		}
		if err != nil {
			r.Incomplete += "; " + err.Error()
		}
	}
	s.log.Warn("a recording was interrupted by the end of the server; what was recorded is kept", "recording", r.ID, "call", r.Call, "length", r.Length)
	return s.keep(r)
}

// length is how much audio is in a file.
func length(name string) (time.Duration, error) {
	clip, err := audio.OpenPath(name, record.Rate)
	if err != nil {
		return 0, err
	}
	return clip.Length(), clip.Close()
}

const (
	wavHeader = 44  // bytes of the head of a WAV file that we write
	nothing   = 500 // bytes at most of a file that holds no audio yet
)

// correct writes into the head of a WAV file how long it is.
func correct(name string) error {
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, wavHeader)
	if _, err := file.ReadAt(head, 0); err != nil {
		return err
	}
	frame := max(1, int64(binary.LittleEndian.Uint16(head[32:])))
	sound := (info.Size() - wavHeader) / frame * frame
	binary.LittleEndian.PutUint32(head[4:], uint32(wavHeader-8+sound))
	binary.LittleEndian.PutUint32(head[wavHeader-4:], uint32(sound))
	_, err = file.WriteAt(head, 0)
	return errors.Join(err, file.Truncate(wavHeader+sound), file.Sync())
}

// adopt makes recordings of files that belong to none, as there are when the store is one
// of yesterday.
func (s *Service) adopt(known map[string]bool) error {
	found := 0
	err := fs.WalkDir(os.DirFS(s.folder), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || known[name] {
			return err
		}
		r, ok := stray(name)
		if !ok {
			return nil
		}
		if err := s.rescue(&r); err != nil {
			s.log.Warn("a file in the folder of recordings is none", eventKey, event, "file", filepath.Join(s.folder, name), "error", err)
			return nil
		}
		found++
		return nil
	})
	if found > 0 {
		s.log.Warn("recordings were found of which nothing was known", eventKey, event, "recordings", found, "folder", s.folder)
	}
	return err
}

// stray is what the name of a file says of a recording.
func stray(name string) (r storage.Recording, ok bool) {
	base, isSealed := strings.CutSuffix(path.Base(name), sealed.Suffix)
	suffix := path.Ext(base)
	id := strings.TrimSuffix(base, suffix)
	stamp, _, _ := strings.Cut(id, "-")
	ms, err := strconv.ParseInt(stamp, 16, 64)
	if err != nil || !storage.IsRecordingID(id) || suffix != ".wav" && suffix != ".opus" {
		return r, false
	}
	at := time.UnixMilli(ms)
	return storage.Recording{
		ID: id, State: storage.RecordingMade, Start: at, File: name, Format: suffix[1:], Sealed: isSealed, Incomplete: "the store knew nothing of it",
	}, fileOf(id, at, strings.TrimPrefix(path.Base(name), id)) == name
}
