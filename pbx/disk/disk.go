// Package disk watches how much of a disk is free, so that neither recordings nor what
// callers say fills the one that the store is on.
package disk

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// ErrFull says that less than recording.min_free of the disk is free.
var ErrFull = errors.New("the disk is nearly full: recording.min_free")

// Options are what a Watch works with; all but Free are required.
type Options struct {
	Folder string // on the disk
	// MinFree is how many bytes have to stay free now; 0 does not look.
	MinFree func() uint64
	// Stops is what ends while the disk is full, for the log: "nothing is recorded".
	Stops string
	Event string // of the alert
	Log   *slog.Logger
	// Free is how much of the disk with a folder is free; nil asks the system.
	Free func(folder string) (uint64, error)
}

// Watch looks at one disk. It is safe for concurrent use.
type Watch struct {
	o Options

	mu   sync.Mutex
	full bool // and the operator was told
}

// New makes a Watch.
func New(o Options) *Watch {
	if o.Free == nil {
		o.Free = freeBytes
	}
	return &Watch{o: o}
}

// Room is ErrFull when nothing more may be written; the operator is told of it once. Of a
// disk that says nothing, it is nil.
func (w *Watch) Room() error { return w.RoomFor(0) }

// RoomFor is Room when so many bytes are going to be written.
func (w *Watch) RoomFor(bytes uint64) error {
	least := w.o.MinFree()
	if least == 0 {
		return nil
	}
	least += bytes
	free, err := w.o.Free(w.o.Folder)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		w.o.Log.Warn("how much of the disk is free is not known", "folder", w.o.Folder, "error", err)
		return nil
	case free >= least:
		if w.full {
			w.o.Log.Info("the disk has room again", "folder", w.o.Folder, "free", megabytes(free))
		}
		w.full = false
		return nil
	case !w.full:
		w.full = true
		w.o.Log.Error("the disk is nearly full", "consequence", w.o.Stops, "event", w.o.Event, "folder", w.o.Folder, "free", megabytes(free), "min_free", megabytes(least))
	}
	return ErrFull
}

func megabytes(n uint64) string { return fmt.Sprintf("%d MB", n/1e6) }

// Free is how many bytes of the disk that holds folder are free for us.
func Free(folder string) (uint64, error) { return freeBytes(folder) }
