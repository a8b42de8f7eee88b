package speech

import (
	"context"
	"sync"
)

// turns lets only so many engines work at the same time.
type turns struct {
	mu      sync.Mutex
	running int
	free    chan struct{} // closed and replaced when one is done
}

// enter waits until fewer than most are at work.
func (t *turns) enter(ctx context.Context, most int) error {
	for {
		t.mu.Lock()
		if t.running < max(1, most) {
			t.running++
			t.mu.Unlock()
			return nil
		}
		if t.free == nil {
			t.free = make(chan struct{})
		}
		free := t.free
		t.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	if t.free != nil {
		close(t.free)
		t.free = nil
	}
}
