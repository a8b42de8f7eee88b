package siptrunk

import "sync"

// channels counts the calls on trunks by name, so that the count outlives a
// reload.
type channels struct {
	mu   sync.Mutex
	busy map[string]int
}

// Acquire takes a channel of a trunk for a call, in or out; release gives it back,
// once. ok is false when the trunk has as many calls as it may have: then there is
// nothing to give back. An emergency call is always let through.
func (t *Trunks) Acquire(name string, emergency bool) (release func(), ok bool) {
	limit := 0
	if l := t.line(name); l != nil {
		limit = l.settings().conf.Channels
	}
	c := &t.channels
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit > 0 && c.busy[name] >= limit && !emergency {
		return func() {}, false
	}
	if c.busy == nil {
		c.busy = map[string]int{}
	}
	c.busy[name]++
	return sync.OnceFunc(func() { c.release(name) }), true
}

func (c *channels) release(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[name]--; c.busy[name] <= 0 {
		delete(c.busy, name)
	}
}

func (c *channels) used(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.busy[name]
}
