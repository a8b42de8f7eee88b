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

// tries is how often a call is played at most. Only when the machine was late does
// a difference not count.
const tries = 4

// try is one time that a call is played: what it does of a testing.T.
type try struct {
	ctx context.Context

	mu       sync.Mutex
	wrong    []string
	cleanups []func()
}

// attempt plays until it comes out right, or it is known that the machine is not
// to blame.
func attempt(t *testing.T, h *house, play func(*try)) {
	t.Helper()
	for n := 1; ; n++ {
		begin := time.Now()
		wrong := playOnce(t.Context(), play)
		switch late := h.worst(begin); {
		case len(wrong) == 0:
			return
		case late == 0 || n == tries:
			for _, w := range wrong {
				t.Error(w)
			}
			return
		default:
			t.Logf("played again: the machine was %v late, and %q", late, wrong)
			h.rest(t.Context())
		}
	}
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
