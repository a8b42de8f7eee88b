package plantest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs f, and all goroutines that it starts, with a clock of their own
// that begins at the start of the year 2000. It returns when all of them have
// ended; a panic of f, or goroutines that wait for nothing, is its error.
//
// synctest asks for the T of a test, to report to. What happens here is
// reported by f, so an empty one does.
func bubble(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the simulation failed: %v", p)
		}
	}()
	var failed any
	synctest.Test(new(testing.T), func(*testing.T) {
		// A panic that reached synctest would look for the T of a real test.
		defer func() { failed = recover() }()
		f()
	})
	if failed != nil {
		return fmt.Errorf("the simulation failed: %v", failed)
	}
	return nil
}

// pass lets d of the time in a bubble pass.
func pass(d time.Duration) { <-time.After(d) }
