package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/pbx/disk"
)

// Why a file is not taken, or not given.
var (
	ErrUnknown  = errors.New("there is no such file")
	ErrOff      = errors.New("files are not taken: web.files.max_size is 0")
	ErrTooLarge = errors.New("the file is too large")
	ErrEmpty    = errors.New("the file is empty")
	ErrQuota    = errors.New("the files of the extension take too much room")
	ErrBusy     = errors.New("too many files are coming in")
	ErrInfected = errors.New("the file has a virus")
	ErrNoScan   = errors.New("the file cannot be looked at for viruses")
	ErrHeld     = errors.New("the file waits for being looked at for viruses")
	ErrPicture  = errors.New("this is no picture that can be used")
	ErrCutOff   = errors.New("the file did not come whole")
	ErrFull     = disk.ErrFull
)

// What stands in the way of giving a file; Ready is nothing.
const (
	Ready    = ""
	Held     = "held"     // it was not looked at for viruses yet
	Infected = "infected" // and is gone
)

// File is what is known of one that was sent.
type File struct {
	ID      string    `json:"id"`
	From    string    `json:"from"`
	Readers []string  `json:"readers"` // the extensions that it is for
	Name    string    `json:"name"`    // as its sender calls it
	Type    string    `json:"type"`    // by what is in it
	Size    int64     `json:"size"`
	At      time.Time `json:"at"`
	State   string    `json:"state,omitempty"`
	Width   int       `json:"width,omitempty"` // of the small picture; 0 is none
	Height  int       `json:"height,omitempty"`
	Picture int64     `json:"picture,omitempty"` // bytes of it
}

// room is what a file takes of a quota.
func (f *File) room() int64 { return f.Size + f.Picture }

// For says whether an extension may have the file.
func (f *File) For(extension string) bool {
	return f.From == extension || slices.Contains(f.Readers, extension)
}

// Options are what a Store works with; all but Changed are needed.
type Options struct {
	Folder string
	Config func() *config.Config
	Log    *slog.Logger
	// Changed is called when what is known of a file has changed later.
	Changed func(File)
	// Free is how much of the disk is free; nil asks the system.
	Free func(folder string) (uint64, error)
}

// Store holds all files. It is safe for concurrent use.
type Store struct {
	Options
	room *disk.Watch

	mu     sync.Mutex
	all    map[string]File
	used   map[string]int64 // bytes by sender, with those that are coming in
	count  map[string]int   // files by sender, likewise
	coming map[string]int   // files that are coming in, by sender
	onWay  int64            // bytes of those
}

// Open reads what is in the folder; what a crash has left half-written is removed.
func Open(o Options) (*Store, error) {
	s := &Store{Options: o, all: map[string]File{}, used: map[string]int64{}, count: map[string]int{}, coming: map[string]int{}}
	s.room = disk.New(disk.Options{
		Folder: o.Folder, MinFree: func() uint64 { return o.Config().Recording.FreeBytes() }, Free: o.Free,
		Stops: "no files are taken in chats", Event: "files-full", Log: o.Log,
	})
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	list, err := os.ReadDir(o.Folder)
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	for _, entry := range list {
		id, is := strings.CutSuffix(entry.Name(), ".json")
		if !is {
			continue
		}
		f, err := readFile(filepath.Join(o.Folder, entry.Name()))
		if err != nil || f.ID != id {
			o.Log.Error("what is known of a file cannot be read; it is left alone", "file", entry.Name(), "error", err)
			s.all[id] = File{ID: id, At: time.Now()} // nobody's: it is not taken for an orphan
			continue
		}
		s.all[id] = f
		s.used[f.From] += f.room()
		s.count[f.From]++
	}
	for _, entry := range list {
		id, _, _ := strings.Cut(entry.Name(), ".")
		if _, known := s.all[id]; !known || strings.HasSuffix(entry.Name(), ".part") {
			s.remove(entry.Name())
		}
	}
	return s, nil
}

func readFile(name string) (f File, err error) {
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	return f, err
}

// Get is what is known of a file, for somebody who may have it.
func (s *Store) Get(id, extension string) (File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.all[id]
	if !known || !f.For(extension) {
		return File{}, ErrUnknown
	}
	return f, nil
}

// Open opens a file to be read, for somebody who may have it. Its sender has to wait for the
// scanner, too.
func (s *Store) Open(id, extension string) (File, *os.File, error) {
	f, err := s.Get(id, extension)
	switch {
	case err != nil:
		return f, nil, err
	case f.State == Held:
		return f, nil, ErrHeld
	case f.State == Infected:
		return f, nil, ErrInfected
	}
	file, err := os.Open(s.path(id, ".data"))
	if errors.Is(err, os.ErrNotExist) {
		err = ErrUnknown // its time was over just now
	}
	return f, file, err
}

// Delete forgets a file of an extension's own.
func (s *Store) Delete(id, extension string) error {
	s.mu.Lock()
	f, known := s.all[id]
	s.mu.Unlock()
	if !known || f.From != extension {
		return ErrUnknown
	}
	s.forget(f)
	return nil
}

// forget removes a file; what is known of it goes first, so that a crash leaves no more than
// an orphan.
func (s *Store) forget(f File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.all[f.ID]
	if !known {
		return
	}
	delete(s.all, f.ID)
	s.give(f.From, f.room())
	for _, ending := range []string{".json", ".data", ".jpg"} {
		s.remove(f.ID + ending)
	}
}

// give frees what was taken of a quota; mu is held.
func (s *Store) give(extension string, size int64) {
	if s.used[extension] -= size; s.used[extension] <= 0 {
		delete(s.used, extension)
	}
	if s.count[extension]--; s.count[extension] <= 0 {
		delete(s.count, extension)
	}
}

// change notes something else of a file; mu is not held.
func (s *Store) change(id string, change func(*File)) (f File, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.all[id]
	if !known {
		return f, ErrUnknown
	}
	change(&f)
	if err := s.write(f); err != nil {
		return f, err
	}
	s.all[id] = f
	return f, nil
}

// write puts what is known of a file on the disk.
func (s *Store) write(f File) error {
	b, err := json.Marshal(f)
	if err == nil {
		err = s.put(f.ID+".json", b)
	}
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return nil
}

// put writes a small file in whole or not at all.
func (s *Store) put(name string, b []byte) error {
	part := s.path(name, ".part")
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(part, s.path(name, ""))
	}
	if err != nil {
		s.remove(name + ".part")
	}
	return err
}

func (s *Store) path(id, ending string) string { return filepath.Join(s.Folder, id+ending) }

func (s *Store) remove(name string) {
	if err := os.Remove(filepath.Join(s.Folder, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.Log.Warn("a file cannot be removed", "file", name, "error", err)
	}
}
