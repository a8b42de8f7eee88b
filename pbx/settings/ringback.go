package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/storage"
)

// Board is what the settings know of calls.
type Board interface {
	Busy(extension string) bool
	Registered(extension string) bool
	// Watch gives a token whenever somebody may have become free.
	Watch() (changed <-chan struct{}, stop func())
	// RingBack rings an extension, and when it answers calls another one for it. It
	// returns when that call has begun, or why it has not.
	RingBack(ctx context.Context, extension, to string) error
}

// Bounds of waiting for others.
const (
	maxRingBacks = 5
	ringBackFor  = 45 * time.Minute
	settle       = time.Second      // after a change, before it is looked at
	lookEvery    = 30 * time.Second // at what no token tells of
)

// RingBack implements dialplan.Settings.
func (s *Settings) RingBack(extension string, off bool) (whom string, err error) {
	if off {
		return "off", s.edit(extension, func(one *storage.Settings) error { one.RingBacks = nil; return nil })
	}
	to, err := s.Last(extension, false)
	if err != nil {
		return "", err
	}
	if _, ours := s.config().Extensions[to]; !ours || to == extension {
		return "", fmt.Errorf("%s is none of our extensions: nobody can say when it is free", to)
	}
	b := storage.RingBack{To: to, Idle: !s.board().Busy(to), Expires: time.Now().Add(ringBackFor).Truncate(time.Second).UTC()}
	if own := s.Of(to); own.DND || own.Forward.On {
		b.Idle = false // it is free when that ends
	}
	err = s.edit(extension, func(one *storage.Settings) error {
		one.RingBacks = slices.DeleteFunc(one.RingBacks, func(o storage.RingBack) bool { return o.To == to })
		if len(one.RingBacks) >= maxRingBacks {
			return fmt.Errorf("extension %s waits for %d others already", extension, maxRingBacks)
		}
		one.RingBacks = append(one.RingBacks, b)
		return nil
	})
	if err != nil {
		return "", err
	}
	s.log.Info("waits until another is free", "extension", extension, "for", to, "until", b.Expires)
	select {
	case s.news <- struct{}{}:
	default:
	}
	return to, nil
}

// Run rings back who waits, until ctx is done.
func (s *Settings) Run(ctx context.Context) error {
	changed, stop := s.board().Watch()
	defer stop()
	var calls sync.WaitGroup
	defer calls.Wait()
	regular := time.NewTicker(lookEvery)
	defer regular.Stop()
	for {
		s.ringBacks(ctx, &calls)
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-s.news:
		case <-regular.C:
		}
		calm := time.NewTimer(settle)
		select {
		case <-ctx.Done():
			calm.Stop()
			return nil
		case <-calm.C:
		}
	}
}

// ringBacks looks at all who wait.
func (s *Settings) ringBacks(ctx context.Context, calls *sync.WaitGroup) {
	ringing := map[string]bool{} // one call at a time
	for _, extension := range s.Extensions() {
		for _, b := range s.Of(extension).RingBacks {
			switch {
			case !time.Now().Before(b.Expires):
				s.done(extension, b)
				s.log.Info("waited in vain until another is free", "extension", extension, "for", b.To)
			case b.Idle && s.board().Busy(b.To):
				s.used(extension, b)
			case b.Idle, ringing[extension], ringing[b.To], !s.free(b.To), s.board().Busy(extension), !s.board().Registered(extension):
			case s.done(extension, b):
				ringing[extension], ringing[b.To] = true, true
				calls.Go(func() {
					s.log.Info("rings back", "extension", extension, "for", b.To)
					if err := s.board().RingBack(ctx, extension, b.To); err != nil && !errors.Is(err, context.Canceled) {
						s.log.Info("rang back in vain", "extension", extension, "for", b.To, "reason", strings.TrimSpace(err.Error()))
					}
				})
			}
		}
	}
}

// free reports whether an extension can be rung now.
func (s *Settings) free(extension string) bool {
	own := s.Of(extension)
	return !own.DND && !own.Forward.On && !s.board().Busy(extension) && s.board().Registered(extension)
}

// done forgets that an extension waits, and reports whether it did.
func (s *Settings) done(extension string, b storage.RingBack) (waited bool) {
	err := s.edit(extension, func(one *storage.Settings) error {
		before := len(one.RingBacks)
		one.RingBacks = slices.DeleteFunc(one.RingBacks, func(o storage.RingBack) bool { return o.To == b.To })
		waited = len(one.RingBacks) < before
		return nil
	})
	if err != nil {
		s.log.Error("a setting could not be written", "extension", extension, "error", err)
	}
	return waited && err == nil
}

// used notes that the one that is waited for has used its phone.
func (s *Settings) used(extension string, b storage.RingBack) {
	err := s.edit(extension, func(one *storage.Settings) error {
		for i := range one.RingBacks {
			if one.RingBacks[i].To == b.To {
				one.RingBacks[i].Idle = false
			}
		}
		return nil
	})
	if err != nil {
		s.log.Error("a setting could not be written", "extension", extension, "error", err)
	}
}
