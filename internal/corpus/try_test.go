package corpus

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// tries is how often a call is played alone at most.
const tries = 5

// try is one time that a call is played: what it does of a testing.T.
type try struct {
	ctx context.Context

	mu       sync.Mutex
	wrong    []string
	cleanups []func()
}

// attempt plays a call. When it comes out otherwise than simulated that counts, unless the
// machine was late: then again is true, and it should be played again.
func attempt(t *testing.T, h *house, play func(*try)) (again bool) {
	t.Helper()
	begin := time.Now()
	wrong := playOnce(t.Context(), play)
	if late := h.worst(begin); late > 0 && len(wrong) > 0 {
		t.Logf("to be played again: the machine was %v late, and %q", late, wrong)
		return true
	}
	for _, w := range wrong {
		t.Error(w)
	}
	return false
}

// attempts plays a call while nothing else is played, until it is known how it comes out.
func attempts(t *testing.T, h *house, play func(*try)) {
	t.Helper()
	for range tries {
		h.rest(t.Context())
		if !attempt(t, h, play) {
			return
		}
	}
	t.Errorf("it came out otherwise %d times, and the machine was late each time", tries)
}

func playOnce(ctx context.Context, play func(*try)) []string {
	y := &try{ctx: ctx}
	done := make(chan struct{})
	go func() { // that Fatal can end
		defer close(done)
		defer y.clean()
		play(y)
	}()
	<-done
	return y.wrong
}

func (y *try) clean() {
	for _, f := range slices.Backward(y.cleanups) {
		f()
	}
}

func (*try) Helper() {}

func (y *try) Context() context.Context { return y.ctx }

func (y *try) Cleanup(f func()) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.cleanups = append(y.cleanups, f)
}

func (y *try) Errorf(format string, args ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.wrong = append(y.wrong, fmt.Sprintf(format, args...))
}

func (y *try) Fatalf(format string, args ...any) {
	y.Errorf(format, args...)
	runtime.Goexit()
}

func (y *try) Fatal(err error) { y.Fatalf("%v", err) }
