package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"dialtone/internal/testwav"
)

// Shared are browsers that tests share, as it takes long to start one: one for each tone. The
// pages of a test share nothing with those of others. The zero value is none.
type Shared struct {
	mu      sync.Mutex
	folder  string
	running map[float64]*Browser // by the tone
}

// Start gives a Chromium whose microphone hears hz, and which trusts everybody. The pages that
// are opened with it end with the test.
func (s *Shared) Start(tb testing.TB, hz float64) *Browser {
	tb.Helper()
	shared, err := s.get(hz)
	if err != nil {
		tb.Fatalf("starting Chromium: %v", err)
	}
	b := *shared
	b.t = tb
	tb.Cleanup(b.leave)
	return &b
}

func (s *Shared) get(hz float64) (*Browser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.running[hz]; b != nil && !b.ended() {
		return b, nil
	}
	if s.running == nil {
		folder, err := os.MkdirTemp("", "browsers")
		if err != nil {
			return nil, err
		}
		s.folder, s.running = folder, map[float64]*Browser{}
	}
	home, err := os.MkdirTemp(s.folder, "")
	if err != nil {
		return nil, err
	}
	tone := filepath.Join(home, "tone.wav")
	if err := os.WriteFile(tone, testwav.Format{Rate: 48000}.Tone(hz, 10*time.Second), 0o600); err != nil {
		return nil, err
	}
	b, err := start(home, Options{Tone: tone, TrustAll: true})
	if err != nil {
		return nil, err
	}
	s.running[hz] = b
	return b, nil
}

// Close ends them all.
func (s *Shared) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for hz, b := range s.running {
		if !b.stop() {
			errs = append(errs, fmt.Errorf("the browser of %v Hz did not leave", hz))
		}
	}
	if s.folder != "" {
		errs = append(errs, os.RemoveAll(s.folder))
	}
	return errors.Join(errs...)
}

// leave closes the pages that were opened here.
func (b *Browser) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	for _, room := range b.rooms {
		if err := b.kind.leave(ctx, b.wire, room); err != nil && !b.ended() {
			b.t.Errorf("closing pages: %v", err)
		}
	}
	b.forget(b)
}
