package files

import (
	"context"
	"errors"
	"time"

	"dialtone/pbx/clamd"
)

const (
	tidyEvery = time.Hour
	lookEvery = 30 * time.Second // whether the scanner is back
)

// Run forgets files whose time is over, and has those looked at that wait for the scanner,
// until ctx ends.
func (s *Store) Run(ctx context.Context) {
	tidy, look := time.NewTicker(tidyEvery), time.NewTicker(lookEvery)
	defer tidy.Stop()
	defer look.Stop()
	s.tidy(time.Now())
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tidy.C:
			s.tidy(now)
		case <-look.C:
			s.Release(ctx)
		}
	}
}

// tidy forgets files whose time is over.
func (s *Store) tidy(now time.Time) {
	keep := s.Config().Web.Files.Keep.D()
	if keep == 0 {
		return
	}
	for _, f := range s.some(func(f File) bool { return now.Sub(f.At) > keep }) {
		s.forget(f)
	}
}

func (s *Store) some(fits func(File) bool) (list []File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.all {
		if fits(f) {
			list = append(list, f)
		}
	}
	return list
}

// Release has files looked at that wait for it. The first that cannot be ends the turn: the
// scanner is not back.
func (s *Store) Release(ctx context.Context) {
	address := s.Config().Web.Clamd
	for _, f := range s.some(func(f File) bool { return f.State == Held }) {
		virus, err := "", error(nil)
		if address != "" { // else nobody wants them looked at any more
			virus, err = s.look(ctx, s.path(f.ID, ".data"), address)
		}
		switch {
		case errors.Is(err, ErrUnknown): // its sender has just deleted it
		case errors.Is(err, clamd.ErrTooLarge): // the others do not wait for what will never be
			s.Log.Warn("a file is deleted: the scanner does not look at one so large", "from", f.From, "to", f.Readers, "size", f.Size, "event", "file-unscanned",
				"do", "raise StreamMaxLength in clamd.conf, or lower web.files.max_size")
			s.forget(f)
			s.told(f)
		case err != nil:
			s.Log.Debug("files wait for being looked at for viruses", "error", err)
			return
		default:
			s.settle(f, virus)
		}
	}
}

// settle gives a file free that was looked at, or removes it for its virus.
func (s *Store) settle(f File, virus string) {
	state := Ready
	if virus != "" {
		s.Log.Warn("a file is deleted: it has a virus", "virus", virus, "from", f.From, "to", f.Readers, "event", "file-infected")
		state = Infected
	}
	f, err := s.change(f.ID, func(f *File) { f.State = state })
	if errors.Is(err, ErrUnknown) {
		return // its sender has just deleted it
	}
	if err != nil {
		s.Log.Error("it was not kept what became of a file", "file", f.ID, "error", err)
		return
	}
	if state == Infected {
		s.remove(f.ID + ".data")
		s.remove(f.ID + ".jpg")
	}
	s.told(f)
}

func (s *Store) told(f File) {
	if s.Changed != nil {
		s.Changed(f)
	}
}
