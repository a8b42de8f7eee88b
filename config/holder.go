package config

import (
	"errors"
	"sync"
	"sync/atomic"
)

// ErrRestart is part of the error of a reload that would change what only a
// restart can.
var ErrRestart = errors.New("a restart is needed")

// Holder keeps the configuration in force. Its methods may be called from any
// goroutine.
type Holder struct {
	read func() (*Loaded, error)
	now  atomic.Pointer[Loaded]

	reload  sync.Mutex // one reload at a time; guards watched
	watched []string
}

// Result is what a reload found.
type Result struct {
	Reason   string   `json:"reason"` // why it was asked for: "SIGHUP", "file", ...
	Changes  []Change `json:"changes"`
	Restart  []Change `json:"restart,omitempty"` // those for which it was refused
	Warnings Errors   `json:"warnings,omitempty"`
	Files    []string `json:"files"`
}

// Open holds the configuration in the file path. The error is Errors.
func Open(path string) (*Holder, error) {
	return open(func() (*Loaded, error) { return Read(path) })
}

// OpenDefault holds the configuration of no file, see ReadDefault. Its
// extensions can be reloaded.
func OpenDefault(dataDir, accounts string) (*Holder, error) {
	return open(func() (*Loaded, error) { return ReadDefault(dataDir, accounts) })
}

// Hold keeps a configuration that comes from nowhere; a reload changes nothing.
func Hold(c *Config) *Holder {
	l := &Loaded{Config: c}
	h := &Holder{read: func() (*Loaded, error) { return l, nil }}
	h.now.Store(l)
	return h
}

func open(read func() (*Loaded, error)) (*Holder, error) {
	l, err := read()
	if err != nil {
		return nil, err
	}
	h := &Holder{read: read, watched: watchable(l)}
	h.now.Store(l)
	return h, nil
}

func watchable(l *Loaded) []string {
	return append(append([]string{}, l.Files...), l.Patterns...)
}

// Load is the configuration in force. It must not be changed.
func (h *Holder) Load() *Config { return h.now.Load().Config }

// Loaded is the configuration in force with its files, positions and warnings.
func (h *Holder) Loaded() *Loaded { return h.now.Load() }

// Watched are the files and patterns to watch: those in force and, after a
// reload that failed, those that it read.
func (h *Holder) Watched() []string {
	h.reload.Lock()
	defer h.reload.Unlock()
	return append([]string{}, h.watched...)
}

// Read reads and checks all files again and puts nothing in force. The error is
// Errors.
func (h *Holder) Read() (*Loaded, error) { return h.read() }

// Reload reads and checks all files again and puts them in force. When anything
// is wrong, or a key changed that needs a restart, nothing changes and the error
// is Errors that say why; errors.Is tells ErrRestart.
func (h *Holder) Reload(reason string) (Result, error) {
	h.reload.Lock()
	defer h.reload.Unlock()
	old := h.now.Load()
	next, err := h.read()
	h.watched = watchable(old)
	for _, f := range watchable(next) {
		h.watched = appendNew(h.watched, f)
	}
	res := Result{Reason: reason, Files: next.Files, Warnings: next.Warnings}
	if err != nil {
		return res, err
	}
	res.Changes = Diff(old.Config, next.Config)
	for _, c := range res.Changes {
		if c.Restart {
			res.Restart = append(res.Restart, c)
		}
	}
	if len(res.Restart) > 0 {
		return res, refuse(res.Restart, next)
	}
	h.watched = watchable(next)
	h.now.Store(next)
	return res, nil
}

// restartError holds Errors that are ErrRestart too.
type restartError struct{ Errors }

func (e restartError) Unwrap() []error { return append(e.Errors.Unwrap(), ErrRestart) }

func (e restartError) As(target any) bool {
	if es, ok := target.(*Errors); ok {
		*es = e.Errors
		return true
	}
	return false
}

// refuse says of every change why it cannot be made now.
func refuse(changes []Change, next *Loaded) error {
	var es Errors
	for _, c := range changes {
		at, ok := next.Position(c.Path)
		if !ok && len(next.Files) > 0 {
			at = Position{File: next.Files[0]}
		}
		es = append(es, &Error{
			File: at.File, Line: at.Line, Column: at.Column, Path: c.Path,
			Reason: "changed from " + c.Old + " to " + c.New + ", which needs a restart",
			Remedy: "restart Dialtone, or put it back; nothing was changed",
		})
	}
	return restartError{es}
}
