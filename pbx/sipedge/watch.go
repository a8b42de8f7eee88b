package sipedge

import (
	"sync"
	"time"
)

// Watch calls look after "in", and again after what it returns, until that is 0 or stop is
// called, which waits for a look that is under way. Between two looks it has no goroutine,
// as there are thousands of connections to look after.
func Watch(in time.Duration, look func() (again time.Duration)) (stop func()) {
	w := &watch{look: look}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(in, w.due)
	return w.stop
}

// watch owns a timer; mu guards it and says who may begin to look.
type watch struct {
	look    func() time.Duration
	looking sync.WaitGroup

	mu    sync.Mutex
	over  bool
	timer *time.Timer
}

func (w *watch) due() {
	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		return
	}
	w.looking.Add(1)
	w.mu.Unlock()
	defer w.looking.Done()
	again := w.look()
	w.mu.Lock()
	defer w.mu.Unlock()
	if again > 0 && !w.over {
		w.timer.Reset(again)
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	w.over = true
	w.timer.Stop()
	w.mu.Unlock()
	w.looking.Wait()
}
