package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"dialtone/storage"
)

// FileName is the name of the store in the data folder.
const FileName = "dialtone.db"

const (
	// lockWait bounds the wait for the file when a Dialtone that ends still holds it.
	lockWait = time.Second
	// mapSize is address space, not memory: growing past it makes a writer wait for
	// all readers, so it is more than most systems ever need.
	mapSize = 64 << 20
)

// Store implements storage.Store.
type Store struct {
	db      *bbolt.DB
	path    string
	writes  chan *write
	closing chan struct{}
	close   func() error
	done    chan struct{} // closed when the committer has ended
}

// Open opens the file, or makes it with mode 0600. Errors name the file and
// match storage.ErrInUse and storage.ErrNewerFormat.
func Open(path string) (*Store, error) {
	_, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         lockWait,
		InitialMmapSize: mapSize,
		FreelistType:    bbolt.FreelistMapType,
	})
	if err != nil {
		return nil, openError(path, err)
	}
	if err := prepare(db); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, errors.Join(err, db.Close()))
	}
	if fresh {
		if err := syncFolder(filepath.Dir(path)); err != nil {
			return nil, fmt.Errorf("store %s: %w", path, errors.Join(err, db.Close()))
		}
	}
	s := &Store{
		db:      db,
		path:    path,
		writes:  make(chan *write, maxGroup),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	s.close = sync.OnceValue(s.shut)
	go s.commitLoop()
	return s, nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("store %s is locked: %w", path, storage.ErrInUse)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return fmt.Errorf("store %s is not a Dialtone store or is damaged: %w; restore a backup or move the file away", path, err)
	}
	return fmt.Errorf("store %s: %w", path, err)
}

// Close waits for writes under way and frees the file. Later calls of all
// methods give storage.ErrClosed.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	close(s.closing)
	<-s.done
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("store %s: %w", s.path, err)
	}
	return nil
}

// view runs fn in a read transaction. fn is to be short: pages that it can see
// are not reused while it runs, so the file grows.
func (s *Store) view(fn func(*bbolt.Tx) error) error {
	return s.wrap(s.db.View(fn))
}

func (s *Store) wrap(err error) error {
	switch {
	case err == nil, errors.Is(err, storage.ErrClosed):
		return err
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return storage.ErrClosed
	}
	return fmt.Errorf("store %s: %w", s.path, err)
}

// syncFolder makes a new file's name durable, not only its contents.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
