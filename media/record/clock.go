package record

import (
	"slices"
	"sync"
	"time"
)

// Clock paces recordings: one goroutine for all of them, which runs while there are
// any. The zero value is ready.
type Clock struct {
	mu      sync.Mutex
	members []paced
	now     time.Time // of the last tick
	run     *run
}

// paced takes 20 ms of audio at a time, which belong to the time given.
type paced interface{ tick(now time.Time) }

type run struct{ quit, done chan struct{} }

// join lets p tick from now on, and tells what the time of the ticks is.
func (c *Clock) join(p paced) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, p)
	if c.run == nil {
		c.now = time.Now()
		c.run = &run{quit: make(chan struct{}), done: make(chan struct{})}
		go c.pace(c.run)
	}
	return c.now
}

// leave ends the ticks of p, and tells of which time the last one was.
func (c *Clock) leave(p paced) time.Time {
	c.mu.Lock()
	now, last := c.now, (*run)(nil)
	c.members = slices.DeleteFunc(c.members, func(other paced) bool { return other == p })
	if len(c.members) == 0 && c.run != nil {
		last, c.run = c.run, nil
		close(last.quit)
	}
	c.mu.Unlock()
	if last != nil {
		<-last.done
	}
	return now
}

func (c *Clock) pace(r *run) {
	defer close(r.done)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-r.quit:
			return
		case <-ticker.C:
			c.advance(r, time.Now())
		}
	}
}

// advance makes the ticks that are due. Those that were missed are made up for.
func (c *Clock) advance(r *run, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for next := c.now.Add(tick); c.run == r && !next.After(until); next = next.Add(tick) {
		c.now = next
		for _, p := range c.members {
			p.tick(next)
		}
	}
}
