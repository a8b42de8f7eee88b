package turn

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	failureWindow = 10 * time.Minute
	maxFailures   = 4096 // sources
)

// failures counts wrong credentials of sources. The zero value is ready.
type failures struct {
	mu    sync.Mutex
	count map[netip.Addr]failure
}

type failure struct {
	n     int
	since time.Time
}

// add counts one, and says how many there were in the window. Of sources that there is no
// room for, every one is too many.
func (f *failures) add(source netip.Addr, now time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	source = sourceOf(source)
	e, known := f.count[source]
	if !known && len(f.count) >= maxFailures {
		for a, old := range f.count {
			if now.Sub(old.since) >= failureWindow {
				delete(f.count, a)
			}
		}
		if len(f.count) >= maxFailures {
			return 1 << 30
		}
	}
	if now.Sub(e.since) >= failureWindow {
		e = failure{since: now}
	}
	e.n++
	if f.count == nil {
		f.count = map[netip.Addr]failure{}
	}
	f.count[source] = e
	return e.n
}

// sourceOf is the address, or for IPv6 the /64, which one subscriber has.
func sourceOf(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	p, _ := a.Prefix(64)
	return p.Addr()
}

// bucket lets rate a second through, and as many at once as belong to the time most. Without a
// rate it lets all through.
type bucket struct {
	rate int64
	most time.Duration
	paid atomic.Int64 // Unix ns at which what was taken is paid for
}

func (k *bucket) take(n int, now time.Time) bool {
	if k.rate <= 0 {
		return true
	}
	cost := int64(n) * int64(time.Second) / k.rate
	for {
		before := k.paid.Load()
		after := max(before, now.UnixNano()) + cost
		if after > now.UnixNano()+int64(k.most) {
			return false
		}
		if k.paid.CompareAndSwap(before, after) {
			return true
		}
	}
}

// idle says whether nothing is owed.
func (k *bucket) idle(now time.Time) bool { return k.paid.Load() <= now.UnixNano() }
