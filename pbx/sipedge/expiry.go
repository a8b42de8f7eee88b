package sipedge

import (
	"sync"
	"time"
)

// expiry keeps things that all live equally long, in the order in which they came,
// and gives each to over when its time has come. One timer serves all of them.
type expiry[T any] struct {
	life  time.Duration
	limit int // what is above this ends early, the oldest first; 0 is no limit
	over  func(T)

	mu      sync.Mutex
	began   time.Time // when the first one came
	queue   []expiring[T]
	timer   *time.Timer
	stopped bool
	running sync.WaitGroup
}

type expiring[T any] struct {
	at   time.Duration // since began: a third of the space of a Time
	what T
}

// slack is how much later than it should a timer may fire, so that things which
// end close together end at once.
func (x *expiry[T]) slack() time.Duration { return min(x.life/64, 100*time.Millisecond) }

// add enters what. After stop it has no effect.
func (x *expiry[T]) add(what T) {
	x.mu.Lock()
	if x.stopped {
		x.mu.Unlock()
		return
	}
	if x.timer == nil {
		x.began = time.Now()
	}
	x.queue = append(x.queue, expiring[T]{time.Since(x.began) + x.life, what})
	switch {
	case x.timer == nil:
		x.timer = time.AfterFunc(x.life+x.slack(), x.expire)
	case len(x.queue) == 1:
		x.timer.Reset(x.life + x.slack())
	}
	var oldest T
	early := x.limit > 0 && len(x.queue) > x.limit
	if early {
		oldest = x.pop()
	}
	x.mu.Unlock()
	if early {
		x.over(oldest)
	}
}

// pop takes the oldest; x.mu is held.
func (x *expiry[T]) pop() T {
	what := x.queue[0].what
	x.queue[0] = expiring[T]{}
	if x.queue = x.queue[1:]; len(x.queue) == 0 {
		x.queue = nil
	}
	return what
}

func (x *expiry[T]) expire() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stopped {
		return
	}
	x.running.Add(1)
	defer x.running.Done()
	for len(x.queue) > 0 && !x.stopped {
		if wait := x.queue[0].at - time.Since(x.began); wait > 0 {
			x.timer.Reset(wait + x.slack())
			return
		}
		what := x.pop()
		x.mu.Unlock()
		x.over(what)
		x.mu.Lock()
	}
}

// stop forgets all that is left and waits for over to return.
func (x *expiry[T]) stop() {
	x.mu.Lock()
	x.stopped, x.queue = true, nil
	if x.timer != nil {
		x.timer.Stop()
	}
	x.mu.Unlock()
	x.running.Wait()
}

// alarm is a call that is to come. Stopping it lets go of what it would call,
// long before its place in the queue is reached.
type alarm struct {
	mu   sync.Mutex
	ring func()
}

// stop may be called for nil, and more than once.
func (a *alarm) stop() {
	if a == nil {
		return
	}
	a.mu.Lock()
	a.ring = nil
	a.mu.Unlock()
}

func (a *alarm) fire() {
	a.mu.Lock()
	ring := a.ring
	a.ring = nil
	a.mu.Unlock()
	if ring != nil {
		ring()
	}
}

// clock holds the alarms of transactions: their durations are the few of RFC 3261
// §17, so that each has its queue.
type clock struct {
	mu      sync.Mutex
	byLife  map[time.Duration]*expiry[*alarm]
	stopped bool
}

// after has ring called once d has passed. ring may not block: others wait.
func (c *clock) after(d time.Duration, ring func()) *alarm {
	a := &alarm{ring: ring}
	c.mu.Lock()
	x := c.byLife[d]
	if x == nil {
		x = &expiry[*alarm]{life: d, over: (*alarm).fire, stopped: c.stopped}
		c.byLife[d] = x
	}
	c.mu.Unlock()
	x.add(a)
	return a
}

func (c *clock) stop() {
	c.mu.Lock()
	c.stopped = true
	var list []*expiry[*alarm]
	for _, x := range c.byLife {
		list = append(list, x)
	}
	c.mu.Unlock()
	for _, x := range list {
		x.stop()
	}
}
