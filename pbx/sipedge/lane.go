package sipedge

import (
	"context"
	"sync"
	"time"
)

// lanes starts the handlers of one Call-ID one after the other. Only Call-IDs
// with a handler that still holds the lane are kept.
type lanes struct {
	mu   sync.Mutex
	open map[string]*lane
}

type lane struct {
	turn  int // counts who holds the lane
	queue []func(next func())
	timer *time.Timer // bounds how long the holder keeps others waiting
}

// enter runs start as soon as the lane of id is free; start gets the function
// that frees it again. start must not block. False means that too many wait.
func (l *lanes) enter(id string, start func(next func())) bool {
	l.mu.Lock()
	la := l.open[id]
	if la == nil {
		la = &lane{}
		l.open[id] = la
		next := l.next(id, la)
		l.mu.Unlock()
		start(next)
		return true
	}
	defer l.mu.Unlock()
	if len(la.queue) >= laneQueue {
		return false
	}
	la.queue = append(la.queue, start)
	if la.timer == nil {
		la.timer = time.AfterFunc(laneWait, l.next(id, la))
	}
	return true
}

// next gives the function that ends the present turn; it has no effect when the
// turn has ended already. The caller holds l.mu.
func (l *lanes) next(id string, la *lane) func() {
	turn := la.turn
	return func() {
		l.mu.Lock()
		if la.turn != turn {
			l.mu.Unlock()
			return
		}
		la.turn++
		if la.timer != nil {
			la.timer.Stop()
			la.timer = nil
		}
		if len(la.queue) == 0 {
			delete(l.open, id)
			l.mu.Unlock()
			return
		}
		start := la.queue[0]
		la.queue = la.queue[1:]
		next := l.next(id, la)
		if len(la.queue) > 0 {
			la.timer = time.AfterFunc(laneWait, next)
		}
		l.mu.Unlock()
		start(next)
	}
}

// turn is what one request has of the lane of its Call-ID.
type turn struct {
	lanes *lanes
	id    string

	mu   sync.Mutex
	next func() // nil before it began
}

type turnKey struct{}

// enter runs begin as soon as the lane is free; false means that too many wait.
func (t *turn) enter(begin func()) bool {
	return t.lanes.enter(t.id, func(next func()) {
		t.mu.Lock()
		t.next = next
		t.mu.Unlock()
		begin()
	})
}

// leave frees the lane, if it is held.
func (t *turn) leave() {
	t.mu.Lock()
	next := t.next
	t.mu.Unlock()
	if next != nil {
		next()
	}
}

// Next lets the next request of the same Call-ID start before the handler with
// this context has answered or returned. Call it when what order matters for is
// done, such as having entered a dialog into a table.
func Next(ctx context.Context) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.leave()
	}
}

// Again takes back what Next gave away: it waits until the handlers that have
// started since have answered, returned or said Next, as long as a lane lets anybody
// wait.
func Again(ctx context.Context) {
	t, ok := ctx.Value(turnKey{}).(*turn)
	if !ok {
		return
	}
	mine := make(chan struct{})
	if t.enter(func() { close(mine) }) {
		<-mine
	}
}
