package sipua

import (
	"context"
	"sync"
)

// tasks counts the goroutines of a UA, which may begin while Close already waits.
type tasks struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{} // closed when n comes to 0; nil when nobody waits
}

// spawn runs work that outlives the message or call that caused it. Close waits
// for it; its context ends when Close stops waiting. False: Close is over, nothing
// runs any more.
func (u *UA) spawn(work func(ctx context.Context)) bool {
	if !u.tasks.begin() {
		return false
	}
	go func() {
		defer u.tasks.end()
		work(u.ctx)
	}()
	return true
}

func (t *tasks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.n++
	return true
}

func (t *tasks) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait returns when nothing runs, or ctx is done.
func (t *tasks) wait(ctx context.Context) {
	t.mu.Lock()
	if t.n == 0 {
		t.mu.Unlock()
		return
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// close admits nothing more and waits for all that runs.
func (t *tasks) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.wait(context.Background())
}
