package sipedge

import (
	"sync"

	"github.com/emiago/sipgo/sip"
)

// ending is how and whether a transaction has ended, for those who wait for it.
type ending struct {
	mu    sync.Mutex
	over  bool
	err   error
	done  chan struct{} // made when somebody asks for it
	hooks []sip.FnTxTerminate
}

// end ends it; false when that has happened before.
func (x *ending) end(err error) bool {
	x.mu.Lock()
	if x.over {
		x.mu.Unlock()
		return false
	}
	x.over, x.err = true, err
	if x.done != nil {
		close(x.done)
	}
	hooks := x.hooks
	x.hooks = nil
	x.mu.Unlock()
	for _, f := range hooks {
		f("", err)
	}
	return true
}

// Done is closed when the transaction has ended.
func (x *ending) Done() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.done == nil {
		x.done = make(chan struct{})
		if x.over {
			close(x.done)
		}
	}
	return x.done
}

// Err says why the transaction ended; nil before it has.
func (x *ending) Err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

// OnTerminate has f called when the transaction ends, without a key. False means
// that it has ended already.
func (x *ending) OnTerminate(f sip.FnTxTerminate) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.over {
		x.hooks = append(x.hooks, f)
	}
	return !x.over
}
