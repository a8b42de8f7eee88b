package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long files must stay as they are before a change counts; an
// editor writes in several steps.
const settle = 100 * time.Millisecond

// tick is how far the times of files may be behind the clock.
const tick = 20 * time.Millisecond

// Watcher notices when files change: written in place, replaced by a rename, or
// reached through a symbolic link that is switched.
type Watcher struct {
	paths  func() []string
	notify *fsnotify.Watcher
	seen   snapshot
}

// Watch begins to watch the files and patterns that paths gives; it is asked
// again after every change. Run must follow, and ends it.
func Watch(paths func() []string) (*Watcher, error) {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &Watcher{paths: paths, notify: n}
	w.follow()
	w.seen = look(paths())
	return w, nil
}

// Run calls changed after every change, from its own goroutine, until ctx is
// done. It gives an error only when watching is no longer possible.
func (w *Watcher) Run(ctx context.Context, changed func()) error {
	defer func() { _ = w.notify.Close() }()
	timer := time.NewTimer(0) // the first look is for what changed before Run
	defer timer.Stop()
	armed, before := true, w.seen
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-w.notify.Events:
			if !ok {
				return errors.New("the system stopped telling of changes to files")
			}
		case _, ok := <-w.notify.Errors:
			if !ok {
				return errors.New("the system stopped telling of changes to files")
			}
		case <-timer.C:
			armed = false
			w.follow()
			now := look(w.paths())
			switch {
			case now.same(w.seen):
				before = now
				continue
			case now.same(before):
				w.seen = now
				known, began := w.paths(), time.Now()
				changed()
				w.follow()
				after := look(w.paths())
				w.seen, before = w.adopt(after, look(known), began), after
				if after.same(w.seen) {
					continue
				}
			default:
				before = now
			}
		}
		if !armed {
			timer.Reset(settle)
			armed = true
		}
	}
}

// adopt takes files that a reload newly named for seen, and leaves those that
// were known as they were seen. What came too late to be read is left out: what
// fits a pattern of known, but was not there, and what was written after the
// reload began.
func (w *Watcher) adopt(after, known snapshot, began time.Time) snapshot {
	out := snapshot{}
	for name, info := range after {
		old, seen := w.seen[name]
		_, late := known[name]
		late = late || info != nil && info.ModTime().After(began.Add(-tick))
		switch {
		case seen:
			out[name] = old
		case !late:
			out[name] = info
		}
	}
	return out
}

// follow watches the folders of all paths, and of where their links lead: events
// of a file end when it is replaced, those of its folder do not.
func (w *Watcher) follow() {
	var dirs []string
	for _, p := range w.paths() {
		for range 16 {
			dirs = appendNew(dirs, existing(filepath.Dir(p)))
			target, err := os.Readlink(p)
			if err != nil {
				break
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(p), target)
			}
			p = target
		}
		if target, err := filepath.EvalSymlinks(p); err == nil {
			dirs = appendNew(dirs, filepath.Dir(target))
		}
	}
	for _, known := range w.notify.WatchList() {
		if !slices.Contains(dirs, known) {
			_ = w.notify.Remove(known)
		}
	}
	for _, d := range dirs {
		// A folder that cannot be watched is left to SIGHUP.
		_ = w.notify.Add(d)
	}
}

// existing is dir, or the nearest folder above it that is there.
func existing(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return dir
		}
		dir = up
	}
}

// snapshot is how files were; nil is a file that was not there.
type snapshot map[string]fs.FileInfo

func look(paths []string) snapshot {
	out := snapshot{}
	for _, p := range paths {
		names := []string{p}
		if isPattern(p) {
			if found, err := glob(p); err == nil {
				names = append(found, p)
			}
		}
		for _, name := range names {
			info, err := os.Stat(name)
			if err != nil {
				info = nil
			}
			out[name] = info
		}
	}
	return out
}

func (s snapshot) same(t snapshot) bool {
	if len(s) != len(t) {
		return false
	}
	for name, a := range s {
		b, ok := t[name]
		if !ok || (a == nil) != (b == nil) {
			return false
		}
		if a != nil && (!os.SameFile(a, b) || a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime()) || a.Mode() != b.Mode()) {
			return false
		}
	}
	return true
}
