package recording

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/media/record"
	"dialtone/pbx/disk"
	"dialtone/storage"
)

// Store is what is needed of a storage.Store.
type Store interface {
	Recordings(f storage.RecordingFilter, yield func(storage.Recording) bool) error
	SaveRecording(storage.Recording) error
	DeleteRecordings(ids ...string) error
}

// Options are what a Service works with; all but Free are required.
type Options struct {
	Store  Store
	Config func() *config.Config
	Data   string // the data folder
	Log    *slog.Logger
	// Free is how much of the disk with a folder is free; nil asks the system.
	Free func(folder string) (uint64, error)
}

// Service makes recordings and looks after them. It is safe for concurrent use.
type Service struct {
	store  Store
	config func() *config.Config
	folder string
	log    *slog.Logger
	disk   *disk.Watch
	sync   func(folder string) error // makes the names in it durable
	clock  record.Clock
	tasks  sync.WaitGroup

	mu     sync.Mutex
	takes  map[string]*take
	closed bool
}

// The attribute of the log that makes a line an alert.
const (
	eventKey = "event"
	event    = "recording"
)

var (
	// ErrNotFound says that there is no such recording.
	ErrNotFound = errors.New("there is no such recording")
	errClosed   = errors.New("the server stops")
)

// maxLength bounds a recording, that nobody may forget for ever.
const maxLength = 24 * time.Hour

// Open opens the folder, and puts right what an end without warning has left behind.
func Open(o Options) (*Service, error) {
	s := &Service{
		store: o.Store, config: o.Config, folder: o.Config().RecordingDir(o.Data), log: o.Log, sync: syncFolder, takes: map[string]*take{},
	}
	minFree := func() uint64 { return o.Config().Recording.FreeBytes() }
	s.disk = disk.New(disk.Options{Folder: s.folder, MinFree: minFree, Stops: "nothing is recorded", Event: event, Log: o.Log, Free: o.Free})
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of recordings: %w", err)
	}
	if err := s.recover(); err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	return s, nil
}

// newID names a recording so that names sort by time.
func newID(at time.Time) string {
	return fmt.Sprintf("%011x-%s", at.UnixMilli(), strings.ToLower(rand.Text()[:8]))
}

// fileOf is the file of a recording, relative to the folder.
func fileOf(id string, at time.Time, suffix string) string {
	return filepath.ToSlash(filepath.Join(at.UTC().Format("2006/01/02"), id+suffix))
}

// path is where the file of a recording is. What would lead out of the folder is nowhere.
func (s *Service) path(r *storage.Recording) (string, error) {
	name := filepath.FromSlash(r.File)
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("recording %s: the name of its file, %q, leads out of the folder", r.ID, r.File)
	}
	return filepath.Join(s.folder, name), nil
}

// Recordings gives those that are kept or being made, newest first.
func (s *Service) Recordings(f storage.RecordingFilter, yield func(storage.Recording) bool) error {
	limit := f.Limit
	f.Limit = 0
	n := 0
	return s.store.Recordings(f, func(r storage.Recording) bool {
		if r.State == storage.RecordingDeleted {
			return true
		}
		n++
		return yield(r) && n != limit
	})
}

// find gives the recording with an id.
func (s *Service) find(id string) (found storage.Recording, err error) {
	if !storage.IsRecordingID(id) {
		return found, ErrNotFound
	}
	err = s.Recordings(storage.RecordingFilter{ID: id}, func(r storage.Recording) bool {
		found = r
		return false
	})
	if err == nil && found.ID == "" {
		err = ErrNotFound
	}
	return found, err
}

// Audio opens the file of a recording.
func (s *Service) Audio(id string) (*os.File, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	path, err := s.path(&r)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// ErrBeingMade says that a recording is still being made.
var ErrBeingMade = errors.New("it is still being made")

// Delete deletes a recording for good.
func (s *Service) Delete(id string) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	if r.State == storage.RecordingMade {
		return ErrBeingMade
	}
	return s.remove(&r)
}

// remove deletes one that is not being made.
func (s *Service) remove(r *storage.Recording) error {
	r.State = storage.RecordingDeleted
	if err := s.store.SaveRecording(*r); err != nil {
		return err
	}
	return s.forget(r)
}

// forget removes a file, then its record: a record without a file is forgotten at the
// next start, and a file without a record is not.
func (s *Service) forget(r *storage.Recording) error {
	path, err := s.path(r)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return s.store.DeleteRecordings(r.ID)
}

// watchEvery is how often is looked how much of the disk is free.
const watchEvery = 10 * time.Second

// Run watches the disk and deletes what is too old, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	s.retire(time.Now())
	ticker, hourly := time.NewTicker(watchEvery), time.NewTicker(time.Hour)
	defer ticker.Stop()
	defer hourly.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hourly.C:
			s.retire(time.Now())
		case <-ticker.C:
			if s.disk.Room() != nil {
				for _, t := range s.all() {
					t.stop(disk.ErrFull.Error())
				}
			}
		}
	}
}

func (s *Service) all() []*take {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*take, 0, len(s.takes))
	for _, t := range s.takes {
		out = append(out, t)
	}
	return out
}

// retire deletes what is too old.
func (s *Service) retire(now time.Time) {
	usual := s.config().Recording.Keep.D()
	var old []storage.Recording
	err := s.Recordings(storage.RecordingFilter{}, func(r storage.Recording) bool {
		if keep := cmp.Or(r.Keep, usual); keep > 0 && r.State == storage.RecordingKept && now.Sub(r.Start) > keep {
			old = append(old, r)
		}
		return true
	})
	gone := 0
	for i := range old {
		if e := s.remove(&old[i]); e != nil {
			err = errors.Join(err, fmt.Errorf("recording %s: %w", old[i].ID, e))
			continue
		}
		gone++
	}
	if err != nil {
		s.log.Error("old recordings were not deleted", eventKey, event, "error", err)
	}
	if gone > 0 {
		s.log.Info("old recordings deleted", "recordings", gone)
	}
}

// Close ends all recordings, and waits until they are kept.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, t := range s.all() {
		t.stop("")
	}
	s.tasks.Wait()
}
